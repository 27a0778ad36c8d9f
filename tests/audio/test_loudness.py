"""Loudness as the standard defines it, checked against a reference implementation's figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ttsd.audio.limiter import Limiter
from ttsd.audio.loudness import TARGET_LUFS, gain_to, integrated, of_sentences

if TYPE_CHECKING:
    from ttsd.model import Samples


def sine(frequency: float, level: float, rate: int, seconds: float = 4) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_the_standards_own_example_full_scale_997_hz_is_minus_3_01() -> None:
    assert integrated(sine(997, 1.0, 48000), 48000) == pytest.approx(-3.01, abs=0.005)


@pytest.mark.parametrize(
    ("frequency", "level", "rate", "lufs"),
    [
        # From pyloudnorm 0.1 (filter class DeMan), which agrees with libebur128's filters.
        (100, 0.25, 48000, -16.8768),
        (5000, 0.1, 48000, -19.6879),
        (997, 1.0, 44100, -3.0075),
        (5000, 0.1, 44100, -19.6834),
        (997, 1.0, 22050, -2.9810),
        (100, 0.25, 22050, -16.8259),
        (5000, 0.1, 22050, -19.6245),
        (997, 1.0, 16000, -2.9700),
    ],
)
def test_agrees_with_the_reference(frequency: float, level: float, rate: int, lufs: float) -> None:
    assert integrated(sine(frequency, level, rate), rate) == pytest.approx(lufs, abs=0.01)


def test_pauses_do_not_count() -> None:
    speech = sine(500, 0.2, 16000)
    with_pauses = np.concatenate([speech, np.zeros(16000 * 10, dtype=np.float32), speech])
    assert integrated(with_pauses, 16000) == pytest.approx(integrated(speech, 16000), abs=0.3)


def test_silence_and_nothing_are_infinitely_quiet_and_need_no_gain() -> None:
    assert integrated(np.zeros(16000, dtype=np.float32), 16000) == -math.inf
    assert integrated(np.zeros(0, dtype=np.float32), 16000) == -math.inf
    assert of_sentences([], 16000) == -math.inf
    assert gain_to(-math.inf) == 1.0


def test_a_word_shorter_than_a_block_is_measured() -> None:
    assert integrated(sine(997, 0.5, 16000, 0.2), 16000) == pytest.approx(-9.0, abs=0.2)


@pytest.mark.parametrize("level", [0.02, 0.1, 0.7])
def test_the_gain_brings_a_voice_to_the_target(level: float) -> None:
    sentences = [sine(frequency, level, 22050, 1.5) for frequency in (220, 440, 900)]
    gain = gain_to(of_sentences(sentences, 22050))
    limiter = Limiter(22050)
    levelled = [limiter.push(sentence * np.float32(gain)) for sentence in sentences]
    levelled.append(limiter.flush())
    assert of_sentences(levelled, 22050) == pytest.approx(TARGET_LUFS, abs=0.2)


def test_gain_is_bounded() -> None:
    assert gain_to(-90) == pytest.approx(10 ** (24 / 20))
    assert gain_to(40) == pytest.approx(10 ** (-24 / 20))
