"""An output that nobody hears: for trying a configuration, and for tests.

By default time passes as on a device (as with the null outputs of MPD and mpv), so that skip, pause and
queues behave as they will. Untimed, it swallows what comes as fast as it comes, as a file does.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.model import Samples, Spoken, Utterance

_BRIEF = 1e-6
"""Seconds not worth waiting for (and which a sum of floating-point times may never reach)."""


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


class NullOutput:
    """See Output."""

    def __init__(
        self,
        clock: Clock,
        *,
        rate: int | None = None,
        latency: float = 0.04,
        timed: bool = True,
        wait: Callable[[float], None] = _pause,
    ) -> None:
        """*rate*: None: 48000 when timed, else the chunks'; *latency*: seconds taken ahead of time;
        *wait*: lets seconds pass on *clock*."""
        self.live = timed
        self.rate = rate or (48_000 if timed else None)
        self.name = "null" if timed else "null:untimed"
        self._clock, self._latency, self._wait = clock, latency, wait
        self._written = 0
        self._told = 0
        self._silent_at = 0.0
        """When everything written will have sounded."""

    def open(self) -> None:
        """See Output."""

    def describe(self) -> str:
        """See Output."""
        return f"nothing is heard ({'in real time' if self.live else 'as fast as it comes'})"

    def begin(self, utterance: Utterance) -> None:
        """See Output."""
        del utterance

    def write(self, samples: Samples, rate: int) -> None:
        """See Output."""
        self._written += len(samples)
        if not self.live:
            return
        self._silent_at = max(self._silent_at, self._clock.monotonic()) + len(samples) / rate
        while (too_early := self._silent_at - self._clock.monotonic() - self._latency) > _BRIEF:
            self._wait(too_early)

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        del spoken

    def rest(self) -> None:
        """See Output."""

    def written(self) -> int:
        """See Output."""
        return self._written

    def played(self) -> int:
        """See Output."""
        left = max(0.0, self._silent_at - self._clock.monotonic())
        # Rounded up: a frame counts when it has sounded wholly.
        unheard = -int(-left * (self.rate or 0) // 1)
        self._told = max(self._told, self._written - unheard)
        return self._told

    def close(self) -> None:
        """See Output."""
        self._written = self._told = 0
        self._silent_at = 0.0
