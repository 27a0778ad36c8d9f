"""The source room's one entrance: follows all sources and commits what it reads.

`step` does one bounded round: take hints, look at what is due, read one turn of each file that has
something, commit each. A thread only repeats it. Invariants: a byte budget for each file and turn, so
that one that grows by a gigabyte delays nobody; when the store cannot take lines they wait in their
files, and are read again from the last committed offset.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import StoreError
from ttsd.logger import Logger
from ttsd.settings import RetentionSettings
from ttsd.sources.attention import LOOK, Attention
from ttsd.sources.context import Context, Handles
from ttsd.sources.expiry import Expiry
from ttsd.sources.files import SystemFiles
from ttsd.sources.folders import Folders
from ttsd.sources.joining import joiner_of
from ttsd.sources.known import Known
from ttsd.sources.lines import encoding_of
from ttsd.sources.make import make_source
from ttsd.sources.news import News, Nobody
from ttsd.sources.stream import is_stream
from ttsd.sources.turns import Turns
from ttsd.sources.watch import open_watcher

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.settings import SourceSettings
    from ttsd.sources.attention import OpenWatcher
    from ttsd.sources.files import Files
    from ttsd.sources.news import Observer
    from ttsd.sources.source import Source
    from ttsd.sources.status import SourceStatus
    from ttsd.store import Store

log = Logger("ttsd.sources")

HANDLES = 256
"""Files kept open at once."""
FINISH = 1.0
"""Seconds that `finish` may read on."""
_RETRY = (0.5, 5.0)
"""Seconds until the store is tried again after a failure: first and longest."""


class SourceReader:
    """See the module. `wake`, `update` and `status` may be called from any thread."""

    def __init__(
        self,
        settings: tuple[SourceSettings, ...],
        base: Path,
        store: Store,
        clock: Clock,
        *,
        max_age: float | None = None,
        retention: RetentionSettings | None = None,
        files: Files | None = None,
        watcher: OpenWatcher | None = None,
        handles: int = HANDLES,
        observer: Observer | None = None,
    ) -> None:
        """Follow *settings*, whose relative paths belong to the folder *base*.

        max_age: seconds after which a line is no longer worth saying; files, watcher: the edges, for tests;
        handles: files kept open at once; observer: who is told what changes. Raises StoreError, SourceError for settings that cannot work.
        """
        check(settings)
        self._clock = clock
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wanted: tuple[tuple[SourceSettings, ...], Path, float | None] | None = None
        self._context = Context(
            store,
            clock,
            files or SystemFiles(),
            Folders(clock),
            Known(store.checkpoints()),
            Handles(handles),
            self.wake,
        )
        self._attention = Attention(watcher or open_watcher, self.wake)
        observer = observer or Nobody()
        self._news = News(observer)
        self._turns = Turns(store, clock, self._attention.urge, observer.dropped)
        self._turns.max_age = max_age
        self._expiry = Expiry(self._context, (retention or RetentionSettings()).files)
        self._sources: tuple[Source, ...] = ()
        self.settled = False
        """Whether the first round is over: every source is followed, or the store's trouble is known."""
        self._base = base
        self._trouble: StoreError | None = None
        self._retry_at = 0.0
        self._retry = _RETRY[0]
        self._take((settings, base, max_age))

    # Threads ---------------------------------------------------------------------------------------

    def wait(self, timeout: float) -> None:
        """Sleep until *timeout* seconds passed or `wake` was called."""
        self._event.wait(timeout)
        self._event.clear()

    def wake(self) -> None:
        """Something may be there to read."""
        self._event.set()

    def update(
        self, settings: tuple[SourceSettings, ...], base: Path, *, max_age: float | None = None
    ) -> None:
        """Follow *settings* from the next step on; sources that stay keep their offsets and handles.

        Raises SourceError for settings that cannot work; the old ones stay then.
        """
        check(settings)
        with self._lock:
            self._wanted = (settings, base, max_age)
        self.wake()

    def status(self) -> tuple[SourceStatus, ...]:
        """A snapshot of every source; never blocks."""
        return tuple(self._status(source) for source in self._sources)

    def _status(self, source: Source) -> SourceStatus:
        status = source.status(self._attention.kind(source))
        trouble = self._trouble
        if trouble is not None:
            return replace(status, waiting=f"lines wait in their files: {trouble}", last_error=str(trouble))
        return replace(status, last_error=status.last_error or self._attention.trouble(source))

    # One round -------------------------------------------------------------------------------------

    def step(self) -> float:
        """Do one bounded round; return the seconds until the next is due (0: there is more to read)."""
        now = self._clock.monotonic()
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._take(wanted)
            log.info("sources_changed", sources=[source.name for source in self._sources])
        if self._trouble is not None and now < self._retry_at:
            return self._retry_at - now
        try:
            due, ready = self._attention.gather(self._sources, now)
            self._turns.add(ready)
            for source in due:
                self._turns.add(self._attention.look(source, now))
                if not source.followed and is_stream(source.settings, self._base):
                    # A FIFO lies where a file was expected: begin anew, knowing it.
                    self._take(
                        (tuple(one.settings for one in self._sources), self._base, self._turns.max_age)
                    )
            self._turns.read(now)
            for source in self._sources:
                source.retire(now)
            for source in due:
                self._news.look(source)
            self._expiry.step(self._sources)
        except StoreError as error:
            return self._suffer(error, now)
        if self._trouble is not None:
            log.info("store_works_again")
            self._trouble, self._retry = None, _RETRY[0]
        self.settled = True
        return max(0.0, min(self._turns.next(now) or now + LOOK, self._attention.next(now)) - now)

    def _suffer(self, error: StoreError, now: float) -> float:
        """Lines wait in their files, and the store is tried again after a while."""
        if self._trouble is None:
            log.error("lines_wait_in_files", reason=str(error), code=error.code)
        self._trouble, self.settled = error, True
        self._retry_at = now + self._retry
        self._retry = min(self._retry * 2, _RETRY[1])
        for source in self._sources:
            # What a look found before the store failed is found again.
            self._attention.urge(source)
        return self._retry_at - now

    def finish(self) -> None:
        """At a stop: look once more, read what is there as far as FINISH goes, and commit it."""
        began = self._clock.monotonic()
        for source in self._sources:
            self._attention.urge(source)
        while self.step() == 0.0 and self._clock.monotonic() - began < FINISH:
            pass

    def close(self) -> None:
        """Stop watching and give all handles back; idempotent. Offsets are committed already."""
        self._attention.close()
        for source in self._sources:
            source.close()
        self._sources = ()

    def _take(self, wanted: tuple[tuple[SourceSettings, ...], Path, float | None]) -> None:
        """Put settings in force: sources that stay keep their files, those that go give them back."""
        settings, self._base, self._turns.max_age = wanted
        base = self._base
        old = list(self._sources)
        new: list[Source] = []
        for one in settings:
            source = make_source(one, base, self._context)
            before = next((o for o in old if o.path == source.path and type(o) is type(source)), None)
            if before is not None:
                old.remove(before)
                if before.settings == one:
                    source.close()
                    source = before
                else:
                    source.succeed(before)
            new.append(source)
        for gone in old:
            gone.close()
        self._sources = tuple(new)
        self._news.keep(frozenset(source.name for source in new))
        self._attention.follow(new)


def check(settings: tuple[SourceSettings, ...]) -> None:
    """Raise SourceError for the first of *settings* that cannot work: an encoding, a pattern."""
    for one in settings:
        encoding_of(one.encoding, b"")
        joiner_of(one)
