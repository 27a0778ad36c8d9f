"""Row 2 and all others at once: whatever happens to a log, in any order, no line is lost and none repeated.

Once as one thread that plays both sides, so that a seed is a case: the writer goes on between any two
questions that the follower asks the file system, and the follower is killed at any of them or before any
transaction. And once as `scripts/torture` does it, with processes and SIGKILL.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from following import Follow
from mayhem import Mayhem, Moment

from ttsd.settings import SourceSettings
from ttsd.sources.files import SystemFiles
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.sources.files import File, Seen

ROOT = Path(__file__).parents[2]
PATIENCE = 10.0
"""Seconds within which everything that is on disk must be queued."""


class Killed(BaseException):
    """The follower's process is no more."""


class Shaken(SystemFiles):
    """The file system, in which something may happen before each answer."""

    def __init__(self, happen: Callable[[], None]) -> None:
        self.happen = happen
        self.opened: list[_Shaken] = []

    def look(self, path: str, *, closely: bool = False) -> Seen | None:
        self.happen()
        return super().look(path, closely=closely)

    def open(self, path: str) -> File:
        self.happen()
        self.opened.append(_Shaken(super().open(path), self))
        return self.opened[-1]

    def close_all(self) -> None:
        """As the end of a process does."""
        for file in tuple(self.opened):
            file.close()


class _Shaken:
    def __init__(self, file: File, files: Shaken) -> None:
        self._file, self._files = file, files

    def read_at(self, offset: int, size: int) -> bytes:
        self._files.happen()
        return self._file.read_at(offset, size)

    def next_data(self, offset: int) -> int:
        return self._file.next_data(offset)

    def seen(self) -> Seen:
        self._files.happen()
        return self._file.seen()

    def close(self) -> None:
        self._file.close()
        if self in self._files.opened:
            self._files.opened.remove(self)


class ShakenStore(Store):
    """A store before each of whose transactions something may happen."""

    happen: Callable[[], None] = staticmethod(lambda: None)

    def commit(self, *arguments: Any) -> Any:
        self.happen()
        return super().commit(*arguments)

    def remember(self, *arguments: Any, **more: Any) -> Any:
        self.happen()
        return super().remember(*arguments, **more)

    def forget(self, *arguments: Any) -> None:
        self.happen()
        super().forget(*arguments)


class Torture:
    """The writer and the follower in one thread."""

    def __init__(self, folder: Path, seed: int, pattern: str, handles: int) -> None:
        self.chance = random.Random(seed)
        self.mayhem = Mayhem(folder, self.chance)
        self.mayhem.file.touch()
        self.files = Shaken(lambda: None)
        self.up = True
        settings = SourceSettings(path=pattern, start="beginning", read_ahead=1_000_000)
        self.follow = Follow(folder, settings, files=self.files, handles=handles, store=ShakenStore)
        self.files.happen = self.follow.store.happen = self.happen  # type: ignore[attr-defined]  # a ShakenStore
        self.action: Iterator[Moment] | None = None
        self.due = Moment.ANYTHING
        self.busy = False

    def run(self, actions: int) -> None:
        for action in (self.mayhem.begin, *[self.mayhem.act] * actions):
            self.action = action()
            while self.action is not None:
                self.advance()
                self.serve()
        self.catch_up()
        self.calm(3)
        self.check()

    def advance(self) -> None:
        """Let the writer take one step, unless it waits for us."""
        if self.action is None or self.due is not Moment.ANYTHING:
            return
        self.busy = True
        try:
            self.due = next(self.action)
        except StopIteration:
            self.action = None
        finally:
            self.busy = False

    def happen(self) -> None:
        """Called in the middle of the follower's work."""
        if self.busy or not self.up:
            return
        luck = self.chance.random()
        if luck < 0.15:
            self.advance()
        elif luck < 0.151:
            self.mayhem.history.append("        killed in the middle")
            raise Killed

    def serve(self) -> None:
        """Between two looks: what the writer asked for, and perhaps a look."""
        due, self.due = self.due, Moment.ANYTHING
        if due is Moment.CRASH:
            self.crash()
        elif due is Moment.START:
            self.start()
        elif due is Moment.CATCH_UP:
            self.catch_up()
        if self.up and self.chance.random() < 0.3:
            self.look(self.chance.choice((0.0, 0.01, 0.1)))

    def look(self, seconds: float) -> None:
        try:
            self.follow.look(seconds)
        except Killed:
            self.crash()
            self.start()

    def crash(self) -> None:
        self.up = False
        self.follow.close()
        self.files.close_all()
        self.mayhem.history.append("        crash")

    def start(self) -> None:
        self.up = False
        self.follow.start()
        self.up = True
        self.follow.store.happen = self.happen  # type: ignore[attr-defined]  # a ShakenStore
        self.mayhem.history.append("        start")

    def calm(self, seconds: float) -> None:
        """Look in peace."""
        self.busy = True
        self.follow.pause(seconds)
        self.busy = False

    def catch_up(self) -> None:
        if not self.up:
            self.start()
        waited = 0.0
        while waited < PATIENCE and self.missing():
            self.calm(0.5)
            waited += 0.5
        self.check()

    def missing(self) -> list[str]:
        queued = set(self.follow.texts())
        return [line for line in self.mayhem.written if line not in queued]

    def check(self) -> None:
        heard = Counter(self.follow.texts())
        lost = [line for line in self.mayhem.written if line not in heard]
        repeated = [line for line, count in heard.items() if count > 1]
        garbled = heard.keys() - set(self.mayhem.written)
        if lost or repeated or garbled:
            story = "\n".join(self.mayhem.history[-40:])
            raise AssertionError(
                f"{story}\nlost {len(lost)}: {lost[:1]} … {lost[-1:]},"
                f" repeated {len(repeated)}: {repeated[:1]} … {repeated[-1:]}, garbled {list(garbled)[:3]}"
            )


@pytest.mark.parametrize("pattern", ["a.log", "a.log*"])
@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 12))]
)
def test_nothing_is_lost_or_repeated(tmp_path: Path, seed: int, pattern: str) -> None:
    torture = Torture(tmp_path, seed, pattern, handles=256 if seed % 3 else 4)
    try:
        torture.run(60)
    finally:
        torture.follow.close()
        torture.files.close_all()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's, and so is renaming an open file")
def test_nothing_is_lost_or_repeated_by_a_process_that_is_killed() -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "torture", "follow", "--only", "ttsd", "--seed", "7", "--actions", "50"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
