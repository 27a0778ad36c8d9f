"""How much of a latent to decode at a time, so that the sound given never runs out. Pure.

A piece costs its own frames and an overlap. Small pieces give the first sound soon and cost more;
a piece must be decoded before what was given has been played. With f seconds a frame, c seconds to
decode one, o frames of overlap and a margin m, a piece of b frames keeps up if c (b + o) <= m f b.
Where the machine is too slow for any piece to keep up, the first is so long that all the rest can be
decoded in one while it plays: nothing stutters inside a sentence.
"""

from __future__ import annotations

from math import ceil, inf

SMALLEST = 20
"""Frames (0.23 s at 22 050 Hz and 256 samples a frame)."""
LARGEST = 400
"""Frames of any but the first piece; more would not be cheaper, and take more memory."""
MARGIN = 0.7
"""Share of the time there is that a piece may take: machines have other work."""
_LATE = 3 * SMALLEST
"""Frames of a piece that will be late: enough to gain on the player, few enough not to be later still."""
_MEMORY = 0.7
"""Weight of what was measured before against the newest piece."""
_WARY = 2.0
"""Weight of how far measurements lie apart: on a busy machine the next may be a bad one."""


class Pace:
    """One voice's sizes; its measurements outlive a sentence."""

    def __init__(self, frame: float, overlap: int) -> None:
        """*frame*: seconds of sound; *overlap*: frames on both sides of a piece together."""
        self._frame = frame
        self._overlap = overlap
        self._mean = 0.0
        self._spread = 0.0

    @property
    def cost(self) -> float:
        """Seconds to reckon with for a frame; 0: not measured yet."""
        return self._mean + _WARY * self._spread

    def measured(self, frames: int, seconds: float) -> None:
        """A run over so many frames, overlap included, took so long."""
        cost = seconds / frames
        if self._mean:
            self._spread = _MEMORY * self._spread + (1 - _MEMORY) * abs(cost - self._mean)
            self._mean = _MEMORY * self._mean + (1 - _MEMORY) * cost
        else:
            self._mean = cost

    def forget(self) -> None:
        """What was measured tells nothing of what is to come."""
        self._mean = self._spread = 0.0

    def first(self, frames: int) -> int:
        """Size of the first piece of a sentence."""
        in_one = self.cost * (frames + self._overlap) / (MARGIN * self._frame + self.cost)
        return self._fit(min(self._keeping_up(self.cost), in_one), frames)

    def next(self, left: int, buffered: float) -> int:
        """Size of the next of *left* frames, with *buffered* seconds given and not played yet."""
        in_time = MARGIN * buffered / self.cost - self._overlap if self.cost else inf
        return self._fit(min(max(min(self._keeping_up(self._mean), _LATE), in_time), LARGEST), left)

    def _keeping_up(self, cost: float) -> float:
        spare = MARGIN * self._frame - cost
        return cost * self._overlap / spare if spare > 0 else inf

    def _fit(self, size: float, left: int) -> int:
        whole = ceil(min(max(size, SMALLEST), left))
        # A rest that is hardly worth a run goes along.
        return left if left - whole < SMALLEST else whole
