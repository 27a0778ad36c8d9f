"""XTTS on its real library, in the venv that `engine install` makes, with small models of random weights.

Marked `torch`; see `engine_venvs`. What its models look like on disk: tests/tiny/xtts.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from engine_venvs import host_of, python_of, tiny, write_voice
from waiting import wait_for

from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk

pytestmark = pytest.mark.torch

SENTENCE = Request("The quick brown fox jumps over the lazy dog.")
Make = Callable[..., EngineHost]


@pytest.fixture(scope="module")
def model() -> Path:
    """A model as it is published."""
    return tiny("xtts", "released")


@pytest.fixture
def make(tmp_path: Path, model: Path) -> Iterator[Make]:
    """Makes the engine as users have it."""
    made: list[EngineHost] = []

    def engine(voice: str | None = None, **options: Scalar) -> EngineHost:
        host = host_of("xtts", tmp_path, {"model": str(model), **options}, voice=voice)
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def joined(chunks: list[Chunk]) -> np.ndarray:
    """Their sound."""
    return np.concatenate([chunk.samples for chunk in chunks])


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder, with what changes when it is written."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_speaks_streams_and_switches_voice_and_language(make: Make, model: Path) -> None:
    before = contents(model)
    host = make(stream=True, stream_chunk_size=5)
    heard = list(host.synthesize(SENTENCE))
    assert {chunk.rate for chunk in heard} == {24000}
    assert 0.4 < seconds(heard) < 6
    assert np.isfinite(joined(heard)).all()
    assert [voice.name for voice in host.voices()] == ["Ana Florence", "Damien Black"]
    assert host.status().voice == "Ana Florence"
    for request in (
        Request("Bom dia, tudo bem?", "Damien Black", language="pt-BR"),
        Request("Guten Tag.", speaker="Damien Black", language="de"),
        Request("Hi.", options={"temperature": 0.1, "top_k": 5, "top_p": 0.5, "repetition_penalty": 2.0}),
    ):
        assert seconds(list(host.synthesize(request))) > 0.3
    slow = seconds(list(host.synthesize(Request(SENTENCE.text, options={"speed": 0.5}))))
    assert slow > 1.7 * seconds(heard)
    assert contents(model) == before  # nothing is written there
    for wrong, fault in (
        (Request("x", "Nobody"), UnknownVoice),
        (Request("x", speaker="Nobody"), UnknownVoice),
        (Request("Добрий день", language="uk"), EngineRefused),
        (Request("x", options={"top_p": 1.5}), EngineRefused),
    ):
        with pytest.raises(fault):
            list(host.synthesize(wrong))
    assert list(host.synthesize(SENTENCE))  # none of it has harmed it


def test_a_stream_is_the_sound_of_the_whole(make: Make) -> None:
    """Token by token or at once: no sample is lost at the end."""
    options = {"top_k": 1, "temperature": 0.01}
    whole = joined(list(make(stream=False, **options).synthesize(SENTENCE)))
    streamed = joined(list(make(stream=True, stream_chunk_size=6, **options).synthesize(SENTENCE)))
    assert abs(whole.size - streamed.size) <= 1100


def test_a_long_sentence_is_cut_into_what_it_can_take(make: Make) -> None:
    host = make(stream=False)
    short = seconds(list(host.synthesize(SENTENCE)))
    long = "and so it went on, and on, and nobody knew why; " * 12
    heard = list(host.synthesize(Request(long)))
    assert seconds(heard) > 2.5 * short


def test_a_voice_is_cloned_once_and_kept_in_the_cache(make: Make, tmp_path: Path, model: Path) -> None:
    write_voice(tmp_path / "ana.wav")
    before = contents(model)
    host = make(speaker_wav="ana.wav")
    assert host.voices()[0].name == "ana"
    assert seconds(list(host.synthesize(SENTENCE))) > 0.4
    kept = contents(tmp_path / "cache" / "xtts")
    assert len(kept) == 1
    shutil.copy(tmp_path / "ana.wav", tmp_path / "same.wav")
    assert list(host.synthesize(Request("Hi.", options={"speaker_wav": "same.wav"})))
    assert contents(tmp_path / "cache" / "xtts") == kept  # by what is in it, not by its name
    write_voice(tmp_path / "ben.wav", pitch=200)
    assert list(host.synthesize(Request("Hi.", options={"speaker_wav": "ben.wav"})))
    assert list(host.synthesize(Request("Hi.", options={"gpt_cond_len": 2})))
    assert len(contents(tmp_path / "cache" / "xtts")) == 3
    assert list(host.synthesize(Request("Hi.", "Damien Black")))
    assert contents(model) == before
    host.close()
    again = make(speaker_wav="ana.wav", voice="Damien Black")
    assert again.voices()[0].name == "Damien Black"
    assert list(again.synthesize(Request("Hi.", "ana")))
    assert len(contents(tmp_path / "cache" / "xtts")) == 3


def test_a_recording_without_a_voice_is_an_error(make: Make, tmp_path: Path) -> None:
    (tmp_path / "junk.wav").write_bytes(b"RIFF what is this")
    write_voice(tmp_path / "short.wav", seconds=0.3)
    silent = write_voice(tmp_path / "silent.wav", seconds=2)
    silent.write_bytes(silent.read_bytes()[:44] + bytes(silent.stat().st_size - 44))
    host = make()
    for name, why in (
        ("missing", "there is no recording"),
        ("junk", "is no recording"),
        ("short", "is shorter than"),
        ("silent", "nothing can be heard"),
    ):
        with pytest.raises(EngineError, match=why):
            list(host.synthesize(Request("Hi.", options={"speaker_wav": f"{name}.wav"})))
    assert list(host.synthesize(SENTENCE))


def test_what_cannot_be_spoken_never_reaches_it(make: Make) -> None:
    host = make()
    with pytest.raises(EngineRefused):
        list(host.synthesize(Request("…")))
    with pytest.raises(EngineRefused):
        list(host.synthesize(Request("😀😀")))


def test_it_stops_soon_when_cancelled_and_goes_on_in_the_same_process(make: Make) -> None:
    host = make(stream=False)
    host.load()
    pid = host.status().pid
    faults: list[EngineError] = []

    def speak() -> None:
        try:
            list(host.synthesize(Request("and so it went on, and on, and nobody knew why; " * 60)))
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: host.status().state == "busy", "it to speak")
    host.cancel()
    thread.join(10)
    assert [type(fault) for fault in faults] == [EngineCancelled]
    assert list(host.synthesize(SENTENCE))
    assert host.status().pid == pid


def test_unloading_ends_its_process_and_the_next_sentence_starts_another(make: Make) -> None:
    host = make()
    list(host.synthesize(SENTENCE))
    pid = host.status().pid
    assert pid is not None
    assert memory(pid) > 200e6
    assert host.unload()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its process to end, with its memory")
    assert list(host.synthesize(SENTENCE))
    assert host.status().pid not in (None, pid)


def memory(pid: int) -> int:
    """Bytes that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def test_a_checkpoint_of_a_training_speaks(make: Make, tmp_path: Path) -> None:
    folder = tiny("xtts", "training")
    before = contents(folder)
    write_voice(tmp_path / "ana.wav")
    host = make(model=str(folder), checkpoint="best_model.pth", speaker_wav="ana.wav")
    assert seconds(list(host.synthesize(SENTENCE))) > 0.4
    assert contents(folder) == before
    with pytest.raises(EngineMissing, match=r"model\.pth is missing"):
        make(model=str(folder), speaker_wav="ana.wav").load()
    with pytest.raises(EngineMissing, match="no voice"):
        make(model=str(folder), checkpoint="best_model.pth").load()


def test_a_model_with_objects_of_the_library_in_it_is_read_and_not_rewritten(make: Make) -> None:
    folder = tiny("xtts", "legacy")
    before = contents(folder)
    host = make(model=str(folder))
    assert seconds(list(host.synthesize(SENTENCE))) > 0.4
    assert contents(folder) == before


EVIL = """
import os, sys, torch
class Bomb:
    def __reduce__(self):
        return os.system, ("touch " + sys.argv[2],)
torch.save({"model": {"weight": torch.zeros(2)}, "config": Bomb()}, sys.argv[1])
"""


def test_a_model_that_would_run_code_does_not(make: Make, model: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it_ran"
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("config.json", "vocab.json", "speakers_xtts.pth"):
        shutil.copy(model / name, evil / name)
    python = str(python_of("xtts"))
    subprocess.run([python, "-c", EVIL, str(evil / "model.pth"), str(mark)], check=True)
    with pytest.raises(EngineRefused, match=r"more than weights .*system"):
        make(model=str(evil)).load()
    shutil.copy(evil / "model.pth", evil / "speakers_xtts.pth")
    shutil.copy(model / "model.pth", evil / "model.pth")
    with pytest.raises(EngineRefused, match="more than weights"):
        make(model=str(evil)).load()
    assert not mark.exists()
    # The same file, read as a program, does run: the test would notice.
    code = "import sys, torch; torch.load(sys.argv[1], weights_only=False)"
    subprocess.run([python, "-c", code, str(evil / "speakers_xtts.pth")], check=True)
    assert mark.exists()


@pytest.mark.parametrize("fault", ["no folder", "no vocabulary", "cut off", "outside"])
def test_a_model_that_is_not_whole_is_named(make: Make, model: Path, tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "model"
    options: dict[str, Scalar] = {"model": str(folder)}
    if fault != "no folder":
        shutil.copytree(model, folder)
    if fault == "no vocabulary":
        (folder / "vocab.json").unlink()
    elif fault == "cut off":
        os.truncate(folder / "model.pth", 1_000_000)
    elif fault == "outside":
        shutil.copy(model / "model.pth", tmp_path / "other.pth")
        options["checkpoint"] = "../other.pth"
    expected = EngineMissing if fault.startswith("no ") else EngineRefused
    with pytest.raises(expected, match=r"model"):
        make(**options).load()
