"""The reader under a fake clock, with a watcher that stays silent: what a test writes is read by `look`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakes import FakeClock

from ttsd.settings import SourceSettings
from ttsd.sources import SourceReader
from ttsd.sources.watch import Hints, NoWatcher
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from ttsd.sources import FileStatus
    from ttsd.sources.files import Files
    from ttsd.sources.watch import Watcher


class FakeWatcher:
    """A watcher that says it covers every directory, and reports what the test gives it."""

    kind = "fake"

    def __init__(self) -> None:
        self.directories: set[str] = set()
        self.hints = Hints()
        self.added: Callable[[str], None] = lambda _: None

    def add(self, directory: str) -> None:
        """See Watcher."""
        self.directories.add(directory)
        self.added(directory)

    def keep(self, directories: AbstractSet[str]) -> None:
        """See Watcher."""
        self.directories &= directories

    def covers(self, directory: str) -> bool:
        """See Watcher."""
        return directory in self.directories

    def drain(self) -> Hints:
        """See Watcher."""
        hints, self.hints = self.hints, Hints()
        return hints

    def trouble(self) -> str | None:
        """See Watcher."""
        return None

    def close(self) -> None:
        """See Watcher."""


class Follow:
    """A folder, a store and a reader that tests drive by hand."""

    def __init__(
        self,
        folder: Path,
        *settings: SourceSettings,
        files: Files | None = None,
        handles: int = 256,
        hints: bool = False,
        store: type[Store] = Store,
    ) -> None:
        """Follow *settings* (default: a.log from its end) in *folder*; the first look is done.

        hints: with a FakeWatcher, found in `watched`, instead of none; store: the class to open.
        """
        self.folder = folder
        self.settings = settings or (SourceSettings(path="a.log"),)
        self.clock = FakeClock()
        self.files = files
        self.handles = handles
        self.hints = hints
        self.store_class = store
        self.watched: list[FakeWatcher] = []
        self.start()

    def start(self) -> None:
        """Open store and reader, as a daemon's start does, and look once."""
        self.store = self.store_class.open(self.folder / ".state" / "ttsd.db", clock=self.clock)
        try:
            self.reader = SourceReader(
                self.settings,
                self.folder,
                self.store,
                self.clock,
                files=self.files,
                watcher=self.watcher,
                handles=self.handles,
            )
        except BaseException:
            self.store.close()
            raise
        self.look()

    def watcher(self, kind: str, notify: Callable[[], None]) -> Watcher:
        """No events: every look is a slow one. Tests that need hints set `hints`."""
        if not self.hints:
            return NoWatcher()
        self.watched.append(FakeWatcher())
        return self.watched[-1]

    def stop(self) -> None:
        """End as a clean stop does."""
        self.reader.finish()
        self.close()

    def close(self) -> None:
        """End as a crash does, as far as memory goes: nothing more is read or committed."""
        self.reader.close()
        self.store.close()

    def restart(self) -> None:
        """A crash and a new start."""
        self.close()
        self.start()

    def look(self, seconds: float = 1.0) -> list[str]:
        """Let *seconds* pass in looks, until nothing is left to read; return all texts queued so far."""
        self.clock.advance(seconds)
        for _ in range(10_000):
            if self.reader.step() > 0:
                return self.texts()
        raise AssertionError("the reader never came to rest")

    def pause(self, seconds: float) -> list[str]:
        """Let *seconds* pass, looking every half second; return all texts queued so far."""
        for _ in range(int(seconds * 2)):
            self.look(0.5)
        return self.texts()

    def texts(self) -> list[str]:
        """All queued texts, in the order in which they were committed."""
        return [one.text for one in sorted(self.store.queued(1_000_000), key=lambda one: one.id)]

    def status(self) -> dict[str, FileStatus]:
        """Status of each file by its name."""
        return {
            status.path.rsplit("/", 1)[-1]: status
            for source in self.reader.status()
            for status in source.files
        }

    def write(self, name: str, text: str | bytes) -> Path:
        """Append to a file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path


class Following(Protocol):
    """Makes a Follow in the test's folder."""

    def __call__(
        self,
        *settings: SourceSettings,
        files: Files | None = None,
        handles: int = 256,
        hints: bool = False,
    ) -> Follow: ...
