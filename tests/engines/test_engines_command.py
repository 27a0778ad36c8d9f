"""The engine `command` with real programs in a real worker: they speak, fail, hang and are ended."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from waiting import wait_for

from ttsd.engines import catalog
from ttsd.engines.adapters.command import split
from ttsd.engines.connect import Place, Process
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.errors import (
    EngineCancelled,
    EngineError,
    EngineMissing,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.model import EngineName
from ttsd.settings import Duration, EngineSettings

SENTENCE = Request("Seven quiet foxes read the evening paper.")
WAVE = """
import sys, wave, array
def speak(seconds, rate=8000):
    with wave.open(sys.stdout.buffer, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(array.array("h", [9000, -9000] * int(seconds * rate / 2)).tobytes())
"""
RAW = """
import sys, array
def sound(frames):
    sys.stdout.buffer.write(array.array("h", [9000, -9000] * (frames // 2)).tobytes())
    sys.stdout.buffer.flush()
"""

Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine whose program is a Python text."""
    made: list[EngineHost] = []

    def engine(
        program: str,
        arguments: str = "",
        *,
        first: float = 10.0,
        voice: str | None = None,
        command: str | None = None,
        **options: str | float,
    ) -> EngineHost:
        (tmp_path / "program.py").write_text(program)
        line = command or f"{shlex.quote(sys.executable)} program.py {arguments}"
        entry = catalog.find("command")
        assert entry is not None
        settings = EngineSettings(
            voice=voice, first_chunk_timeout=Duration(first), options={"command": line, **options}
        )
        place = Place(tmp_path, tmp_path / "data", tmp_path / "cache")
        host = EngineHost(EngineName("command"), entry, settings, Process("command", entry, settings, place))
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def over(file: Path) -> bool:
    """Whether the process whose number a program wrote there has ended (Linux)."""
    try:
        stat = Path(f"/proc/{file.read_text()}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"  # whoever inherited it has not looked yet


def test_it_gets_the_text_by_stdin_and_writes_a_wav(make: Make, tmp_path: Path) -> None:
    host = make(WAVE + "text = sys.stdin.read(); open('got', 'w').write(text); speak(len(text) / 10)")
    heard = list(host.synthesize(SENTENCE))
    assert seconds(heard) == pytest.approx(len(SENTENCE.text) / 10, abs=0.01)
    assert {chunk.rate for chunk in heard} == {8000}
    assert (tmp_path / "got").read_text() == SENTENCE.text


def test_it_gets_text_voice_and_language_as_arguments_that_no_shell_reads(make: Make, tmp_path: Path) -> None:
    program = WAVE + "open('got', 'w').write('\\n'.join(sys.argv[1:])); sys.stdin.read(); speak(0.2)"
    host = make(program, "--voice={voice} {language} '{json} x' {text}", voices="ana, ben")
    text = '$(touch oops); it\'s "{voice}" & `more`'
    list(host.synthesize(Request(text, voice="ben", language="pt-BR")))
    assert (tmp_path / "got").read_text().split("\n") == ["--voice=ben", "pt-BR", "{json} x", text]
    list(host.synthesize(Request("--output=/etc/passwd")))
    assert (tmp_path / "got").read_text().split("\n")[3] == " --output=/etc/passwd"
    assert [voice.name for voice in host.voices()] == ["ana", "ben"]
    with pytest.raises(UnknownVoice, match="it has ana, ben"):
        list(host.synthesize(Request("hello", voice="cleo")))


def test_raw_sound_is_heard_while_the_program_still_writes(make: Make, tmp_path: Path) -> None:
    go = tmp_path / "go"
    program = RAW + (
        "import os, time\nsys.stdin.read()\nsys.stdout.buffer.write(b'\\x28')\nsys.stdout.buffer.flush()\n"
        "sys.stdout.buffer.write(b'\\x23' * 3999)\nsys.stdout.buffer.flush()\n"
        "while not os.path.exists('go'): time.sleep(0.005)\nsound(4000)"
    )
    host = make(program, format="raw", rate=16000, channels=2)
    chunks = host.synthesize(SENTENCE)
    first = next(chunks)
    go.touch()
    heard = [first, *chunks]
    assert first.rate == 16000
    assert sum(chunk.samples.size for chunk in heard) == 1000 + 2000
    assert float(np.abs(first.samples).max()) == pytest.approx(0x2328 / 32768, abs=0.01)


@pytest.mark.parametrize(
    ("program", "fault", "words"),
    [
        ("import sys; sys.exit('first\\nno voice file')", EngineRefused, "status 1; it said: no voice file"),
        (WAVE + "speak(0.2); sys.exit('out of breath')", EngineRefused, "status 1.*said: out of breath"),
        ("print('hello, this is no sound')", EngineRefused, "what is no WAV"),
        ("pass", EngineSilent, "wrote nothing"),
        ("import os; os.kill(os.getpid(), 9)", EngineRefused, "ended by signal 9"),
        (
            "import sys; sys.exit('cannot say: ' + sys.stdin.read())",
            EngineError,
            "said: .a line that repeats",
        ),
    ],
)
def test_a_program_that_fails_says_why_and_never_repeats_the_text(
    make: Make, program: str, fault: type[EngineError], words: str
) -> None:
    host = make(program)
    with pytest.raises(fault, match=words) as caught:
        list(host.synthesize(SENTENCE))
    assert SENTENCE.text not in str(caught.value)
    assert host.status().state == "ready"  # the worker is as good as before


def test_a_program_that_is_not_there_is_missing(make: Make) -> None:
    with pytest.raises(EngineMissing, match="no program no-such-program"):
        make("", command="no-such-program --loud").load()
    with pytest.raises(EngineMissing, match="has no program to run"):
        make("", command=" ").load()
    with pytest.raises(EngineRefused, match="No closing quotation"):
        make("", command="say 'x").load()


HANGS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child.new", "w").write(str(child.pid)); os.replace("child.new", "child")
open("pid.new", "w").write(str(os.getpid())); os.replace("pid.new", "pid")
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("how", ["cancel", "close", "late", "worker killed"])
def test_the_program_and_what_it_started_end_with_the_sentence(make: Make, tmp_path: Path, how: str) -> None:
    host = make(HANGS, first=1.0 if how == "late" else 20.0)
    faults: list[EngineError] = []

    def speak() -> None:
        try:
            list(host.synthesize(SENTENCE))
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for((tmp_path / "pid").exists, "the program")
    worker = host.status().pid
    if how == "cancel":
        host.cancel()
    elif how == "close":
        host.close()
    elif how == "worker killed":
        assert worker is not None
        os.kill(worker, 9)  # SIGKILL, which Windows has no name for
    thread.join(10)
    for name in ("pid", "child"):
        ended = partial(over, tmp_path / name)
        wait_for(ended, f"the end of {name}")
    if how in ("cancel", "close"):
        assert isinstance(faults[0], EngineCancelled)
    elif how == "late":
        assert isinstance(faults[0], EngineTimeout)
    if how == "cancel":
        assert host.status().pid == worker  # nothing had to be replaced


def test_a_command_is_split_as_a_shell_would_and_keeps_windows_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    assert split("say '{text} x' a\\ b # c") == ["say", "{text} x", "a b", "#", "c"]
    monkeypatch.setattr(sys, "platform", "win32")
    assert split(r'"C:\Program Files\say.exe" -v') == [r"C:\Program Files\say.exe", "-v"]
