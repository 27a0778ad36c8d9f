"""A voice through a converter's process: it stays between sentences, and what it does not give is heard unconverted."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeClock
from structlog.testing import capture_logs
from waiting import wait_for

from ttsd.clock import SystemClock
from ttsd.engines.chain import Heard
from ttsd.engines.connect import Place
from ttsd.engines.conversions import Conversion, Conversions
from ttsd.errors import EngineCancelled, EngineCrashed
from ttsd.model import Chunk, EngineName
from ttsd.settings import Duration
from ttsd.settings.voices import ConvertSettings, VoiceSettings
from ttsd.speech.convert import Converters

if TYPE_CHECKING:
    from ttsd.model import Samples

RATE = 8000
ADAPTERS = Path(__file__).parent / "converting.py"
Make = Callable[..., Conversion]


@pytest.fixture
def made() -> Iterator[Conversions]:
    """The converters of a test; none outlives it."""
    conversions = Conversions(SystemClock())
    yield conversions
    for engine in conversions.keep(()):
        engine.close()


@pytest.fixture
def make(made: Conversions, tmp_path: Path) -> Make:
    """Makes a conversion by a class of converting.py."""

    def conversion(adapter: str, *, timeout: float = 20.0, **options: str | int) -> Conversion:
        return built(made, tmp_path, adapter, {"deep": settings(timeout=timeout, **options)})["deep"]

    return conversion


def built(
    made: Conversions, folder: Path, adapter: str, presets: dict[str, ConvertSettings]
) -> dict[str, Conversion]:
    place = Place(folder, folder / "data", folder / "cache", adapter=f"{ADAPTERS}:{adapter}")
    return made.build({name: VoiceSettings(convert=convert) for name, convert in presets.items()}, place)


def settings(*, timeout: float = 20.0, **options: str | int) -> ConvertSettings:
    return ConvertSettings(type="sovits", timeout=Duration(timeout), options=options)


def heard(*levels: float, seconds: float = 0.2) -> Iterator[Heard]:
    """A piece for each level."""
    for level in levels:
        yield Heard(Chunk(np.full(int(seconds * RATE), level, np.float32), RATE), EngineName("fake"), "plain")


def joined(pieces: list[Heard]) -> Samples:
    return np.concatenate([piece.chunk.samples for piece in pieces])


def through(conversion: Conversion, *levels: float, seconds: float = 0.2) -> list[Heard]:
    return list(Converters().converted(heard(*levels, seconds=seconds), conversion, "deep"))


def seconds_of(pieces: list[Heard]) -> float:
    return sum(piece.chunk.samples.size / piece.chunk.rate for piece in pieces)


def test_sentences_go_through_one_process_that_stays(make: Make, tmp_path: Path) -> None:
    conversion, trace = make("Halve", speaker="bo"), dict[str, float]()
    found = list(Converters().converted(heard(0.8, 0.4), conversion, "deep", trace))
    assert {piece.chunk.rate for piece in found} == {2 * RATE}
    assert len(found) == 4, "it is passed on as it is made"
    assert seconds_of(found) == pytest.approx(0.4)
    np.testing.assert_allclose(joined(found)[[0, -1]], [0.4, 0.2], atol=1e-3)
    assert {piece.voice for piece in found} == {"deep"}
    assert trace["first_chunk"] <= trace["converted"]
    assert through(conversion, 0.6)
    assert len((tmp_path / "opened").read_text().split()) == 1
    assert conversion.status("deep", 0.0).state == "ready"


def test_presets_that_differ_in_the_speaker_share_a_process(made: Conversions, tmp_path: Path) -> None:
    one = settings(model="G_0.pth", speaker="ana", transpose=3)
    presets = {"a": one, "b": settings(model="G_0.pth", speaker="bo"), "c": settings(model="G_1.pth")}
    found = built(made, tmp_path, "Halve", presets)
    assert found["a"].engine is found["b"].engine
    assert found["a"].engine is not found["c"].engine
    assert found["a"].options == {"speaker": "ana", "transpose": 3}
    again = built(made, tmp_path, "Halve", {"a": replace(one, options={**one.options, "transpose": 5})})
    assert again["a"].engine is found["a"].engine, "a reload keeps what it does not change"


def test_what_is_wrong_with_one_preset_makes_no_other_rest_and_a_change_is_tried_at_once(
    made: Conversions, tmp_path: Path
) -> None:
    wrong, right = settings(speaker="nobody"), settings(speaker="ana")
    found = built(made, tmp_path, "Halve", {"a": wrong, "b": right})
    with capture_logs():
        through(found["a"], 0.5)
    assert {piece.voice for piece in through(found["b"], 0.5)} == {"deep"}
    same = built(made, tmp_path, "Halve", {"a": wrong, "b": right})
    assert same["a"].breaker.failures == 1, "a reload of something else is no reason to try again"
    mended = built(made, tmp_path, "Halve", {"a": settings(speaker="bo"), "b": right})
    assert {piece.voice for piece in through(mended["a"], 0.5)} == {"deep"}
    assert len((tmp_path / "opened").read_text().split()) == 1


def test_a_process_ends_when_no_preset_names_it(made: Conversions, tmp_path: Path) -> None:
    found = built(made, tmp_path, "Halve", {"deep": settings()})
    through(found["deep"], 0.5)
    pid = int((tmp_path / "opened").read_text())
    assert made.keep(found.values()) == ()
    [gone] = made.keep(())
    gone.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("adapter", "options", "reason"),
    [
        ("Crashing", {}, "ended with status 9"),
        ("Hanging", {"timeout": 0.5}, "went silent in the middle"),
        ("Silent", {}, "nothing but silence"),
        ("Brief", {}, "it gave 0.1 s of 0.4 s"),
        ("Absent", {}, "has no model"),
        ("Halve", {"speaker": "nobody"}, "has no speaker nobody"),
        ("Halve", {"transpose": 99}, "transpose must be a whole number from -36 to 36"),
        ("NotThere", {}, "cannot be loaded"),
    ],
)
def test_what_it_does_not_give_is_passed_on_unconverted_and_it_rests(
    make: Make, adapter: str, options: dict[str, str | int], reason: str
) -> None:
    conversion = make(adapter, **options)
    with capture_logs() as logs:
        found = through(conversion, 0.8, 0.4)
        again = through(conversion, 0.8)
    assert seconds_of(found) == pytest.approx(0.4), "nothing is lost, nothing is said twice"
    assert found[-1].voice == "plain"
    np.testing.assert_allclose(joined(found)[-1], 0.4, atol=1e-3)
    [told] = [log for log in logs if log["event"] == "conversion_failed"]
    assert reason in told["reason"]
    assert {piece.voice for piece in again} == {"plain"}, "it rests"
    status = conversion.status("deep", conversion.breaker._until - 0.5)
    assert (status.name, status.state) == ("deep", "resting")
    assert reason in (status.detail or "")


@pytest.mark.skipif(sys.platform == "win32", reason="nothing stops a process there")
def test_one_that_does_not_read_holds_up_nobody(make: Make) -> None:
    """A sentence is larger than a pipe."""
    conversion = make("Deaf", timeout=1.0)
    engine = conversion.engine
    assert engine is not None
    engine.load()
    wait_for(lambda: _is_stopped(engine.status().pid), "the process to be stopped")
    with capture_logs() as logs:
        found = through(conversion, 0.5, seconds=20.0)
    assert seconds_of(found) == pytest.approx(20.0)
    assert "gave no sound in time" in next(
        log["reason"] for log in logs if log["event"] == "conversion_failed"
    )


def _is_stopped(pid: int | None) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


def test_after_its_rest_it_is_tried_again(make: Make) -> None:
    clock, conversion = FakeClock(), make("Crashing")
    converters = Converters(clock)
    with capture_logs() as logs:
        for _ in range(2):
            list(converters.converted(heard(0.5), conversion, "deep"))
        clock.advance(600)
        list(converters.converted(heard(0.5), conversion, "deep"))
    assert len([log for log in logs if log["event"] == "conversion_failed"]) == 2


def test_a_cancel_ends_it_and_the_next_sentence_is_converted(make: Make) -> None:
    conversion, converters = make("Hanging"), Converters()
    engine = conversion.engine
    assert engine is not None
    ended: list[BaseException] = []

    def speak() -> None:
        try:
            list(converters.converted(heard(0.5), conversion, "deep"))
        except EngineCancelled as error:
            ended.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: engine.status().state == "busy", "the sentence to be at it", timeout=30)
    converters.cancel()
    thread.join(10)
    assert ended
    assert conversion.breaker.failures == 0, "that was no failure"
    pieces = converters.converted(heard(0.5), conversion, "deep")
    with closing(pieces):
        assert next(pieces).voice == "deep"


def test_what_engines_had_said_before_they_failed_is_heard(make: Make) -> None:
    def pieces() -> Iterator[Heard]:
        yield from heard(0.5)
        raise EngineCrashed("it crashed")

    converted = Converters().converted(pieces(), make("Halve"), "deep")
    found = [next(converted), next(converted)]
    with pytest.raises(EngineCrashed):
        next(converted)
    assert seconds_of(found) == pytest.approx(0.2)
    assert {piece.voice for piece in found} == {"deep"}
