"""What a link has received and nobody has taken yet: bounded, closable, with one reader who can be woken."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.engines.wire import Event

ROOM = 16 << 20
"""Bytes of sound that may wait: three minutes of float samples at 22 050 Hz."""


class Closed(Exception):
    """Nothing will come any more."""


class Inbox:
    """A queue of events between the thread that reads a link and the one that speaks."""

    def __init__(self, room: int = ROOM) -> None:
        """*room*: bytes of payload above which `put` waits."""
        self._room = room
        self._bytes = 0
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._woken = False

    @property
    def closed(self) -> bool:
        """The link has ended; what came before can still be taken."""
        return self._closed

    def put(self, event: Event) -> None:
        """Add, waiting for room; after `close` the event is dropped."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < self._room or self._closed)
            if not self._closed:
                self._events.append(event)
                self._bytes += len(event.payload)
                self._changed.notify_all()

    def get(self, timeout: float) -> Event | None:
        """The next event, or None after *timeout* seconds or a `wake`. Raises Closed at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._closed or self._woken, max(0.0, timeout))
            if self._woken:
                self._woken = False
                return None
            if self._events:
                event = self._events.popleft()
                self._bytes -= len(event.payload)
                self._changed.notify_all()
                return event
            if self._closed:
                raise Closed
            return None

    def wake(self) -> None:
        """Let `get` return None, now or at its next call."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing will be added any more; idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
