"""How loud sound is to people (ITU-R BS.1770-4, as EBU R 128 uses it), and the gain to a common loudness.

Pure functions over whole recordings. The K-weighting is applied in the frequency domain, where the
response of its two filters is a product: no recursion in Python, and no SciPy (100 MB) for two biquads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ttsd.audio.dsp import clean, join, silence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ttsd.model import Samples

TARGET_LUFS = -18.0
_BLOCK = 0.4
_OVERLAP = 4
"""Blocks of 400 ms begin every 100 ms."""
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_LARGEST_GAIN_DB = 24.0


def integrated(samples: Samples, rate: int) -> float:
    """Integrated loudness in LUFS of mono samples; -inf for silence.

    rate: frames per second, at least 8000. Sound shorter than 400 ms is measured as one block.
    """
    import numpy as np

    samples = clean(samples)
    if not samples.size:
        return -math.inf
    weighted = _k_weighted(samples, rate)
    block = min(round(_BLOCK * rate), samples.size)
    step = max(round(_BLOCK * rate) // _OVERLAP, 1)
    energy = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, samples.size - block + 1, step)
    power = (energy[starts + block] - energy[starts]) / block
    loud = power[power > _power(_ABSOLUTE_GATE)]
    if not loud.size:
        return -math.inf
    gate = max(_lufs(float(loud.mean())) + _RELATIVE_GATE, _ABSOLUTE_GATE)
    return _lufs(float(loud[loud > _power(gate)].mean()))


def of_sentences(recordings: Sequence[Samples], rate: int) -> float:
    """Integrated loudness of several recordings of one voice as if spoken in a row, in LUFS."""
    return integrated(join([*recordings]) if recordings else silence(0), rate)


def gain_to(lufs: float, target: float = TARGET_LUFS) -> float:
    """The linear factor that brings *lufs* to *target*; at most 24 dB up or down, 1.0 for silence."""
    if not math.isfinite(lufs):
        return 1.0
    decibels = max(-_LARGEST_GAIN_DB, min(_LARGEST_GAIN_DB, target - lufs))
    return float(10.0 ** (decibels / 20))


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else -math.inf


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs + 0.691) / 10))


def _k_weighted(samples: Samples, rate: int) -> NDArray[np.float64]:
    import numpy as np

    # The padding takes up the filters' ringing, which would otherwise wrap around to the beginning.
    size = samples.size + rate // 4
    size = 1 << (size - 1).bit_length()
    turns = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(turns.size, dtype=np.complex128)
    for feed, back in (_shelf(rate), _high_pass(rate)):
        response *= np.polyval(feed[::-1], turns) / np.polyval(back[::-1], turns)
    return np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: samples.size]


def _shelf(rate: int) -> tuple[list[float], list[float]]:
    """Biquad (numerator, denominator): +4 dB of treble, the effect of a head."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    mid = high**0.4996667741545416
    scale = 1 + k / q + k * k
    feed = [high + mid * k / q + k * k, 2 * (k * k - high), high - mid * k / q + k * k]
    return [b / scale for b in feed], [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]


def _high_pass(rate: int) -> tuple[list[float], list[float]]:
    """Biquad (numerator, denominator): what is below 38 Hz counts little."""
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]
