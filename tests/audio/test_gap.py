"""A pause is what people hear of it: what is inaudible at the ends of two sounds counts, to the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ttsd.audio.dsp import join, silence
from ttsd.audio.gap import AUDIBLE_DB, Gap

if TYPE_CHECKING:
    from ttsd.model import Samples

RATE = 8000
AUDIBLE = 10 ** (AUDIBLE_DB / 20)
LOUD = np.full(400, 0.5, np.float32)


def faint(frames: int) -> Samples:
    return np.full(frames, AUDIBLE * 0.9, np.float32)


def between(last: Samples, *following: Samples, pause: float, pieces: int = 1) -> int:
    """Frames of silence that are put between two sounds."""
    gap = Gap()
    gap.begin(last, RATE, 0.0)
    for piece in np.array_split(last, pieces):
        gap.passed(piece, RATE)
    return round(gap.begin(following[0], RATE, pause) * RATE)


def test_sounds_without_faint_ends_are_apart_by_the_whole_pause() -> None:
    assert between(LOUD, LOUD, pause=0.3) == 2400


def test_a_faint_end_and_a_faint_beginning_are_part_of_the_pause() -> None:
    assert between(join([LOUD, faint(70)]), join([faint(30), LOUD]), pause=0.3) == 2400 - 70 - 30


def test_sound_that_fades_for_longer_than_the_pause_is_followed_at_once_and_not_cut() -> None:
    assert between(join([LOUD, faint(3000)]), LOUD, pause=0.3) == 0


def test_of_a_sound_that_is_faint_throughout_nothing_counts_as_its_end() -> None:
    assert between(faint(3000), LOUD, pause=0.3) == 2400


def test_another_rate_counts_in_seconds() -> None:
    gap = Gap()
    gap.begin(LOUD, RATE, 0.0)
    gap.passed(join([LOUD, faint(80)]), RATE)
    assert gap.begin(join([faint(480), LOUD]), 48_000, 0.3) == 0.3 - 0.01 - 0.01


@given(
    tail=st.integers(0, 3000),
    lead=st.integers(0, 3000),
    pause=st.integers(0, 4000),
    pieces=st.integers(1, 50),
)
def test_what_is_heard_of_it_is_the_pause_wherever_there_is_room(
    tail: int, lead: int, pause: int, pieces: int
) -> None:
    last, following = join([LOUD, faint(tail)]), join([faint(lead), LOUD])
    frames = between(last, following, pause=pause / RATE, pieces=pieces)
    whole = join([last, silence(frames), following])
    assert np.diff(np.flatnonzero(np.abs(whole) > AUDIBLE)).max() - 1 == max(pause, tail + lead)
