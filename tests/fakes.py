"""Hand-written stand-ins for the edges: they behave, they do not record calls."""

from __future__ import annotations


class FakeClock:
    """A clock that moves when the test says so."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._time = now
        self._monotonic = 100.0

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self._time += seconds
        self._monotonic += seconds

    def monotonic(self) -> float:
        """See ttsd.clock.Clock."""
        return self._monotonic

    def time(self) -> float:
        """See ttsd.clock.Clock."""
        return self._time
