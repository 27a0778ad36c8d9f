"""Sound that has what speech has (a pitch that moves, syllables, pauses), and sound that has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttsd.model import Samples


def speech(seconds: float = 8.0, rate: int = 24_000, *, level: float = 0.2, noise: float = 1e-4) -> Samples:
    """A hum of a speaker's pitch and harmonics, four syllables a second, a pause after every eight."""
    time = np.arange(int(seconds * rate)) / rate
    pitch = 130 * 2 ** (0.3 * np.sin(2 * np.pi * 0.7 * time) + 0.1 * np.sin(2 * np.pi * 2.3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(n * phase) / n for n in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, None) * ((4 * time) % 10 < 8)
    sound = level * voice * syllables / 1.8
    return (sound + noise * hiss(seconds, rate, 1.0)).astype(np.float32)


def hiss(seconds: float, rate: int = 24_000, level: float = 0.1) -> Samples:
    """White noise."""
    found: Samples = (level * np.random.default_rng(1).standard_normal(int(seconds * rate))).astype(
        np.float32
    )
    return found


def tone(seconds: float, rate: int = 24_000) -> Samples:
    """A beep that never ends."""
    found: Samples = (0.3 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )
    return found
