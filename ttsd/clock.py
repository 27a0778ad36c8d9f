"""Time as a parameter: what waits or stamps takes a Clock, so that tests own time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for waiting, one for writing down."""

    def monotonic(self) -> float:
        """Seconds that never go backwards; for waits and durations."""
        ...

    def time(self) -> float:
        """Unix seconds; for what is stored and shown."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def time(self) -> float:
        """See Clock."""
        return time.time()
