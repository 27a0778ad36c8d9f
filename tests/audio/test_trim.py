"""Silence is cut at the ends, never inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ttsd.audio.dsp import join
from ttsd.audio.trim import Trim

if TYPE_CHECKING:
    from ttsd.model import Samples

RATE = 1000
KEEP = 5  # frames: 5 ms
LEVEL = 10 ** (-50 / 20)
BLOCKS = st.lists(st.tuples(st.sampled_from([0.0, LEVEL / 2, 0.1, -0.5]), st.integers(0, 60)), max_size=12)


def trimmed(pieces: list[Samples]) -> Samples:
    trim = Trim(RATE)
    return join([*[trim.push(piece) for piece in pieces], trim.flush()])


@given(BLOCKS, st.lists(st.integers(0, 700), max_size=8))
def test_everything_between_first_and_last_sound_survives_however_it_is_cut(
    blocks: list[tuple[float, int]], cuts: list[int]
) -> None:
    sound = join([np.full(frames, level, dtype=np.float32) for level, frames in blocks])
    result = trimmed(np.split(sound, sorted(min(cut, sound.size) for cut in cuts)))
    loud = np.flatnonzero(np.abs(sound) > LEVEL)
    if not loud.size:
        assert not result.size
        return
    first, behind = int(loud[0]), int(loud[-1]) + 1
    lead, tail = min(first, KEEP), min(sound.size - behind, KEEP)
    assert result.size == lead + behind - first + tail
    assert np.array_equal(result[lead : lead + behind - first], sound[first:behind])
    assert (np.abs(result[:lead]) <= LEVEL).all()
    assert (np.abs(result[result.size - tail :]) <= LEVEL).all()


def test_sound_is_passed_on_at_once() -> None:
    trim = Trim(RATE)
    assert trim.push(np.full(5, 0.5, dtype=np.float32)).size == 5


def test_ten_seconds_of_silence_are_not_hoarded() -> None:
    trim = Trim(RATE)
    trim.push(np.full(5, 0.5, dtype=np.float32))
    second = np.zeros(RATE, dtype=np.float32)
    passed = sum(trim.push(second).size for _ in range(60))
    assert passed >= 45 * RATE


def test_nan_counts_as_silence_and_does_not_get_out() -> None:
    sound = np.array([np.nan] * 20 + [0.5, np.nan, 0.5], dtype=np.float32)
    result = trimmed([sound])
    assert np.isfinite(result).all()
    assert result.size == KEEP + 3


def test_a_trim_is_ready_for_the_next_stream() -> None:
    trim = Trim(RATE)
    sound = join([np.zeros(50, dtype=np.float32), np.full(9, 0.3, dtype=np.float32)])
    first = join([trim.push(sound), trim.flush()])
    assert np.array_equal(first, join([trim.push(sound), trim.flush()]))
