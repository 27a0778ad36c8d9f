"""How loud an output is: a factor that ramps, and whose loud side never drives a sample past the ceiling.

Invariants: at 1.0 the samples stay bit for bit. Nothing is delayed: what a peak needs is known from the
sound that waits, of which the next block is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.audio.dsp import ramp
from ttsd.audio.limiter import CEILING_DB

if TYPE_CHECKING:
    from ttsd.model import Samples

_CEILING = 10.0 ** (CEILING_DB / 20)
_RELEASE = 0.05
"""How far the limit rises within a block, behind a peak."""


class Volume:
    """One stream's volume."""

    def __init__(self) -> None:
        self._value = 1.0
        self._limit = 1.0

    @property
    def factor(self) -> float:
        """The linear factor reached."""
        return self._value * self._limit

    def push(self, block: Samples, ahead: Samples, target: float) -> Samples:
        """*block* at the volume, which reaches *target* with its last sample; *ahead*: what follows it."""
        before, limit = self._value, self._limit
        loudest = max(before, target)
        self._value, self._limit = target, 1.0
        if loudest > 1.0:
            # As loud as the block's own peak allows from its first sample on, and the next one's by its last.
            limit = min(limit, _allowed(block, loudest))
            self._limit = min(1.0, limit + _RELEASE, _allowed(block, loudest), _allowed(ahead, target))
        if before == target == limit == self._limit == 1.0:
            return block
        return ramp(block, before * limit, target * self._limit)


def _allowed(samples: Samples, factor: float) -> float:
    import numpy as np

    peak = float(np.abs(samples).max(initial=0.0)) * factor
    return _CEILING / peak if peak > _CEILING else 1.0
