"""Silence pushed behind the last frame of an utterance, and what was heard in spite of it.

Some devices play whole blocks only (PipeWire) or start with a full buffer (ALSA): the end of an
utterance would wait there for the next one. Outputs then fill the block up; this counts it out again.
"""

from __future__ import annotations


class Padding:
    """Positions with and without the silence pushed in between."""

    def __init__(self) -> None:
        self.total = 0
        """Frames of silence pushed so far."""
        self._last = 0
        self._last_at = 0

    def add(self, frames: int, written: int) -> None:
        """*frames* of silence were pushed behind frame number *written*."""
        if self._last_at != written:
            self._last, self._last_at = 0, written
        self._last += frames
        self.total += frames

    def heard(self, passed: int) -> int:
        """Frames of sound among the first *passed* frames; right from the last push but one on."""
        before = passed - self.total + self._last
        return max(min(before, self._last_at), passed - self.total)
