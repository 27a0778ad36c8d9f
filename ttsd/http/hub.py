"""Events for whoever subscribed over HTTP.

Invariants: `publish` never blocks and may be called from any thread; each event is written once, however many
read it; a subscriber that reads too slowly is dropped, and never silently misses an event.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING

from ttsd.control import protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from ttsd.events import Event

MOST_WAITING = 1000
"""Events that may wait for one subscriber, and for the loop."""


class Subscription:
    """One subscriber's events."""

    def __init__(self, names: Collection[str]) -> None:
        """*names*: only these; empty: all."""
        self._names = frozenset(names)
        self._lines: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._overrun = asyncio.Event()

    @property
    def overrun(self) -> bool:
        """Whether it read too slowly: what comes now is not all."""
        return self._overrun.is_set()

    def wants(self, event: Event) -> bool:
        """Whether it asked for such events."""
        return not self._names or event.name in self._names

    def tell(self, line: str) -> None:
        """One more."""
        try:
            self._lines.put_nowait(line)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """It has missed something."""
        self._overrun.set()

    async def next(self) -> str | None:
        """The next event as JSON-RPC, as the control socket sends it; None: it was dropped."""
        if self.overrun:
            return None
        line, over = asyncio.create_task(self._lines.get()), asyncio.create_task(self._overrun.wait())
        try:
            await asyncio.wait({line, over}, return_when=asyncio.FIRST_COMPLETED)
            return None if over.done() else line.result()
        finally:
            line.cancel()
            over.cancel()


class Hub:
    """All subscribers. `publish` and `wanted` are for any thread, the rest for the loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: set[Subscription] = set()
        self._lock = threading.Lock()
        self._posted: deque[Event] = deque()
        self._overrun = False

    def open(self) -> None:
        """Deliver into the running loop from now on."""
        self._loop = asyncio.get_running_loop()

    @property
    def wanted(self) -> bool:
        """Whether anybody subscribed."""
        return bool(self._subscriptions)

    def publish(self, event: Event) -> None:
        """Tell the subscribers."""
        if not self._subscriptions or self._loop is None:
            return
        with self._lock:
            waking = not self._posted
            if len(self._posted) >= MOST_WAITING:
                self._overrun = True
                return
            self._posted.append(event)
        if waking:
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # it has ended
                self._subscriptions.clear()

    def subscribe(self, names: Collection[str]) -> Subscription:
        """Tell from now on; *names*: only these; empty: all."""
        subscription = Subscription(names)
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Tell it no more."""
        self._subscriptions.discard(subscription)

    def _deliver(self) -> None:
        with self._lock:
            posted, self._posted = self._posted, deque()
            overrun, self._overrun = self._overrun, False
        for event in posted:
            line = protocol.event(event).decode().rstrip("\n")
            for subscription in self._subscriptions:
                if subscription.wants(event):
                    subscription.tell(line)
        if overrun:
            for subscription in self._subscriptions:
                subscription.drop()
