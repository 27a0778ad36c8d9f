"""The source room's one entrance: reads all sources in turn and commits what it reads.

`step` does one bounded round: take hints, look at what is due, read one turn of each file that has
something, commit each. A thread only repeats it. Invariants: a byte budget for each file and turn, so
that one that grows by a gigabyte delays nobody; when the store cannot take lines they wait in their
files, and are read again from the last committed offset.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog

from ttsd.errors import SourceError, StoreError
from ttsd.sources.context import Context
from ttsd.sources.files import SystemFiles
from ttsd.sources.folders import Folders
from ttsd.sources.known import Known
from ttsd.sources.lines import encoding_of
from ttsd.sources.source import Source
from ttsd.sources.tail import Exchanged, Moved
from ttsd.sources.watch import open_watcher
from ttsd.store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import Literal

    from ttsd.clock import Clock
    from ttsd.settings import SourceSettings
    from ttsd.sources.files import Files
    from ttsd.sources.status import SourceStatus
    from ttsd.sources.tail import Tail, Turn
    from ttsd.sources.watch import Hints, Watcher
    from ttsd.store import Store

log = structlog.get_logger("ttsd.sources")

LOOK = 2.0
"""Seconds between two looks at everything behind a watcher's back."""
POLL = 0.5
"""Seconds between two looks where no events come."""
LATE = 0.25
"""Seconds between two looks while a file that lost its place is kept for late writers."""
BLOCKED = 0.1
"""Seconds until a source whose queue was full is tried again."""
CAP = 10_000
"""Queued lines of one source; while there are more, the rest stays in its files."""
ROUND = 0.05
"""Seconds after which a round gives hints their turn, even if files have more to read."""
_RETRY = (0.5, 5.0)
"""Seconds until the store is tried again after a failure: first and longest."""


class _Result(Enum):
    """How a turn ended."""

    DONE = auto()
    """Nothing more to read for now."""
    MORE = auto()
    """There is more."""
    BLOCKED = auto()
    """There is more, but it has to wait in the file."""


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
        files: Files | None = None,
        watcher: Callable[[Literal["auto", "inotify", "watchdog", "poll"], Callable[[], None]], Watcher]
        | None = None,
    ) -> None:
        """Follow *settings*, whose relative paths belong to the folder *base*.

        max_age: seconds after which a line is no longer worth saying; files, watcher: the edges, for tests.
        Raises StoreError, SourceError for settings that cannot work.
        """
        self._store = store
        self._clock = clock
        self._max_age = max_age
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wanted: tuple[tuple[SourceSettings, ...], Path, float | None] | None = None
        self._open_watcher = watcher or open_watcher
        self._watchers: dict[str, Watcher] = {}
        self._context = Context(
            store, clock, files or SystemFiles(), Folders(clock), Known(store.checkpoints())
        )
        self._sources: tuple[Source, ...] = tuple(Source(one, base, self._context) for one in settings)
        self._ready: dict[Tail, None] = {}
        self._due: dict[Source, float] = {}
        self._trouble: StoreError | None = None
        self._retry_at = 0.0
        self._retry = _RETRY[0]

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
        for one in settings:
            encoding_of(one.encoding, b"")
        with self._lock:
            self._wanted = (settings, base, max_age)
        self.wake()

    def status(self) -> tuple[SourceStatus, ...]:
        """A snapshot of every source; never blocks."""
        return tuple(self._status(source) for source in self._sources)

    def _status(self, source: Source) -> SourceStatus:
        watcher = self._watchers.get(source.settings.watch)
        polled = watcher is None or self._polled(source, watcher)
        status = source.status("poll" if polled or watcher is None else watcher.kind)
        trouble = self._trouble
        if trouble is not None:
            return replace(status, waiting=f"lines wait in their files: {trouble}", last_error=str(trouble))
        if status.last_error is None and watcher is not None:
            return replace(status, last_error=watcher.trouble())
        return status

    # One round -------------------------------------------------------------------------------------

    def step(self) -> float:
        """Do one bounded round; return the seconds until the next is due (0: there is more to read)."""
        now = self._clock.monotonic()
        self._apply()
        if self._trouble is not None and now < self._retry_at:
            return self._retry_at - now
        try:
            self._look(now, self._hints())
            blocked = self._read(now)
            for source in self._sources:
                source.retire()
        except StoreError as error:
            return self._suffer(error, now)
        if self._trouble is not None:
            log.info("the store works again")
            self._trouble, self._retry = None, _RETRY[0]
        if self._ready and not blocked:
            return 0.0
        due = min(self._due.values(), default=now + LOOK)
        return max(0.0, min(due - now, BLOCKED if blocked else LOOK))

    def finish(self) -> None:
        """At a stop: look once more, read what is there as far as a second goes, and commit it."""
        now = self._clock.monotonic()
        self._due = dict.fromkeys(self._sources, now)
        while self.step() == 0.0 and self._ready and self._clock.monotonic() - now < 1.0:
            pass

    def close(self) -> None:
        """Stop watching and give all handles back; idempotent. Offsets are committed already."""
        for watcher in self._watchers.values():
            watcher.close()
        self._watchers.clear()
        for source in self._sources:
            source.close()
        self._sources = ()

    def _suffer(self, error: StoreError, now: float) -> float:
        if self._trouble is None:
            log.error("lines wait in their files", reason=str(error), code=error.code)
        self._trouble = error
        self._retry_at = now + self._retry
        self._retry = min(self._retry * 2, _RETRY[1])
        return self._retry_at - now

    def _apply(self) -> None:
        """Take over settings that `update` left."""
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        settings, base, self._max_age = wanted
        old = list(self._sources)
        new: list[Source] = []
        for one in settings:
            source = Source(one, base, self._context)
            before = next((o for o in old if o.pattern.path == source.pattern.path), None)
            if before is not None:
                old.remove(before)
                if before.settings == one:
                    source = before
                else:
                    source.succeed(before)
            new.append(source)
        for gone in old:
            gone.close()
        self._sources = tuple(new)
        self._ready = {tail: None for tail in self._ready if tail.owner in new}
        self._due = {}
        self._keep()
        log.info("sources changed", sources=[source.name for source in new])

    # Looking ---------------------------------------------------------------------------------------

    def _watcher(self, source: Source) -> Watcher:
        kind = source.settings.watch
        if kind not in self._watchers:
            self._watchers[kind] = self._open_watcher(kind, self.wake)
        return self._watchers[kind]

    def _keep(self) -> None:
        """Give watches back that no source needs."""
        for kind, watcher in self._watchers.items():
            users = [source for source in self._sources if source.settings.watch == kind]
            watcher.keep({directory for source in users for directory in source.pattern.directories})

    def _polled(self, source: Source, watcher: Watcher) -> bool:
        return not all(watcher.covers(directory) for directory in source.pattern.directories)

    def _hints(self) -> list[Hints]:
        return [watcher.drain() for watcher in self._watchers.values()]

    def _look(self, now: float, hints: Iterable[Hints]) -> None:
        """Follow hints, and look at every source that is due."""
        due = {source for source in self._sources if self._due.get(source, 0.0) <= now}
        for hint in hints:
            if hint.everything:
                due.update(self._sources)
                break
            for source in self._sources:
                if source not in due and any(source.pattern.concerns(name) for name in hint.names):
                    due.add(source)
            for path in hint.paths:
                for source in self._sources:
                    tail, structure = source.glance(path)
                    if tail is not None:
                        self._ready[tail] = None
                    if structure:
                        due.add(source)
        for source in self._sources:
            if source in due:
                self._look_at(source, now)

    def _look_at(self, source: Source, now: float) -> None:
        watcher = self._watcher(source)
        before = source.pattern.directories
        for tail in source.look(watcher.add):
            self._ready[tail] = None
        if source.pattern.directories != before:
            self._keep()
        self._due[source] = now + (
            LATE if source.departed else POLL if self._polled(source, watcher) else LOOK
        )

    # Reading ---------------------------------------------------------------------------------------

    def _read(self, now: float) -> bool:
        """Read one turn of each file that has something; whether only blocked ones are left."""
        blocked = 0
        for tail in list(self._ready):
            result = self._turn(tail)
            # Behind the others, so that each gets its turn.
            del self._ready[tail]
            if result is not _Result.DONE:
                self._ready[tail] = None
            blocked += result is _Result.BLOCKED
            if self._clock.monotonic() - now > ROUND:
                return False
        return bool(self._ready) and blocked == len(self._ready)

    def _turn(self, tail: Tail) -> _Result:
        """Read and commit one turn of *tail*, older files of its path first."""
        for older in tail.before:
            if not older.drained:
                result = self._turn(older)
                if not older.drained:
                    return result if result is _Result.BLOCKED else _Result.MORE
        tail.before = ()
        source = tail.owner
        if self._store.waiting(source.name) >= CAP:
            tail.waiting = f"{CAP} of its lines are queued; the rest stays in the file meanwhile"
            return _Result.BLOCKED
        tail.waiting = None
        try:
            turn = tail.turn()
        except Exchanged:
            source.exchanged(tail)
            return _Result.MORE
        except Moved:
            if source.moved(tail):
                return _Result.MORE
            tail.drained = True
            self._due[source] = 0.0
            return _Result.DONE
        except (OSError, SourceError) as error:
            tail.error = str(error)
            tail.drained = tail.departed is not None
            log.warning("file cannot be read", source=source.name, path=tail.path, reason=str(error))
            return _Result.DONE
        if turn.checkpoint is not tail.at:
            self._commit(tail, turn)
            tail.active = self._clock.monotonic()
        if not turn.more:
            tail.drained = tail.departed is not None
            return _Result.DONE
        return _Result.MORE

    def _commit(self, tail: Tail, turn: Turn) -> None:
        # A blank line has nothing to say; its bytes are acknowledged all the same.
        lines = tuple(line for line in turn.lines if line.text and not line.text.isspace())
        batch = Batch(tail.owner.name, turn.checkpoint, lines, max_age=self._max_age)
        checkpoint = self._store.commit(batch).checkpoint
        if checkpoint is not None:
            tail.committed(checkpoint)
        tail.cut_lines += sum(line.cut for line in turn.lines)
        tail.error = None
