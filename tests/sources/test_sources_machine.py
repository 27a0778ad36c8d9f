"""The follower against a list: any order of writes, rotations, saves, crashes and looks.

A simple model knows, for every line, whether ttsd can have read it. Promises: a line is never queued
twice, never out of order, never altered; and once ttsd has looked in peace, every line is queued that was
within its reach. Out of reach are lines that were truncated or deleted before any look at their file.
Between two looks there may be any number of writes and renames, and one upheaval of another kind.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from following import Follow
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ttsd.settings import SourceSettings

STEPS = int(os.environ.get("TTSD_STEPS", "600"))
MANY_STEPS = 5000
_PER_EXAMPLE = 50


@dataclass
class Generation:
    """The content that one file has held since it was created or truncated."""

    lines: list[str] = field(default_factory=list)
    """Complete lines, in order."""
    partial: str = ""
    begun: str = ""
    """The line of which `partial` was written."""
    seen: int = 0
    """Lines that ttsd had read of it when it looked last."""
    met: bool = False
    """ttsd looked at it at its path."""
    held: bool = False
    """ttsd holds a handle of it: met, and not restarted since."""

    def text(self) -> str:
        """What is in the file."""
        return "".join(line + "\n" for line in self.lines) + self.partial


class Following(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.logging = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self.folder = Path(tempfile.mkdtemp(prefix="ttsd-machine-"))
        self.path = self.folder / "a.log"
        self.follow: Follow
        self.upheavals = 0
        """Copies, deletions and saves since the last look: with events ttsd looks after each of them."""
        self.number = 0
        self.now: Generation | None = None
        """What is at the path."""
        self.deleted: list[Generation] = []
        """Deleted since the last look; ttsd may hold handles of them."""
        self.anchored = False
        """ttsd met a file at the path that was not deleted."""
        self.written: list[str] = []
        """Every complete line, in file order."""
        self.apart: set[str] = set()
        """Lines of a copy that nobody can tell from a file of its own: queued, but in no order."""
        self.lost: set[str] = set()
        """Lines that were out of reach before they were looked at."""

    @initialize(pattern=st.sampled_from(["a.log", "a.log*", "*.log*"]))
    def start(self, pattern: str) -> None:
        self.follow = Follow(self.folder, SourceSettings(path=pattern))

    def teardown(self) -> None:
        try:
            if hasattr(self, "follow"):
                self.rest()
        finally:
            if hasattr(self, "follow"):
                self.follow.close()
            shutil.rmtree(self.folder)
            structlog.configure(**self.logging)

    # The world -------------------------------------------------------------------------------------

    def fresh(self) -> str:
        """A line that was never written before."""
        self.number += 1
        return f"{self.number} " + "x" * (self.number * 7 % 50)

    def current(self) -> Generation:
        """The file at the path, created if need be."""
        if self.now is None:
            self.now = Generation()
            self.path.touch()
        return self.now

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def lose(self, generation: Generation) -> None:
        """ttsd cannot reach this content any more, unless it has read it already."""
        queued = set(self.follow.texts())
        self.lost.update(line for line in generation.lines if line not in queued)

    @rule(count=st.integers(1, 4))
    def write(self, count: int) -> None:
        now = self.current()
        lines = [self.fresh() for _ in range(count)]
        if now.partial:
            self.append(now.begun[len(now.partial) :] + "\n")
            now.lines.append(now.begun)
            self.written.append(now.begun)
            now.partial = ""
        self.append("".join(line + "\n" for line in lines))
        now.lines += lines
        self.written += lines

    @rule()
    def write_partial(self) -> None:
        now = self.current()
        if not now.partial:
            now.begun = self.fresh()
            now.partial = now.begun[: len(now.begun) // 2 + 1]
            self.append(now.partial)

    @precondition(lambda self: self.now is not None)
    @rule(create=st.booleans())
    def rename_rotate(self, create: bool) -> None:
        assert self.now is not None
        self.push_generations()
        self.path.rename(self.path.with_name("a.log.1"))
        if not self.now.met and not self.anchored:
            self.lose(self.now)
        self.now = None
        if create:
            self.current()

    def push_generations(self) -> None:
        """a.log.2 becomes a.log.3, a.log.1 becomes a.log.2."""
        numbers = sorted(int(path.suffix[1:]) for path in self.folder.glob("a.log.*"))
        for number in reversed(numbers):
            self.path.with_name(f"a.log.{number}").rename(self.path.with_name(f"a.log.{number + 1}"))

    @precondition(lambda self: self.now is not None and not self.upheavals)
    @rule()
    def copytruncate(self) -> None:
        assert self.now is not None
        self.upheavals += 1
        self.push_generations()
        shutil.copy(self.path, self.path.with_name("a.log.1"))
        os.truncate(self.path, 0)
        if not self.now.seen:
            # Nothing was read of it by which its copy could be told.
            self.lose(self.now)
            self.duplicable(self.now)
        met, held = self.now.met, self.now.held
        self.now = Generation(met=met, held=held)

    def duplicable(self, generation: Generation) -> None:
        """Under a glob, the copy of a content that nobody knew is a new file like any other: not lost."""
        if "*" in self.follow.settings[0].path:
            self.lost.difference_update(generation.lines)
            self.apart.update(generation.lines)

    @precondition(lambda self: self.now is not None and not self.upheavals)
    @rule()
    def delete(self) -> None:
        assert self.now is not None
        self.upheavals += 1
        self.path.unlink()
        if self.now.held:
            self.deleted.append(self.now)
        else:
            self.lose(self.now)
        self.now, self.anchored = None, False

    @precondition(lambda self: self.now is not None and not self.upheavals)
    @rule(how=st.sampled_from(["in place", "over", "vim"]), look=st.booleans())
    def editor_save(self, how: str, look: bool) -> None:
        now = self.now
        assert now is not None
        if now.partial:
            return
        self.upheavals += 1
        line = self.fresh()
        text = now.text() + line + "\n"
        if how == "in place":
            os.truncate(self.path, 0)
            if look:
                self.follow.look(0.01)
            self.path.write_text(text)
        elif how == "over":
            other = self.folder / ".save"
            other.write_text(text)
            other.rename(self.path)
        else:
            backup = self.folder / "a.log~"
            self.path.rename(backup)
            if look:
                self.follow.look(0.01)
            self.path.write_text(text)
            backup.unlink()
        if how != "in place":
            self.now = Generation(lines=now.lines, seen=now.seen)
        self.now = self.now or now
        self.now.lines.append(line)
        self.written.append(line)

    # ttsd ------------------------------------------------------------------------------------------

    def looked(self) -> None:
        """What ttsd can know after a look."""
        self.deleted.clear()
        self.upheavals = 0
        self.anchored = self.now is not None
        if self.now is not None:
            self.now.met = self.now.held = True
            self.now.seen = len(set(self.now.lines) & set(self.follow.texts()))

    @rule()
    def look(self) -> None:
        self.follow.look(0.5)
        self.looked()

    @rule()
    def rest(self) -> None:
        """Time to look in peace: everything within reach is queued now."""
        self.follow.pause(4)
        self.looked()
        queued = self.follow.texts()
        assert set(queued) | self.lost >= set(self.written)
        free = self.lost | self.apart
        assert [line for line in self.written if line not in free] == [
            line for line in queued if line not in free
        ]

    @rule()
    def crash_and_restart(self) -> None:
        self.follow.close()
        self.follow.start()
        for generation in self.deleted:
            self.lose(generation)
        self.looked()

    @invariant()
    def nothing_twice_and_nothing_invented(self) -> None:
        if not hasattr(self, "follow"):
            return
        queued = self.follow.texts()
        assert len(queued) == len(set(queued)), "a line was queued twice"
        assert set(queued) <= set(self.written), "a line was altered"


def _of(steps: int) -> settings:
    return settings(
        max_examples=steps // _PER_EXAMPLE,
        stateful_step_count=_PER_EXAMPLE,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


class FollowingForLong(Following):
    """The same, deeper."""


TestFollowing = Following.TestCase
TestFollowing.settings = _of(STEPS)
TestFollowingForLong = pytest.mark.long(FollowingForLong.TestCase)
TestFollowingForLong.settings = _of(MANY_STEPS)
