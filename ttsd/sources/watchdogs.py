"""watchdog as a watcher: the choice outside Linux (FSEvents, ReadDirectoryChangesW), an option on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watchdog.events import DirModifiedEvent, FileModifiedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from ttsd.sources.watch import Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from watchdog.observers.api import ObservedWatch

    from ttsd.sources.watch import Hints


class _Handler(FileSystemEventHandler):
    """Turns an event into a hint. A rename out of a directory may come half a second late; the reader
    does not wait for it, since the file that is created in its place has an event of its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def on_any_event(self, event: FileSystemEvent) -> None:
        if isinstance(event, DirModifiedEvent) or event.event_type in ("opened", "closed_no_write"):
            return
        found = {os.fsdecode(path) for path in (event.src_path, event.dest_path) if path}
        if isinstance(event, FileModifiedEvent) or event.event_type == "closed":
            self._mailbox.post(found, set())
        else:
            self._mailbox.post(set(), found)


class Watchdog:
    """See ttsd.sources.watch.Watcher."""

    kind = "watchdog"

    def __init__(self, notify: Callable[[], None]) -> None:
        """Start its threads. Raises OSError."""
        self._mailbox = Mailbox(notify)
        self._handler = _Handler(self._mailbox)
        self._observer = Observer()
        self._watches: dict[str, ObservedWatch] = {}
        self._trouble: str | None = None
        self._observer.start()

    def add(self, directory: str) -> None:
        """See Watcher."""
        if directory in self._watches:
            return
        try:
            self._watches[directory] = self._observer.schedule(self._handler, directory)
            self._trouble = None
        except FileNotFoundError:
            return
        except OSError as error:
            self._trouble = f"{directory}: {error.strerror}: polled"

    def keep(self, directories: AbstractSet[str]) -> None:
        """See Watcher."""
        for directory in [known for known in self._watches if known not in directories]:
            self._observer.unschedule(self._watches.pop(directory))

    def covers(self, directory: str) -> bool:
        """See Watcher."""
        return directory in self._watches

    def drain(self) -> Hints:
        """See Watcher."""
        return self._mailbox.drain()

    def trouble(self) -> str | None:
        """See Watcher."""
        return self._trouble

    def close(self) -> None:
        """See Watcher."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
