"""When a failing engine is left alone, and for how long. Pure: time is given.

A rest grows with each failure in a row, and with what the failure cost: an engine that hangs for ten
seconds before it is given up may not cost ten seconds of every sentence.
"""

from __future__ import annotations

SHORTEST = 1.0
"""Seconds of the first rest."""
LONGEST = 300.0
"""Seconds."""
COST = 5.0
"""A rest is at least so many times as long as the failure took."""


class Breaker:
    """One engine's failures in a row, and its rest."""

    def __init__(self) -> None:
        self.failures = 0
        """In a row."""
        self._until = 0.0

    def left(self, now: float) -> float:
        """Seconds of rest left; 0: it may be tried."""
        return max(0.0, self._until - now) if self.failures else 0.0

    def failed(self, now: float, took: float) -> float:
        """It failed at *now* after *took* seconds; the seconds it rests from now on."""
        self.failures += 1
        rest = max(SHORTEST * 2.0 ** min(self.failures - 1, 16), took * COST)
        self._until = now + min(LONGEST, rest)
        return self.left(now)

    def succeeded(self) -> None:
        """It spoke: all is forgotten."""
        self.failures, self._until = 0, 0.0
