"""What becomes of a worker whose sentence was cancelled: it stops, or another process takes its place.

1. It is listened to for STOPS_WITHIN seconds: most stop within milliseconds, and go on as ever.
2. One that goes on gets a second process beside it, which loads in the background.
3. Whichever is ready first is kept and the other is ended; the old one is ended after its grace time in
   any case. If there is no second one, or it fails, the old one has its grace.

Invariants: when it is over, one of the two is left, or none, and what else was started is ended. Each of
the two is listened to by a thread of its own; `end` leaves none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ttsd.engines.inbox import Closed
from ttsd.errors import EngineCancelled, EngineError
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.engines.link import Link
    from ttsd.engines.protocol import Info

log = Logger("ttsd.engines")

STOPS_WITHIN = 0.2
"""Seconds that a cancelled sentence may go on before another process is started."""


class Handover:
    """The end of one cancelled sentence, and the two who may speak the next one."""

    def __init__(
        self,
        name: str,
        old: Link,
        *,
        stops: Callable[[float], bool],
        grace: float,
        another: Callable[[], Link] | None,
        listen: Callable[[Link], Info],
        take: Callable[[Handover, Link, Info], bool],
        drop: Callable[[Link], None],
    ) -> None:
        """Nothing happens before `start`. The rest is called from threads of this.

        *stops*: whether the sentence ends within so many seconds (raises Closed); *grace*: seconds that it has.
        *another*: starts a second process (raises EngineError); None: there is no use in one.
        *listen*: what that one says when it is ready (raises EngineError, Closed).
        *take*: it is used from now on; False: nobody wants it any more. *drop*: the old one is not.
        """
        self._name = name
        self._old = old
        self._stops = stops
        self._grace = grace
        self._another = another
        self._listen = listen
        self._take = take
        self._drop = drop
        self._changed = threading.Condition()
        """Guards what follows."""
        self._new: Link | None = None
        self._hopes = 1
        """Of the two, those who may still be ready."""
        self._decided = False
        self.over = False
        """It is known who speaks next, and that one has its place."""
        self._threads = [threading.Thread(target=self._see_out, name=f"engine-{name}-drain", daemon=True)]

    def start(self) -> None:
        """Listen to the old one."""
        self._threads[0].start()

    def wait(self, stopped: Callable[[], bool]) -> None:
        """Until it is over. *stopped*: nobody waits any more (see `wake`). Raises EngineCancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or stopped())
            if not self.over:
                raise EngineCancelled("cancelled", where=self._name)

    def wake(self) -> None:
        """Let `wait` ask again whether anybody waits."""
        with self._changed:
            self._changed.notify_all()

    def end(self) -> None:
        """End both and wait until nothing is left of them."""
        self._decide()
        self._finish()
        self._old.kill()
        if self._new is not None:
            self._new.kill()
        for thread in tuple(self._threads):
            thread.join()
        self._old.end()

    def _see_out(self) -> None:
        """The old one's thread."""
        short = min(STOPS_WITHIN, self._grace)
        try:
            stopped = self._stops(short)
            if not stopped:
                self._begin_another()
                stopped = self._stops(self._grace - short)
        except Closed:  # it ended, or was ended because the new one is ready
            stopped = False
        if not stopped:
            self._drop(self._old)
            self._lose_hope()
        elif self._decide():
            if self._new is not None:
                self._new.kill()
            self._finish()

    def _begin_another(self) -> None:
        with self._changed:
            if self._another is None or self._decided:
                return
            self._hopes += 1
            thread = threading.Thread(
                target=self._load, args=(self._another,), name=f"engine-{self._name}-second", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _load(self, another: Callable[[], Link]) -> None:
        """The new one's thread."""
        link: Link | None = None
        try:
            link = another()
            with self._changed:
                self._new, late = link, self._decided
            if not late:
                info = self._listen(link)
                if self._decide() and self._take(self, link, info):
                    self._finish()
                    return
        except Closed:
            self._log_failure("its process ended")
        except EngineError as error:
            self._log_failure(error.what)
        self._lose_hope()
        if link is not None:
            link.kill()
            link.end()

    def _log_failure(self, reason: str) -> None:
        if not self._decided:
            log.warning("second_process_failed", engine=self._name, reason=reason)

    def _decide(self) -> bool:
        """Whether it is the caller who decides."""
        with self._changed:
            mine, self._decided = not self._decided, True
            return mine

    def _lose_hope(self) -> None:
        with self._changed:
            self._hopes -= 1
            none_left = not self._hopes
        if none_left and self._decide():
            self._finish()

    def _finish(self) -> None:
        with self._changed:
            self.over = True
            self._changed.notify_all()
