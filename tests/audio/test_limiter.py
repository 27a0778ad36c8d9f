"""Whatever goes in, no clipped sample comes out, and quiet sound is untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ttsd.audio.dsp import join
from ttsd.audio.limiter import Limiter

if TYPE_CHECKING:
    from ttsd.model import Samples

RATE = 8000
CEILING = np.float32(10 ** (-1 / 20))
WILD = arrays(np.float32, st.integers(0, 3000), elements=st.floats(width=32))
CUTS = st.lists(st.integers(0, 3000), max_size=8)


def limited(sound: Samples, cuts: list[int]) -> Samples:
    limiter = Limiter(RATE)
    parts = np.split(sound, sorted(min(cut, sound.size) for cut in cuts))
    return join([*[limiter.push(part) for part in parts], limiter.flush()])


@given(WILD, CUTS)
def test_nothing_clips_and_nothing_is_lost(sound: Samples, cuts: list[int]) -> None:
    result = limited(sound, cuts)
    assert result.size == sound.size
    assert np.isfinite(result).all()
    assert (np.abs(result) <= CEILING).all()


@given(arrays(np.float32, st.integers(0, 2000), elements=st.floats(-0.875, 0.875, width=32)), CUTS)
def test_sound_below_the_ceiling_passes_bit_for_bit(sound: Samples, cuts: list[int]) -> None:
    assert np.array_equal(limited(sound, cuts), sound)


@given(arrays(np.float32, st.integers(0, 2000), elements=st.floats(-4, 4, width=32)), CUTS)
def test_pieces_do_not_matter(sound: Samples, cuts: list[int]) -> None:
    assert np.allclose(limited(sound, cuts), limited(sound, []), atol=1e-5)


def test_the_gain_moves_without_a_step() -> None:
    sound = np.full(RATE, 0.5, dtype=np.float32)
    sound[4000:4010] = 3.0
    gain = limited(sound, []) / sound
    assert np.abs(np.diff(gain)).max() < 0.05
    assert gain[0] == pytest.approx(1)
    assert gain[-1] == pytest.approx(1)
    assert gain[4005] <= CEILING / 3 + 1e-6
