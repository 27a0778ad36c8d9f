"""Resampling, ramps and faults: what every sample that is heard goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ttsd.audio.dsp import Resampler, clean, fade_in, fade_out, join

if TYPE_CHECKING:
    from ttsd.model import Samples

ANY_FLOATS = arrays(np.float32, st.integers(0, 400), elements=st.floats(width=32))
SOUND = arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32), fill=st.nothing())
CUTS = st.lists(st.integers(0, 3000), max_size=6)


def pieces(samples: Samples, cuts: list[int]) -> list[Samples]:
    return np.split(samples, sorted(min(cut, samples.size) for cut in cuts))


@given(ANY_FLOATS)
def test_clean_gives_finite_samples_of_the_same_length(samples: Samples) -> None:
    cleaned = clean(samples)
    assert cleaned.shape == samples.shape
    assert cleaned.dtype == np.float32
    assert np.isfinite(cleaned).all()
    assert (np.abs(cleaned) <= 8).all()
    sane = np.isfinite(samples) & (np.abs(samples) <= 8)
    assert np.array_equal(cleaned[sane], samples[sane])


def test_clean_leaves_sound_alone() -> None:
    sound = np.linspace(-1, 1, 99, dtype=np.float32)
    assert clean(sound) is sound


@given(
    st.sampled_from([(22050, 48000), (16000, 44100), (48000, 22050), (44100, 48000), (24000, 24000)]),
    SOUND,
    CUTS,
)
@settings(deadline=None, max_examples=60)
def test_resampling_in_pieces_equals_resampling_at_once(
    rates: tuple[int, int], sound: Samples, cuts: list[int]
) -> None:
    source, target = rates
    whole, piecewise = Resampler(source, target), Resampler(source, target)
    at_once = join([whole.push(sound), whole.flush()])
    in_pieces = join([*[piecewise.push(piece) for piece in pieces(sound, cuts)], piecewise.flush()])
    assert abs(at_once.size - sound.size * target / source) <= 1
    assert in_pieces.size == at_once.size
    assert np.allclose(in_pieces, at_once, atol=1e-5)


def test_resampling_keeps_a_tone_and_its_ends() -> None:
    def tone(rate: int) -> Samples:
        return (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)

    resampler = Resampler(22050, 48000)
    result = join([resampler.push(tone(22050)), resampler.flush()])
    assert result.size == 48000
    assert np.abs(result - tone(48000))[200:-200].max() < 1e-3
    assert np.abs(result - tone(48000)).max() < 0.05


def test_a_flushed_resampler_begins_anew() -> None:
    sound = np.sin(np.arange(5000, dtype=np.float32) / 9)
    resampler = Resampler(22050, 48000)
    first = join([resampler.push(sound), resampler.flush()])
    second = join([resampler.push(sound), resampler.flush()])
    assert np.array_equal(first, second)
    assert not resampler.flush().size


def test_fades_begin_and_end_in_silence_and_leave_the_original() -> None:
    sound = np.ones(100, dtype=np.float32)
    assert fade_in(sound, 10)[0] == 0
    assert (fade_in(sound, 10)[10:] == 1).all()
    assert fade_out(sound, 10)[-1] == 0
    assert (fade_out(sound, 10)[:90] == 1).all()
    assert (np.abs(np.diff(fade_out(sound))) < 0.02).all()
    assert not fade_in(sound[:0]).size
    assert (sound == 1).all()
