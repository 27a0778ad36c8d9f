"""A progress bar with the time left, on a terminal; elsewhere nothing until it is done."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TextIO

WIDTH = 24
"""Characters of the bar."""
EVERY = 0.1
"""Seconds between two drawings."""


class Bar:
    """One line that is drawn over and over; a context manager that ends it."""

    def __init__(
        self,
        what: str,
        total: float,
        show: Callable[[float], str],
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*what*: stands before the bar; *total*: in units that *show* puts into words."""
        self._what, self._total, self._show, self._clock = what, total, show, clock
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._began: float | None = None
        self._first = 0.0
        self._drawn = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the line empty."""
        if self._live and self._began is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __call__(self, done: float, note: str = "") -> None:
        """So much is done. *note*: what it is at."""
        now = self._clock()
        if self._began is None:
            self._began, self._first = now, done  # what was there before took no time
        if not self._live or (now - self._drawn < EVERY and done < self._total):
            return
        self._drawn = now
        self._stream.write(f"\r\x1b[K{self.line(done, now, note)}")
        self._stream.flush()

    def line(self, done: float, now: float, note: str = "") -> str:
        """What is drawn."""
        part = min(1.0, done / self._total) if self._total else 0.0
        full = int(part * WIDTH)
        left = self._left(done, now)
        parts = [f"{self._what} [{'#' * full}{'.' * (WIDTH - full)}] {part:4.0%}", self._show(done)]
        parts += [f"{left} left"] * bool(left) + [note] * bool(note)
        return ", ".join(parts)[:118]

    def _left(self, done: float, now: float) -> str:
        gained = done - self._first
        if self._began is None or gained <= 0 or now <= self._began or done >= self._total:
            return ""
        seconds = (self._total - done) * (now - self._began) / gained
        return duration(seconds)


def duration(seconds: float) -> str:
    """1:05 for sixty-five seconds, 2:00:00 for two hours."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def megabytes(amount: float) -> str:
    """12.3 MB."""
    return f"{amount / 1e6:.1f} MB"
