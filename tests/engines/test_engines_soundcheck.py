"""What a sentence's sound must not be, whoever made it."""

from __future__ import annotations

import numpy as np
import pytest

from ttsd.engines.soundcheck import LONGEST_SILENCE, SoundCheck
from ttsd.errors import EngineError, EngineRefused, EngineSilent
from ttsd.model import Chunk

RATE = 8000
SENTENCE = "It is a truth universally acknowledged, that a single man must be in want of a wife."


def sound(seconds: float, level: float = 0.5, rate: int = RATE) -> Chunk:
    return Chunk(np.full(round(rate * seconds), level, np.float32), rate)


def checked(check: SoundCheck, *chunks: Chunk) -> float:
    """Seconds that went out of a sentence that is well."""
    out = [ready for chunk in chunks for ready in check.feed(chunk)]
    check.finish()
    return sum(chunk.samples.size / chunk.rate for chunk in out)


def test_silence_before_the_first_sound_is_kept_back_until_something_is_heard() -> None:
    check = SoundCheck(SENTENCE)
    assert check.feed(sound(1, 0.0)) == []
    assert check.feed(sound(0, 0.0)) == []
    assert [chunk.samples.size for chunk in check.feed(sound(1))] == [RATE, RATE]
    assert len(check.feed(sound(1, 0.0))) == 1
    check.finish()
    assert check.seconds == 3


@pytest.mark.parametrize(
    ("chunks", "fault", "words"),
    [
        ([], EngineSilent, "no sound at all"),
        ([sound(3, 0.0)], EngineSilent, "nothing but silence"),
        ([sound(LONGEST_SILENCE + 1, 0.0)], EngineSilent, "nothing but silence"),
        ([sound(1), sound(1, float("nan"))], EngineSilent, "not numbers"),
        ([sound(1), sound(1, float("inf"))], EngineSilent, "absurd"),
        ([sound(1), sound(1, rate=16000)], EngineRefused, "changed its rate from 8000 to 16000"),
        ([sound(60), sound(60)], EngineRefused, "did not stop"),
        ([sound(0.3)], EngineSilent, r"stopped after 0.3 s of \d+ letters"),
    ],
)
def test_what_is_no_speech_is_a_fault(chunks: list[Chunk], fault: type[EngineError], words: str) -> None:
    with pytest.raises(fault, match=words):
        checked(SoundCheck(SENTENCE, 100.0), *chunks)


@pytest.mark.parametrize("text", ["Hi!", "w" * 200, "a" * 500 + "h", "?" * 200 + "no", "1 2 3"])
def test_what_is_soon_said_may_be_short(text: str) -> None:
    assert checked(SoundCheck(text, 100.0), sound(0.2)) == pytest.approx(0.2)


def test_an_engine_without_a_bound_may_be_as_fast_as_it_likes() -> None:
    assert checked(SoundCheck(SENTENCE * 50), sound(0.1)) == pytest.approx(0.1)


def test_what_is_too_loud_is_counted_and_passed_on() -> None:
    check = SoundCheck(SENTENCE)
    assert checked(check, sound(1), sound(1, 1.5)) == 2
    assert check.clipped == RATE


def test_a_long_sound_may_be_made_of_a_long_one() -> None:
    long = Chunk(np.full(8000 * 60, 0.5, np.float32), 8000)
    SoundCheck("", of=long).feed(long)
    with pytest.raises(EngineError):
        SoundCheck("").feed(long)
