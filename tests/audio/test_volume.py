"""Louder than the engine made it never means clipped, and no change of the volume is a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ttsd.audio.dsp import join
from ttsd.audio.limiter import CEILING_DB
from ttsd.audio.volume import Volume

if TYPE_CHECKING:
    from ttsd.model import Samples

BLOCK = 40
CEILING = np.float32(10 ** (CEILING_DB / 20))


def played(sound: Samples, targets: list[float]) -> Samples:
    """*sound* at the volumes *targets*, a block each; the last one stays."""
    volume, blocks = Volume(), [sound[at : at + BLOCK] for at in range(0, len(sound), BLOCK)]
    wanted = [*targets, *[targets[-1]] * len(blocks)]
    following = [*blocks[1:], sound[:0]]
    pushed = [volume.push(b, ahead, to) for b, ahead, to in zip(blocks, following, wanted, strict=False)]
    return join(pushed)


def test_at_the_volume_as_made_the_samples_stay_bit_for_bit() -> None:
    sound = np.linspace(-1, 1, 200, dtype=np.float32)
    assert np.array_equal(played(sound, [1.0]), sound)


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400),
    st.lists(st.sampled_from([0.0, 0.5, 1.01, 1.2, 1.5]), min_size=1, max_size=12),
)
def test_nothing_passes_the_ceiling_that_is_made_louder(levels: list[float], targets: list[float]) -> None:
    sound = np.array(levels, np.float32) * CEILING
    assert np.abs(played(sound, targets)).max() <= CEILING * 1.00001


def test_volume_mute_and_a_peak_change_without_a_step() -> None:
    sound = np.full(40 * BLOCK, 0.3, np.float32)
    sound[20 * BLOCK : 21 * BLOCK] = 0.8
    result = played(sound, [1.0] * 4 + [1.5] * 26 + [0.0])
    factor = result / sound
    assert np.abs(np.diff(factor)).max() <= 1.5 / (BLOCK - 1) + 1e-6
    assert factor[19 * BLOCK - 1] == np.float32(1.5)
    assert factor[-1] == 0.0


def test_what_is_quiet_enough_is_as_loud_as_it_was_asked_for() -> None:
    sound = np.full(10 * BLOCK, 0.5, np.float32)
    assert np.allclose(played(sound, [1.5])[BLOCK:], 0.75)
