"""A voice through a program: heard as it comes out, and never lost, whatever the program does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from fakes import FakeClock
from structlog.testing import capture_logs
from waiting import wait_for

from ttsd.engines.chain import Heard
from ttsd.engines.conversions import Conversion
from ttsd.errors import EngineCancelled
from ttsd.model import Chunk, EngineName, WordTime
from ttsd.settings import Duration
from ttsd.settings.voices import ConvertSettings
from ttsd.speech.convert import Converters

if TYPE_CHECKING:
    from ttsd.model import Samples

RATE = 8000
ENGINE = EngineName("fake")

HALVE = """
import array, sys
data = sys.stdin.buffer
sys.stdout.buffer.write(data.read(44))
while piece := data.read(400):
    samples = array.array("h", piece)
    sys.stdout.buffer.write(array.array("h", [s // 2 for s in samples]).tobytes())
    sys.stdout.buffer.flush()
"""


def by(
    *command: str, timeout: float | None = None, kind: Literal["wav", "raw"] = "wav", rate: int | None = None
) -> Conversion:
    """By a program."""
    patience = None if timeout is None else Duration(timeout)
    settings = ConvertSettings(command=command, timeout=patience, format=kind, rate=rate)
    return Conversion(settings, command[0])


def python(program: str, **settings: object) -> Conversion:
    """The same, of a program in Python."""
    return by(sys.executable, "-c", program, **settings)  # type: ignore[arg-type]  # the tests name real ones


def heard(*levels: float, seconds: float = 0.1) -> Iterator[Heard]:
    """A piece for each level."""
    for level in levels:
        chunk = Chunk(np.full(int(seconds * RATE), level, np.float32), RATE)
        yield Heard(chunk, ENGINE, "plain")


def joined(pieces: list[Heard]) -> Samples:
    return np.concatenate([piece.chunk.samples for piece in pieces])


def test_a_sentence_goes_through_and_keeps_its_length() -> None:
    trace: dict[str, float] = {}
    found = list(Converters().converted(heard(0.8, 0.4), python(HALVE), "deep", trace))
    sound = joined(found)
    assert len(sound) == 1600
    np.testing.assert_allclose(sound[[0, -1]], [0.4, 0.2], atol=1e-3)
    assert {piece.voice for piece in found} == {"deep"}, "it is another voice, with a loudness of its own"
    assert trace["first_chunk"] <= trace["converted"], "and what that took is in the trace"


def test_it_is_heard_while_it_is_made() -> None:
    """The program gives the first piece before it has got the second."""
    given = threading.Event()

    def pieces() -> Iterator[Heard]:
        yield from heard(0.8)
        assert given.wait(10), "nothing came out before the sentence was complete"
        yield from heard(0.4)

    def watched() -> Iterator[Heard]:
        source = pieces()
        yield next(source)
        for _ in range(500):  # the chain goes on giving; each piece is a look at what has come out
            if given.is_set():
                break
            threading.Event().wait(0.02)
            yield from heard(0.0, seconds=0.001)
        yield from source

    for piece in Converters().converted(watched(), python(HALVE), "deep"):
        if piece.chunk.samples.any():
            given.set()
    assert given.is_set()


def test_raw_samples_and_another_rate() -> None:
    program = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read() * 2)"
    found = list(Converters().converted(heard(0.5), python(program, kind="raw", rate=16000), "deep"))
    assert {piece.chunk.rate for piece in found} == {16000}
    assert len(joined(found)) == 1600


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (by("/nowhere/at/all"), "cannot be started"),
        (python("import sys; sys.stdin.buffer.read(); sys.exit('no model')"), "status 1; it said: no model"),
        (python("import sys; sys.stdin.buffer.read()"), "gave no WAV"),
        (python("import sys; sys.stdin.buffer.read(); print('hello, this is no sound at all')"), "no WAV"),
        (python("import os; os.kill(os.getpid(), 9)"), "signal 9"),
        (python("import time; time.sleep(60)", timeout=0.3), "silent for 0.3 s"),
        (python("import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[:100])"), "of 0.2 s"),
    ],
    ids=["not there", "an error", "nothing", "no sound", "killed", "hangs", "too little"],
)
def test_what_the_program_does_not_give_is_passed_on_unconverted(made: Conversion, reason: str) -> None:
    with capture_logs() as logs:
        found = list(Converters(FakeClock()).converted(heard(0.8, 0.4), made, "deep"))
    sound = joined(found)
    assert len(sound) == 1600, "nothing is lost, nothing is said twice"
    np.testing.assert_allclose(sound[[100, -1]], [0.8, 0.4], atol=1e-3)
    assert [log["event"] for log in logs] == ["conversion_failed"]
    assert reason in logs[0]["reason"]


def test_silence_is_no_conversion() -> None:
    program = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[:44] + bytes(len(d) - 44))"
    with capture_logs() as logs:
        found = list(Converters().converted(heard(0.8, 0.4), python(program), "deep"))
    assert logs[0]["reason"] == "it gave silence"
    sound = joined(found)
    assert len(sound[sound != 0]) == 1600, "all of it is heard, behind a silence that is trimmed"


def test_what_breaks_off_in_the_middle_goes_on_unconverted() -> None:
    program = """
import sys
data = sys.stdin.buffer
sys.stdout.buffer.write(data.read(44) + data.read(1600)[:2] * 800)
sys.stdout.buffer.flush()
data.read()
sys.exit(1)
"""
    with capture_logs():
        found = list(Converters().converted(heard(0.8, 0.4), python(program), "deep"))
    sound = joined(found)
    assert len(sound) == 1600
    assert found[0].voice == "deep", "the first 0.1 s came from the program"
    assert sound[801] == pytest.approx(0.4, abs=1e-3)
    assert [piece.voice for piece in found][-1] == "plain"


def test_a_program_that_failed_rests(tmp_path: Path) -> None:
    clock, runs = FakeClock(), tmp_path / "runs"
    made = python(f"open({str(runs)!r}, 'a').write('x'); raise SystemExit(1)")
    converters = Converters(clock)
    with capture_logs() as logs:
        for _ in range(3):
            assert len(joined(list(converters.converted(heard(0.5), made, "deep")))) == 800
        assert runs.read_text() == "x"
        assert len(logs) == 1
        clock.advance(60)
        list(converters.converted(heard(0.5), made, "deep"))
    assert runs.read_text() == "xx"


def test_words_keep_their_place() -> None:
    word = WordTime("hello", 0.0, 0.1)
    chunk = Chunk(np.full(800, 0.5, np.float32), RATE, (word,))
    found = list(Converters().converted(iter([Heard(chunk, ENGINE, None)]), python(HALVE), "deep"))
    assert [word for piece in found for word in piece.chunk.words] == [word]


def test_another_engine_that_takes_over_gets_a_run_of_its_own() -> None:
    def pieces() -> Iterator[Heard]:
        yield from heard(0.8)
        yield Heard(Chunk(np.full(1600, 0.4, np.float32), 16000), EngineName("other"), None)

    found = list(Converters().converted(pieces(), python(HALVE), "deep"))
    assert list(dict.fromkeys((piece.engine, piece.chunk.rate) for piece in found)) == [
        (ENGINE, RATE),
        ("other", 16000),
    ]


def test_a_cancel_reaches_a_program_that_hangs() -> None:
    converters = Converters()
    ended: list[BaseException] = []

    def speak() -> None:
        try:
            list(
                converters.converted(heard(0.5), python("import time; time.sleep(60)", timeout=50.0), "deep")
            )
        except EngineCancelled as error:
            ended.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: converters._run is not None, "the program to run")
    converters.cancel()
    thread.join(10)
    assert ended


def test_leaving_early_ends_the_program(tmp_path: Path) -> None:
    pieces = Converters().converted(heard(*[0.5] * 50), python(HALVE), "deep")
    next(pieces)
    pieces.close()  # the guard of every test looks for processes and threads


def test_without_a_program_pieces_go_by() -> None:
    assert len(list(Converters().converted(heard(0.5, 0.5), None, "deep"))) == 2
