"""Hints that something changed: what watches, and what the reader may expect of it.

Invariant: a hint is never needed for a line to be read, only for it to be read at once. A lost, late or
doubled one is harmless, because a slow look at everything stands behind each watcher.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Literal, Protocol

from ttsd.frozen import frozen
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

log = Logger("ttsd.sources")

_MOST = 4096
"""Hints kept; more mean: look at everything."""


@frozen
class Hints:
    """What was reported since the last time."""

    paths: frozenset[str] = frozenset()
    """Files that were written, or whose rights changed."""
    names: frozenset[str] = frozenset()
    """Paths that appeared, vanished or were renamed."""
    everything: bool = False
    """Hints were lost: look at all of it."""


class Watcher(Protocol):
    """Reports changes in directories. Everything belongs to the reader's thread."""

    kind: str
    """inotify, watchdog or poll."""

    def add(self, directory: str) -> None:
        """Watch *directory* from now on, if it is there; again, if another took its place."""
        ...

    def keep(self, directories: AbstractSet[str]) -> None:
        """Watch no others than these."""
        ...

    def covers(self, directory: str) -> bool:
        """Whether changes in *directory* will be reported."""
        ...

    def drain(self) -> Hints:
        """Hand over and forget what was reported."""
        ...

    def trouble(self) -> str | None:
        """Why something cannot be watched (it is polled then); None: all well."""
        ...

    def close(self) -> None:
        """End its thread; idempotent."""
        ...


class Mailbox:
    """The bounded set between a watcher's thread and the reader's."""

    def __init__(self, notify: Callable[[], None]) -> None:
        """notify: wakes the reader."""
        self._lock = threading.Lock()
        self._notify = notify
        self._paths: set[str] = set()
        self._names: set[str] = set()
        self._everything = False

    def post(self, paths: AbstractSet[str], names: AbstractSet[str], *, everything: bool = False) -> None:
        """Add hints and wake the reader."""
        with self._lock:
            self._paths |= paths
            self._names |= names
            if everything or len(self._paths) + len(self._names) > _MOST:
                self._paths.clear()
                self._names.clear()
                self._everything = True
        self._notify()

    def drain(self) -> Hints:
        """See Watcher."""
        with self._lock:
            hints = Hints(frozenset(self._paths), frozenset(self._names), self._everything)
            self._paths.clear()
            self._names.clear()
            self._everything = False
        return hints


class NoWatcher:
    """Nothing is watched: everything is polled."""

    kind = "poll"

    def __init__(self, trouble: str | None = None) -> None:
        """trouble: why not, if somebody wanted it."""
        self._trouble = trouble

    def add(self, directory: str) -> None:
        """See Watcher."""

    def keep(self, directories: AbstractSet[str]) -> None:
        """See Watcher."""

    def covers(self, directory: str) -> bool:
        """See Watcher."""
        del directory
        return False

    def drain(self) -> Hints:
        """See Watcher."""
        return Hints()

    def trouble(self) -> str | None:
        """See Watcher."""
        return self._trouble

    def close(self) -> None:
        """See Watcher."""


def open_watcher(kind: Literal["auto", "inotify", "watchdog", "poll"], notify: Callable[[], None]) -> Watcher:
    """The watcher for *kind*, or, where it cannot be had, one that leaves everything to polling."""
    if kind == "poll":
        return NoWatcher()
    try:
        if sys.platform == "linux" and kind != "watchdog":
            from ttsd.sources.inotify import Inotify

            return Inotify(notify)
        from ttsd.sources.watchdogs import Watchdog

        return Watchdog(notify)
    except (OSError, ImportError) as error:
        log.warning("changes_polled", watch=kind, reason=str(error))
        return NoWatcher(f"{kind} is not to be had ({error}): polled")
