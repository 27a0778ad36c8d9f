"""The link to an engine's process: made when it is needed, kept while it is of use, replaced when it is not.

Invariants
- There is one link, or none; whatever happens to it, the next who asks for it (`ready`) gets a new one.
  While a worker that does not stop is replaced (handover.py) there are two, at no time more.
- After `close` nothing is left: no process, no thread, no descriptor; and nothing new is begun.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ttsd.engines import protocol
from ttsd.engines.figures import Figures
from ttsd.engines.handover import Handover
from ttsd.engines.inbox import Closed
from ttsd.engines.link import tell
from ttsd.engines.talk import Talk
from ttsd.errors import EngineCancelled, EngineCrashed, EngineError, EngineMissing
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.engines.catalog import Entry
    from ttsd.engines.connect import Connector
    from ttsd.engines.link import Link
    from ttsd.engines.protocol import Info
    from ttsd.engines.talk import Patience
    from ttsd.model import EngineName

log = Logger("ttsd.engines")


class Keeper:
    """Keeps the link of one host. `ready` and `hand_over` are for one thread at a time, the rest for any."""

    def __init__(
        self,
        name: EngineName,
        entry: Entry,
        connector: Connector,
        patience: Patience,
        clock: Clock,
        *,
        cancelled: Callable[[], bool],
        heard: Callable[[str], str | None],
    ) -> None:
        """*cancelled*: nobody waits for `ready` any more; *heard*: see Connector. Starts nothing."""
        self.name = name
        self._entry = entry
        self._connector = connector
        self._patience = patience
        self._clock = clock
        self._cancelled = cancelled
        self._heard = heard
        self._loading = threading.Lock()
        """Held while a link is made and the engine gets ready."""
        self._state = threading.Lock()
        """Guards what follows; never held while waiting."""
        self._link: Link | None = None
        self._info: Info | None = None
        self._let_go: Link | None = None
        """The link that nobody wants any more; whoever still listens to it was not left in the lurch."""
        self._handover: Handover | None = None
        """Of the last sentence that was cancelled."""
        self._closed = False
        self.used = clock.monotonic()
        """When it was at a sentence last, or got ready: who had it loaded is given time to use it."""
        self.missing = connector.missing()
        """Why it cannot be reached at all."""
        self.detail: str | None = None
        """What it is doing, or what should be done about it."""
        self.figures = Figures()
        self.last_error: str | None = None

    @property
    def closed(self) -> bool:
        """It is over for good."""
        return self._closed

    @property
    def stopped(self) -> bool:
        """Nobody waits any more."""
        return self._closed or self._cancelled()

    @property
    def stopping(self) -> bool:
        """A cancelled sentence goes on, and nothing has taken its process's place yet."""
        return self._handover is not None and not self._handover.over

    def current(self) -> tuple[Link | None, Info | None]:
        """The link, and what its engine told of itself when it was ready."""
        with self._state:
            return self._link, self._info

    def wake(self, running: int | None) -> None:
        """Let whoever waits see that it is `stopped`; *running*: the sentence to cancel."""
        with self._state:
            link, handover = self._link, self._handover
        if handover is not None:
            handover.wake()
        if link is not None:
            if running is not None:
                tell(link, protocol.cancel(running))
            link.wake()

    def ready(self) -> tuple[Link | None, Info]:
        """A link that has nothing left to do, to an engine that is ready; None for a foreign server.

        Raises EngineError.
        """
        with self._loading:
            if (handover := self._handover) is not None:
                handover.wait(lambda: self.stopped)
            with self._state:
                if self._closed:
                    raise EngineCancelled("it was closed", where=self.name)
                link, info = self._link, self._info
            if link is not None and not link.alive:
                # It ended while nobody asked anything of it.
                log.warning("engine_ended", engine=self.name, reason=link.last_words())
                self.drop(link)
                link = info = None
            if info is not None:
                return link, info
            began = self._clock.monotonic()
            link = link or self._connect()
            try:
                info = self.talk(link).info()
            except Closed:
                raise self.lost(link) from None
            except EngineCancelled:
                raise  # it goes on loading; the next sentence waits for the same process
            except EngineError:
                self.drop(link)
                raise
            with self._state:
                self._info, self.detail = info, self._connector.outdated()
                self._link = link if info.familiar else None
            self._note_ready(link, info, began)
            if info.familiar:
                return link, info
            link.end()
            return None, info

    def talk(self, link: Link, patience: Patience | None = None) -> Talk:
        """An exchange over *link* that ends when nobody waits for it."""
        return Talk(
            link, self.name, patience or self._patience, self._clock, lambda: self.stopped, self._note
        )

    def lost(self, link: Link) -> EngineError:
        """What to say of a link that is closed."""
        if self.stopped or link is self._let_go:
            return EngineCancelled("cancelled", where=self.name)
        words = link.last_words()
        self.drop(link)
        log.warning("engine_ended", engine=self.name, reason=words)
        return EngineCrashed(words, where=self.name)

    def drop(self, link: Link) -> None:
        """Have nothing more to do with it: it is killed, and cleared away in the background."""
        link.kill()
        with self._state:
            if self._link is link:
                self._link = self._info = None

    def ask_anew(self) -> None:
        """What it told of itself may not be true any more."""
        with self._state:
            self._info = None

    def hand_over(self, link: Link, talk: Talk, job: int) -> None:
        """Let a cancelled sentence end, or another process take the place of one that goes on with it."""
        began = self._clock.monotonic()

        def listen(new: Link) -> Info:
            return Talk(new, self.name, self._patience, self._clock, lambda: self._closed, self._tell).info()

        def take(handover: Handover, new: Link, info: Info) -> bool:
            with self._state:
                if self._handover is not handover:  # it was let go of
                    return False
                self._link, self._info, self.detail = new, info, self._connector.outdated()
            link.kill()
            log.info("engine_replaced", engine=self.name, reason="it did not stop when cancelled")
            self._note_ready(new, info, began)
            return True

        handover = Handover(
            self.name,
            link,
            stops=lambda seconds: talk.drain(job, seconds),
            grace=self._entry.cancel_grace,
            # Elsewhere it would be the same process that is asked.
            another=None if self._connector.elsewhere else self._begin,
            listen=listen,
            take=take,
            drop=self.drop,
        )
        with self._state:  # started before anybody can see it: nobody joins a thread that does not run
            self._handover = handover
            handover.start()

    def let_go(self) -> Callable[[], None] | None:
        """Have the next who asks start anew; what is returned ends what runs. None: nothing does."""
        with self._state:
            link, handover = self._link, self._handover
            if link is None and not self.stopping:
                return None
            self._let_go = link
            self._link = self._info = self._handover = None

        def end() -> None:
            if link is not None:
                link.end()
            if handover is not None:
                handover.end()

        return end

    def close(self) -> None:
        """End it for good; idempotent."""
        with self._state:
            self._closed = True
        self.wake(None)
        if (end := self.let_go()) is not None:
            end()

    def _connect(self) -> Link:
        link = self._begin()
        with self._state:
            if not self._closed:
                self._link, self._info = link, None
                return link
        link.end()
        raise EngineCancelled("it was closed", where=self.name)

    def _begin(self) -> Link:
        """A new link, whose engine is asked what it is."""
        self.missing = self._connector.missing()
        if self.missing is not None:
            what = f"{self._entry.label} {self.missing}"
            raise EngineMissing(what, where=self.name, next_step=self._entry.install)
        link = self._connector.connect(self._heard)
        tell(link, protocol.describe())
        return link

    def _note_ready(self, link: Link, info: Info, began: float) -> None:
        self.used = self._clock.monotonic()
        took = self.used - began
        self.figures.loaded(took, info)
        self.last_error = None
        log.info("engine_ready", engine=self.name, seconds=round(took, 2), pid=link.pid, detail=self.detail)

    def _note(self, text: str) -> None:
        self.detail = text
        self._tell(text)

    def _tell(self, text: str) -> None:
        log.info("engine_progress", engine=self.name, doing=text)
