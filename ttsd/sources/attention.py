"""What has to be looked at, and when: hints from watchers, and a slow look at everything behind their backs.

Invariant: every source is looked at every LOOK seconds at the latest, every POLL seconds where events do
not come. Whether they come is not believed but seen: a directory in which files grow without a hint is
polled until one arrives.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TypeAlias

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ttsd.sources.source import Source
    from ttsd.sources.tail import Tail
    from ttsd.sources.watch import Watcher

    OpenWatcher: TypeAlias = Callable[
        [Literal["auto", "inotify", "watchdog", "poll"], Callable[[], None]], Watcher
    ]

log = Logger("ttsd.sources")

LOOK = 2.0
"""Seconds between two looks at everything behind a watcher's back."""
POLL = 0.5
"""Seconds between two looks where no events come."""
LATE = 0.25
"""Seconds between two looks while a file that lost its place is kept for late writers."""
_PATIENCE = 1.0
"""Seconds a hint may be late."""


class Attention:
    """The watchers and the times of the next looks. Belongs to the reader's thread; `kind` to any."""

    def __init__(self, open_watcher: OpenWatcher, wake: Callable[[], None]) -> None:
        """open_watcher: makes a watcher of a kind; wake: called by it when there are hints."""
        self._open_watcher = open_watcher
        self._wake = wake
        self._watchers: dict[str, Watcher] = {}
        self._due: dict[Source, float] = {}
        self._heard: dict[str, float] = {}
        """When each directory last gave a hint."""
        self._suspects: dict[str, float] = {}
        """Since when growth without a hint waits for its explanation."""
        self._silent: frozenset[str] = frozenset()

    def gather(self, sources: Sequence[Source], now: float) -> tuple[list[Source], list[Tail]]:
        """Take the hints: which sources have to be looked at, which files have something to read."""
        due = {source for source in sources if source.pressing or self._due.get(source, 0.0) <= now}
        ready: dict[Tail, None] = {}
        for watcher in self._watchers.values():
            hints = watcher.drain()
            if hints.everything:
                due.update(sources)
                continue
            self._hear(hints.paths | hints.names, now)
            for source in sources:
                if source not in due and any(source.concerns(name) for name in hints.names):
                    due.add(source)
            for path in hints.paths:
                for source in sources:
                    tail, structure = source.glance(path)
                    if tail is not None:
                        ready[tail] = None
                    if structure:
                        due.add(source)
        return [source for source in sources if source in due], list(ready)

    def _hear(self, paths: frozenset[str], now: float) -> None:
        for directory in {os.path.dirname(path) for path in paths}:  # noqa: PTH120 - text
            self._heard[directory] = now
            self._suspects.pop(directory, None)
            if directory in self._silent:
                self._silent -= {directory}
                log.info("events_come_again", directory=directory)

    def look(self, source: Source, now: float) -> list[Tail]:
        """Look at all of *source*; return the files that have something to read. Raises StoreError."""
        watcher = self._watcher(source)
        before = source.directories
        ready = source.look(watcher.add)
        if source.directories != before:
            self._keep(watcher, source.settings.watch)
        for tail in ready:
            if tail.idle and tail.lag and tail.departed is None:
                self._suspect(os.path.dirname(tail.path), watcher, now)  # noqa: PTH120 - text
        self._due[source] = now + (LATE if source.departed else self._pause(source))
        return ready

    def _pause(self, source: Source) -> float:
        return POLL if self.kind(source) == "poll" else LOOK

    def _suspect(self, directory: str, watcher: Watcher, now: float) -> None:
        """A file there grew; no hint has told so (yet)."""
        if not watcher.covers(directory) or now - self._heard.get(directory, -_PATIENCE) < _PATIENCE:
            return
        since = self._suspects.setdefault(directory, now)
        if now - since >= _PATIENCE and directory not in self._silent:
            self._silent |= {directory}
            log.warning("events_missing", directory=directory)

    def _watcher(self, source: Source) -> Watcher:
        kind = source.settings.watch
        if kind not in self._watchers:
            self._watchers[kind] = self._open_watcher(kind, self._wake)
        return self._watchers[kind]

    def _keep(self, watcher: Watcher, kind: str) -> None:
        """Give watches back that no source needs."""
        users = [source for source in self._due if source.settings.watch == kind]
        needed = {directory for source in users for directory in source.directories}
        watcher.keep(needed)
        self._heard = {known: when for known, when in self._heard.items() if known in needed}
        self._suspects = {known: when for known, when in self._suspects.items() if known in needed}
        self._silent &= needed

    def urge(self, source: Source) -> None:
        """Look at *source* in the next round."""
        self._due[source] = 0.0

    def follow(self, sources: Sequence[Source]) -> None:
        """These are the sources from now on, and all are due."""
        self._due = dict.fromkeys(sources, 0.0)
        for kind, watcher in self._watchers.items():
            self._keep(watcher, kind)

    def next(self, now: float) -> float:
        """Monotonic time of the next look."""
        return min(self._due.values(), default=now + LOOK)

    def kind(self, source: Source) -> str:
        """How changes in *source* are noticed: inotify, watchdog or poll. From any thread."""
        watcher = self._watchers.get(source.settings.watch)
        if watcher is None or any(
            directory in self._silent or not watcher.covers(directory) for directory in source.directories
        ):
            return "poll"
        return watcher.kind

    def trouble(self, source: Source) -> str | None:
        """Why its watcher cannot watch; None: it can. From any thread."""
        watcher = self._watchers.get(source.settings.watch)
        return None if watcher is None else watcher.trouble()

    def close(self) -> None:
        """End the watchers' threads; idempotent."""
        for watcher in self._watchers.values():
            watcher.close()
        self._watchers.clear()
