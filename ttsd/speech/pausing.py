"""The pause between two utterances: it is written behind the first one, as far as it is known by then.

What was written lasts as long as it is, whatever the device's latency: a line that comes while it sounds
begins on time, as one that waited does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock


class Pausing:
    """One output's pauses. Frames are the player's."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        """*seconds*: in which nothing is audible."""
        self.seconds = seconds
        self._clock = clock
        self._since = float("-inf")
        self._thrown = False
        """What was written is not all played: the rest of the pause is told by the clock."""
        self.end: int | None = None
        """The frame behind what was written of the pause that is not over; None: nothing of it is to be heard."""

    def begin(self, end: int) -> None:
        """An utterance was written, and its pause up to frame *end*."""
        self.end, self._thrown = end, False

    def ended(self) -> None:
        """The utterance has been heard to its end."""
        self._since = self._clock.monotonic()

    def throw_away(self, written: int) -> None:
        """What lies behind frame *written* is not played."""
        if self.end is not None:
            self.end, self._thrown = min(self.end, written), True

    def is_over(self, heard: int) -> bool:
        """Whether all that was written has now been heard: True once for each pause."""
        if self.end is None or heard < self.end:
            return False
        if not self._thrown:
            self._since = self._clock.monotonic()
        self.end, self._thrown = None, False
        return True

    def left(self) -> float:
        """Seconds that are to pass until the next sound: from the last sound while what is behind it is heard, else from now."""
        if self.end is not None and not self._thrown:
            return self.seconds
        return max(0.0, self.seconds - (self._clock.monotonic() - self._since))

    def move(self, where: Callable[[int], int]) -> None:
        """What lies at a frame lies at *where* of it from now on."""
        if self.end is not None:
            self.end = where(self.end)
