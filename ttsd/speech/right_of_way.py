"""Who may use the processor for synthesis: what waits in the queue goes first, others when it leaves room.

Invariant: the queue never waits for anybody here; whoever asks for room waits for a bounded time.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CALM = 0.03
"""Seconds that the queue must have left room for: between two chunks of a sentence it does for a moment."""


class RightOfWay:
    """One for the process. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        self._since = float("-inf")
        """When it was given back last (monotonic seconds)."""

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Within it an engine works for the queue."""
        with self._changed:
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._since = time.monotonic()
                self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until the queue needs no engine; False: it still does after *timeout* seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                now = time.monotonic()
                calm = self._since + CALM - now
                if not self._taken and calm <= 0:
                    return True
                if now >= deadline:
                    return False
                left = deadline - now
                self._changed.wait(left if self._taken else min(left, calm))
