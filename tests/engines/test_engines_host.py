"""An engine in a real process: whatever happens to it, the host says what, and the next sentence speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from engine_parts import BAD_ADAPTERS, entry, host, host_at, seconds
from fakes import FakeClock
from waiting import wait_for

from ttsd import __version__
from ttsd.engines import installed, protocol, wire
from ttsd.engines.connect import Place
from ttsd.engines.cores import spare_cores
from ttsd.engines.engine import Request
from ttsd.engines.recipe import Recipe, Step
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineExhausted,
    EngineMissing,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.model import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENTENCE = Request("Four score")
RECIPE = Recipe(steps=(Step(packages=("nothing==1",)),), megabytes=1)


def collected(chunks: Iterator[Chunk], heard: list[Chunk]) -> None:
    """Append chunk by chunk, so that what came before an error is kept."""
    for chunk in chunks:
        heard.append(chunk)


def kill(pid: int) -> None:
    """End a process as the kernel does when memory runs out."""
    subprocess.run(["kill", "-KILL", str(pid)], check=True)


def expecting(fault: type[EngineError], act: Callable[[], object]) -> None:
    """For a thread: *act* must raise *fault*, else the thread's own exception fails the test."""
    with pytest.raises(fault):
        act()


def test_a_sentence_is_spoken_and_nothing_remains_after_close(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    assert engine.status().state == "installed"
    heard = list(engine.synthesize(SENTENCE))
    assert seconds(heard) == pytest.approx(1.0)
    assert heard[0].rate == 16000
    status = engine.status()
    assert (status.state, status.voice) == ("ready", "first")
    assert status.pid is not None
    assert status.load_seconds is not None
    assert status.first_audio_seconds is not None
    assert status.real_time_factor is not None
    assert [voice.name for voice in engine.voices()] == ["first", "second"]
    pid = status.pid
    engine.close()
    engine.close()
    assert engine.status().state == "closed"
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(EngineCancelled):
        list(engine.synthesize(SENTENCE))


def test_an_engine_that_was_just_loaded_was_not_idle_since_its_last_sentence(tmp_path: Path) -> None:
    clock = FakeClock()
    engine = host("Good", tmp_path, clock=clock)
    engine.load()
    clock.advance(3600)
    assert engine.unload(600)
    engine.load()  # somebody switches to it, or has its voices listed
    assert engine.status().idle_seconds == 0
    assert not engine.unload(600)
    engine.close()


def test_unloading_ends_the_process_and_the_next_sentence_starts_another(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    engine.load()
    first = engine.status().pid
    engine.unload()
    assert engine.status().state == "installed"
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    assert engine.status().pid not in (None, first)
    engine.close()


def test_what_is_let_go_while_it_loads_has_not_failed(tmp_path: Path) -> None:
    engine = host("SlowToLoad", tmp_path)
    loading = threading.Thread(target=expecting, args=(EngineCancelled, engine.load))
    loading.start()
    wait_for(lambda: engine.status().state == "loading", "it to load")
    assert engine.unload()
    loading.join(10)
    assert (engine.status().state, engine.status().last_error) == ("installed", None)
    engine.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_worker_leads_a_group_of_its_own(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    engine.load()
    pid = engine.status().pid
    assert pid is not None
    process_group = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[2])
    assert process_group == pid
    engine.close()


def test_what_libraries_print_does_not_reach_the_protocol(tmp_path: Path) -> None:
    engine = host("Chatty", tmp_path)
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    engine.close()


def test_killed_in_the_middle_is_a_crash_that_names_the_signal(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("word " * 1400))
    next(chunks)
    pid = engine.status().pid
    assert pid is not None
    kill(pid)
    with pytest.raises(EngineCrashed, match="SIGKILL"):
        list(chunks)
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    engine.close()


def test_a_crash_is_told_with_the_last_words_but_not_the_spoken_ones(tmp_path: Path) -> None:
    engine = host("Dying", tmp_path)
    heard: list[Chunk] = []
    with pytest.raises(EngineCrashed) as caught:
        collected(engine.synthesize(Request("my secret diary entry")), heard)
    assert seconds(heard) == pytest.approx(1.0)
    assert "out of cheese" in str(caught.value)
    assert "status 3" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert engine.status().state == "failed"
    assert "out of cheese" in (engine.status().last_error or "")
    engine.close()


def test_killed_while_idle_is_noticed_and_mended_with_the_next_sentence(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    engine.load()
    pid = engine.status().pid
    assert pid is not None
    kill(pid)
    wait_for(lambda: engine.status().pid is None, "the process to be reaped")
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    engine.close()


@pytest.mark.parametrize(
    ("adapter", "fault", "words"),
    [
        ("NotNumbers", EngineSilent, "not numbers"),
        ("Absurd", EngineSilent, "absurd"),
        ("Silent", EngineSilent, "silence"),
        ("Nothing", EngineSilent, "no sound"),
        ("Endless", EngineRefused, "did not stop"),
        ("Refusing", EngineRefused, "KeyError"),
    ],
)
def test_a_faulty_sentence_is_told_as_what_it_is_and_the_process_lives(
    tmp_path: Path, adapter: str, fault: type[EngineError], words: str
) -> None:
    engine = host(adapter, tmp_path)
    engine.load()
    pid = engine.status().pid
    heard: list[Chunk] = []
    with pytest.raises(fault, match=words):
        collected(engine.synthesize(SENTENCE), heard)
    assert all(np.isfinite(chunk.samples).all() for chunk in heard)
    if adapter in ("Silent", "Nothing"):
        assert heard == []
    assert engine.status().pid == pid
    engine.close()


def test_an_engines_own_refusal_keeps_its_remedy_and_without_memory_its_process_ends(tmp_path: Path) -> None:
    engine = host("Refusing", tmp_path)
    with pytest.raises(EngineRefused, match="make it shorter"):
        list(engine.synthesize(Request("one of ours")))
    pid = engine.status().pid
    with pytest.raises(EngineExhausted, match=r"ran out of memory \(MemoryError"):
        list(engine.synthesize(Request("no memory left")))
    wait_for(lambda: engine.status().pid != pid, "the process to be ended, and its memory given back")
    engine.close()


def test_sound_that_clips_is_passed_on(tmp_path: Path) -> None:
    engine = host("Loud", tmp_path)
    peak = max(float(np.abs(chunk.samples).max()) for chunk in engine.synthesize(SENTENCE))
    assert peak == pytest.approx(2.0, abs=0.01)
    engine.close()


def test_one_that_hangs_is_given_up_after_its_idle_time_and_replaced(tmp_path: Path) -> None:
    engine = host("Hanging", tmp_path, idle=0.3)
    heard: list[Chunk] = []
    with pytest.raises(EngineTimeout, match="went silent"):
        collected(engine.synthesize(SENTENCE), heard)
    assert seconds(heard) == pytest.approx(0.5)
    assert engine.status().pid is None
    engine.close()


def test_one_that_does_not_begin_is_given_up_after_its_first_time(tmp_path: Path) -> None:
    engine = host("Mute", tmp_path, first=0.3)
    engine.load()
    with pytest.raises(EngineTimeout, match="gave no sound in time"):
        list(engine.synthesize(SENTENCE))
    engine.close()


def test_slow_loading_has_a_time_of_its_own_and_says_what_it_does(tmp_path: Path) -> None:
    engine = host("SlowToLoad", tmp_path, load=1.0)
    thread = threading.Thread(target=expecting, args=(EngineTimeout, engine.load))
    thread.start()
    wait_for(lambda: engine.status().detail == "step one of many", "the progress to be told")
    assert engine.status().state == "loading"
    thread.join()
    assert engine.status().state == "failed"
    engine.close()


def test_skipping_a_sentence_does_not_break_off_the_loading(tmp_path: Path) -> None:
    engine = host("SlowToLoad", tmp_path, load=20)
    chunks = engine.synthesize(SENTENCE)
    thread = threading.Thread(target=expecting, args=(EngineCancelled, chunks.__next__))
    thread.start()
    wait_for(lambda: engine.status().detail == "step one of many", "it to load")
    pid = engine.status().pid
    engine.cancel()
    thread.join()
    assert (engine.status().state, engine.status().pid) == ("loading", pid)
    engine.close()


def test_a_model_that_is_missing_is_told_with_its_remedy(tmp_path: Path) -> None:
    engine = host("NoModel", tmp_path)
    with pytest.raises(EngineMissing, match="fetch it"):
        engine.load()
    engine.close()


def test_an_engine_that_is_not_installed_starts_no_process(tmp_path: Path) -> None:
    known = entry(adapter="nowhere:Nothing", modules=("no_such_module",), recipe=RECIPE)
    place = Place(tmp_path, tmp_path, tmp_path)
    engine = host_at(place, known)
    status = engine.status()
    assert status.state == "missing"
    assert "no_such_module" in (status.detail or "")
    assert "ttsd engine install xtts" in (status.detail or "")
    with pytest.raises(EngineMissing, match="ttsd engine install xtts"):
        list(engine.synthesize(SENTENCE))
    engine.close()


def test_an_adapter_that_cannot_be_imported_is_a_crash_that_says_so(tmp_path: Path) -> None:
    engine = host("NoSuchClass", tmp_path)
    with pytest.raises(EngineCrashed, match="NoSuchClass"):
        engine.load()
    engine.close()


def test_garbage_on_the_protocol_ends_the_process(tmp_path: Path) -> None:
    engine = host("Garbling", tmp_path)
    with pytest.raises(EngineCrashed, match="no protocol"):
        list(engine.synthesize(SENTENCE))
    engine.close()


def test_a_worker_of_another_version_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    boot = tmp_path / "python"
    boot.write_text(
        "#!/bin/sh\n"
        """printf '{"type": "ttsd-hello", "data": {"protocol": 99, "version": "9.9"}}\\n'\n"""
        "cat > /dev/null\n"
    )
    boot.chmod(0o755)
    place = Place(tmp_path, tmp_path, tmp_path, python=boot, adapter="any:thing")
    engine = host_at(place)
    with pytest.raises(EngineRefused, match=rf"this is ttsd {__version__}, .*start the daemon again"):
        engine.load()
    engine.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the venv's Python")
def test_a_venv_that_an_older_ttsd_made_goes_on_and_says_what_to_run(tmp_path: Path) -> None:
    known = entry(recipe=RECIPE)
    made = installed.Installed(
        "xtts", "venv-1", "cpu", ("old==1",), "3.11.2", "0.0.1", protocol.PROTOCOL, 0.0
    )
    python = installed.interpreter(installed.folder(tmp_path, "xtts") / "venv-1")
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    installed.write(tmp_path, made)
    engine = host_at(Place(tmp_path, tmp_path, tmp_path, adapter=f"{BAD_ADAPTERS}:Good"), known)
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    assert engine.status().state == "ready"
    assert "by ttsd 0.0.1" in str(engine.status().detail)
    assert str(engine.status().detail).endswith("; ttsd engine upgrade xtts")
    engine.close()


def niceness(pid: int) -> int:
    """How far a process stands back."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[16])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_worker_stands_back_and_leaves_a_processor_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    engine = host("Good", tmp_path, nice=7)
    engine.load()
    pid = engine.status().pid
    assert pid is not None
    assert niceness(pid) == niceness(os.getpid()) + 7
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    threads = next(int(one.split(b"=")[1]) for one in variables if one.startswith(b"OMP_NUM_THREADS="))
    assert threads == spare_cores()
    assert 1 <= threads <= max(1, (os.cpu_count() or 2) - 1)
    engine.close()


def test_an_interpreter_that_is_not_there_is_an_engine_error(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path, tmp_path, python=tmp_path / "gone" / "python", adapter="any:thing")
    engine = host_at(place)
    with pytest.raises(EngineCrashed, match="cannot be started"):
        engine.load()
    engine.close()


def test_cancelling_stops_the_sentence_and_keeps_the_process(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("word " * 1400))
    next(chunks)
    pid = engine.status().pid
    engine.cancel()
    with pytest.raises(EngineCancelled):
        list(chunks)
    # What was still on its way belongs to the old sentence; the new one is not touched by it.
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    assert engine.status().pid == pid
    engine.close()


def test_closing_the_iterator_cancels_too(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("word " * 1400))
    next(chunks)
    pid = engine.status().pid
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    assert engine.status().pid == pid
    engine.close()


def test_cancelling_from_another_thread_wakes_who_waits(tmp_path: Path) -> None:
    engine = host("Mute", tmp_path, first=60)
    engine.load()
    faults: list[BaseException] = []

    def speak() -> None:
        try:
            list(engine.synthesize(SENTENCE))
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: engine.status().state == "busy", "it to be asked")
    engine.cancel()
    thread.join(10)
    assert [type(fault) for fault in faults] == [EngineCancelled]
    engine.close()


def test_a_cancel_when_nothing_is_spoken_does_not_reach_the_next_sentence(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    engine.cancel()
    engine.load()
    engine.cancel()
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(1.0)
    engine.close()


def test_after_a_cancelled_sentence_it_can_be_loaded_anew(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("word " * 1400))
    next(chunks)
    engine.cancel()
    with pytest.raises(EngineCancelled):
        list(chunks)
    assert engine.unload()
    engine.load()
    assert engine.status().state == "ready"
    engine.close()


def test_a_closed_host_wakes_who_is_speaking(tmp_path: Path) -> None:
    engine = host("Mute", tmp_path, first=60)
    engine.load()
    thread = threading.Thread(target=expecting, args=(EngineCancelled, engine.synthesize(SENTENCE).__next__))
    thread.start()
    wait_for(lambda: engine.status().state == "busy", "it to be asked")
    engine.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_text_without_anything_speakable_never_reaches_the_engine(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    for text in ("", "  ", "...", "?!", "—"):
        with pytest.raises(EngineRefused, match="nothing to speak"):
            list(engine.synthesize(Request(text)))
    with pytest.raises(EngineRefused, match="longer than"):
        list(engine.synthesize(Request("a" * 8001)))
    assert engine.status().pid is None
    engine.close()


def test_voices_speakers_and_options_are_checked_before_they_are_used(tmp_path: Path) -> None:
    engine = host("WithOptions", tmp_path, options={"top_k": 2})
    assert seconds(list(engine.synthesize(SENTENCE))) == pytest.approx(0.2)
    assert seconds(list(engine.synthesize(Request("x", options={"top_k": 3})))) == pytest.approx(0.3)
    assert seconds(list(engine.synthesize(Request("x", voice="second", speaker="bert")))) == pytest.approx(
        6.0
    )
    with pytest.raises(UnknownVoice, match="it has first, second"):
        list(engine.synthesize(Request("x", voice="third")))
    with pytest.raises(UnknownVoice, match="anna, bert"):
        list(engine.synthesize(Request("x", voice="second", speaker="carl")))
    with pytest.raises(EngineRefused, match="top_k must be a whole number from 1 to 1000"):
        list(engine.synthesize(Request("x", options={"top_k": 0})))
    engine.close()


def test_a_second_sentence_at_the_same_time_is_refused_not_mixed(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("word " * 200))
    next(chunks)
    with pytest.raises(EngineRefused, match="another sentence"):
        next(engine.synthesize(SENTENCE))
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    engine.close()


def test_a_long_sentence_that_nobody_takes_is_held_in_bounds(tmp_path: Path) -> None:
    engine = host("Good", tmp_path)
    chunks = engine.synthesize(Request("a" * 8000))
    next(chunks)
    assert len(list(chunks)) == 7999
    engine.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal")
@pytest.mark.parametrize("adapter", ["Good", "Uncancellable", "SlowToLoad"])
def test_a_daemon_that_is_killed_leaves_no_worker_behind(tmp_path: Path, adapter: str) -> None:
    script = f"""
import sys, time
from pathlib import Path
from dataclasses import replace
sys.path.insert(0, {str(BAD_ADAPTERS.parent.parent)!r})
from engine_parts import host
import threading
from ttsd.engines.engine import Request
from ttsd.engines.recipe import Recipe, Step
engine = host({adapter!r}, Path({str(tmp_path)!r}))
def speak():
    for chunk in engine.synthesize(Request("word " * 1400)):
        print(engine.status().pid, flush=True)
threading.Thread(target=speak).start()
while engine.status().pid is None:
    time.sleep(0.01)
print(engine.status().pid, flush=True)
time.sleep(3600)
"""
    daemon = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with daemon:
        assert daemon.stdout is not None
        worker = int(daemon.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        daemon.kill()
    wait_for(lambda: not _lives(worker), "the worker to end with its daemon")


def _lives(pid: int) -> bool:
    """It runs: what nobody reaped yet is dead all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_ends_at_the_end_of_its_stdin_even_while_it_computes(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).parents[2] / "ttsd" / "engines" / "boot.py"), "xtts"]
    command += [
        "--adapter",
        f"{BAD_ADAPTERS}:Uncancellable",
        "--data",
        str(tmp_path),
        "--cache",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps({"type": "synthesize", "data": {"text": "hello"}}).encode() + b"\n")
        worker.stdin.flush()
        assert b"audio-start" in worker.stdout.readline()
        worker.stdin.close()
        assert worker.wait(10) == 0


def test_the_boot_file_brings_the_package_ttsd_and_nothing_beside_it(tmp_path: Path) -> None:
    """No site packages here: what can be imported is the standard library and the one package."""
    (tmp_path / "probe.py").write_text(
        "import sys\n"
        "from ttsd.model import Voice\n"
        "class Probe:\n"
        "    def open(self, setup, progress):\n"
        "        for name in ('structlog', 'platformdirs', 'numpy', 'wire', 'chain'):\n"
        "            try:\n"
        "                __import__(name)\n"
        "            except ImportError:\n"
        "                continue\n"
        "            raise RuntimeError('found ' + name)\n"
        "    def voices(self):\n"
        "        return [Voice(name) for name in sys.modules if name.startswith('ttsd.')]\n"
    )
    boot = Path(__file__).parents[2] / "ttsd" / "engines" / "boot.py"
    command = [sys.executable, "-S", "-E", str(boot), "xtts", "--adapter", f"{tmp_path / 'probe.py'}:Probe"]
    command += ["--data", str(tmp_path), "--cache", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b'{"type": "describe"}\n')
        worker.stdin.flush()
        info = wire.read(worker.stdout)
        worker.stdin.close()
    assert info is not None
    loaded = {voice.name for voice in protocol.read_info(info).voices}
    assert "ttsd.engines.serving" in loaded
    assert not loaded & {"ttsd.engines.host", "ttsd.engines.chain", "ttsd.config", "ttsd.settings"}
