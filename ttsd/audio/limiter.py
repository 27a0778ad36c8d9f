"""A peak limiter: no sample leaves it above its ceiling, and what was below leaves it unchanged.

It looks a few milliseconds ahead, lowers the gain before a peak arrives, holds it, and raises it again.
The gain of a frame is the mean, over the look-ahead, of the smallest gain that any frame nearby needs;
so it is never above what this frame needs itself. That is the whole proof that nothing clips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.audio.dsp import clean, join, silence

if TYPE_CHECKING:
    from ttsd.model import Samples

CEILING_DB = -1.0
"""dBFS; what is left to 0 is for the peaks between the samples."""


class Limiter:
    """One stream's limiter. It holds the look-ahead back; `flush` gives it."""

    def __init__(
        self, rate: int, *, ceiling_db: float = CEILING_DB, ahead: float = 0.005, hold: float = 0.06
    ) -> None:
        """*rate*: frames per second; *ceiling_db*: dBFS; *ahead*, *hold*: seconds."""
        import numpy as np

        self.ceiling = np.float32(10.0 ** (ceiling_db / 20))
        self._ahead = max(1, round(ahead * rate))
        self._hold = round(hold * rate)
        self._reset()

    def _reset(self) -> None:
        import numpy as np

        self._pending = silence(0)
        self._needs = np.ones(self._hold + self._ahead - 1, dtype=np.float32)

    def push(self, samples: Samples) -> Samples:
        """The frames whose gain is certain: all but the last few milliseconds so far."""
        import numpy as np

        samples = clean(samples)
        needs = np.ones(samples.size, dtype=np.float32)
        np.divide(self.ceiling, np.abs(samples), out=needs, where=np.abs(samples) > self.ceiling)
        return self._emit(samples, needs, self._ahead)

    def flush(self) -> Samples:
        """The frames held back; what is pushed afterwards begins a new stream."""
        import numpy as np

        rest = self._emit(silence(0), np.ones(self._ahead, dtype=np.float32), 0)
        self._reset()
        return rest

    def _emit(self, samples: Samples, needs: Samples, keep: int) -> Samples:
        import numpy as np

        pending = join([self._pending, samples])
        needs = join([self._needs, needs])
        count = max(pending.size - keep, 0)
        ready, self._pending, self._needs = pending[:count], pending[count:], needs[count:]
        if not count or needs.min() == 1.0:
            return ready  # bit for bit: most sound never needs a limiter
        lowest = _sliding_min(needs, self._hold + self._ahead + 1)
        sums = np.cumsum(np.concatenate([[0.0], lowest.astype(np.float64)]))
        gain = (sums[self._ahead :] - sums[: -self._ahead]) / self._ahead
        limited: Samples = ready * gain[:count].astype(np.float32)
        # Rounding alone can pass the ceiling.
        return np.clip(limited, -self.ceiling, self.ceiling, out=limited)


def _sliding_min(values: Samples, width: int) -> Samples:
    """The smallest of each *width* neighbours, shape (frames - width + 1,); in log(width) passes."""
    import numpy as np

    lowest, span = values, 1
    while span * 2 <= width:
        lowest = np.minimum(lowest[:-span], lowest[span:])
        span *= 2
    rest = width - span
    return np.minimum(lowest[: lowest.size - rest], lowest[rest:]) if rest else lowest
