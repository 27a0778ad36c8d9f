"""Everything that can happen to a log, from a seed, a moment at a time; each line it wrote is accounted for.

An action is a generator that yields between any two system calls, so that a test can look, crash or do
nothing there. The one fairness: before an action destroys bytes it asks for a moment to CATCH_UP.
"""

from __future__ import annotations

import os
from collections import Counter
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Moment(Enum):
    """What may happen between two system calls of the writer."""

    ANYTHING = auto()
    CATCH_UP = auto()
    """The next call destroys bytes: the follower is to read them first."""
    CRASH = auto()
    """The follower is killed."""
    START = auto()
    """It is started again."""


EVIDENCE = 64
"""Bytes of text that comes again that are no chance."""
Action: TypeAlias = "Iterator[Moment]"


class Mayhem:
    """Does things to a.log."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.file = folder / "a.log"
        self.written: list[str] = []
        """Every line, in the order in which they were written."""
        self.actions: Counter[str] = Counter()
        self.history: list[str] = []
        """Every action in words, to see what a lost line went through."""
        self._folder = folder
        self.chance = chance
        """What the seed decides."""
        self._generation = 0

    def begin(self) -> Action:
        """The first lines, and time for the follower to meet the file: older generations are history to it."""
        yield from self._write()
        yield Moment.CATCH_UP

    def act(self) -> Action:
        """One action, writing mostly."""
        weights: dict[Callable[[], Action], int] = {
            self._write: 12,
            self._write_in_pieces: 4,
            self._rotate: 2,
            self._rotate_late: 1,
            self._copytruncate: 1,
            self._recreate: 1,
            self._save: 1,
            self._swap_link: 1,
            self._crash: 2,
        }
        action = self.chance.choices([*weights], weights=[*weights.values()])[0]
        name = action.__name__.strip("_")
        self.actions[name] += 1
        self._note(name)
        yield from action()

    def _note(self, what: str) -> None:
        self.history.append(f"{len(self.written):5} {what}")

    def _new_lines(self, most: int = 40) -> bytes:
        lines = [
            f"line {len(self.written) + n} {'x' * self.chance.randrange(80)}é"
            for n in range(self.chance.randrange(1, most))
        ]
        self.written += lines
        return "".join(f"{line}\n" for line in lines).encode()

    def _next(self, name: str) -> Path:
        self._generation += 1
        self._note(f"  {name}.{self._generation}")
        return self._folder / f"{name}.{self._generation}"

    def _write(self) -> Action:
        with self.file.open("ab", buffering=0) as out:
            yield Moment.ANYTHING
            out.write(self._new_lines())
        yield Moment.ANYTHING

    def _write_in_pieces(self) -> Action:
        data = self._new_lines(5)
        with self.file.open("ab", buffering=0) as out:
            while data:
                size = self.chance.randrange(1, 40)
                out.write(data[:size])
                data = data[size:]
                yield Moment.ANYTHING

    def _rotate(self) -> Action:
        self.file.rename(self._next("a.log"))
        yield Moment.ANYTHING
        yield from self._write()

    def _rotate_late(self) -> Action:
        """The writer notices a little late that its file was renamed."""
        data = self._new_lines()
        half = len(data) // 2
        with self.file.open("ab", buffering=0) as out:
            out.write(data[:half])
            yield Moment.ANYTHING
            self.file.rename(self._next("a.log"))
            yield Moment.ANYTHING
            out.write(data[half:])
        yield from self._write()

    def _copytruncate(self) -> Action:
        yield Moment.CATCH_UP
        with self._next("a.log").open("wb", buffering=0) as copy:
            yield Moment.ANYTHING
            data = self.file.read_bytes()
            half = self.chance.randrange(len(data) + 1)
            for piece in (data[:half], data[half:]):
                copy.write(piece)
                yield Moment.ANYTHING
        os.truncate(self.file, 0)
        yield Moment.ANYTHING
        yield from self._write()

    def _recreate(self) -> Action:
        yield Moment.CATCH_UP
        self.file.unlink()
        yield Moment.ANYTHING
        yield from self._write()

    def _save(self) -> Action:
        """As editors do: the old text with new lines behind it, in a new file that takes the name."""
        new = self._folder / ".a.log.new"
        new.write_bytes(self.file.read_bytes() + self._new_lines())
        yield Moment.ANYTHING
        new.replace(self.file)
        yield Moment.ANYTHING

    def _swap_link(self) -> Action:
        """The name is pointed at another file."""
        yield Moment.CATCH_UP
        target, link = self._next("target"), self._folder / ".link"
        # An editor will replace the link, while its target lives on: that takes some text to be told from chance.
        data = b""
        while len(data) < EVIDENCE:
            data += self._new_lines()
        target.write_bytes(data)
        yield Moment.ANYTHING
        link.symlink_to(target)
        link.replace(self.file)
        yield Moment.ANYTHING

    def _crash(self) -> Action:
        yield Moment.CRASH
        for _ in range(self.chance.choice((0, 0, 1, 2, 4))):
            # Nothing here destroys bytes that nobody has read.
            action = self.chance.choice((self._write, self._rotate, self._rotate_late, self._save))
            self._note(f"  down: {action.__name__.strip('_')}")
            yield from action()
        yield Moment.START
