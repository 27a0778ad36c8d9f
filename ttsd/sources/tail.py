"""One followed file: reads a bounded turn from its last committed offset.

Invariants: nothing is remembered of a turn that was not committed, the file is simply read again from the
checkpoint; each turn first holds the bytes before the offset against the marker, so that content that was
exchanged under us is never taken for a continuation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ttsd.sources.identity import MARK, PREFIX, mark
from ttsd.sources.lines import Encoding, encoding_of, split

if TYPE_CHECKING:
    from ttsd.model import Line
    from ttsd.sources.files import File, Files, Seen
    from ttsd.sources.source import Source
    from ttsd.store import Checkpoint

BUDGET = 64 * 1024
"""Bytes a file may read in one turn; more only where a single line is longer."""


class Exchanged(Exception):
    """What was read up to the offset is no longer in the file: truncated or rewritten."""


class Moved(Exception):
    """Another file, or none, is at the path now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn brought."""

    lines: tuple[Line, ...]
    checkpoint: Checkpoint
    """Acknowledges the lines; equal to the tail's own if the turn brought nothing."""
    more: bool
    """There is more to read at once."""
    size: int
    """Bytes the file had."""


class Tail:
    """A file, its handle (which may be closed for a while) and how far it is committed."""

    def __init__(self, owner: Source, files: Files, at: Checkpoint) -> None:
        """at: where it stands; need not be stored yet."""
        self.owner = owner
        self.at = at
        self.size: int = at.offset
        """At the last look."""
        self.cut_lines = 0
        self.rotations = 0
        self.truncations = 0
        self.error: str | None = None
        self.waiting: str | None = None
        """Why it is not read now."""
        self.departed: float | None = None
        """Monotonic time at which it lost its place under the source's path; None: it has it."""
        self.active = 0.0
        """Monotonic time at which it last brought something."""
        self.before: tuple[Tail, ...] = ()
        """Older files of the same path, which are read to their ends first."""
        self.drained = False
        """It has lost its place and was read to its end since; nobody waits for it any more."""
        self._files = files
        self._file: File | None = None
        self._encoding: Encoding | None = None
        self._finished: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """Where it was last seen."""
        return self.at.path

    @property
    def identity(self) -> str:
        """Device and inode."""
        return self.at.identity

    @property
    def lag(self) -> int:
        """Bytes not committed yet."""
        return max(self.size - self.at.offset, 0)

    def changed(self, seen: Seen) -> bool:
        """Whether *seen* promises something to read."""
        self.size = seen.size
        return self._finished != (seen.size, seen.modified)

    def handle(self) -> File:
        """The open file, opened (again) if need be. Raises Moved, OSError, SourceError."""
        if self._file is None:
            try:
                file = self._files.open(self.path)
            except (FileNotFoundError, NotADirectoryError):
                raise Moved from None
            if file.seen().identity != self.identity:
                file.close()
                raise Moved
            self._file = file
        return self._file

    def hand_over(self, owner: Source) -> None:
        """*owner*, with other settings, follows it from now on."""
        self.owner = owner
        self._encoding = None
        self._finished = None

    def take(self, file: File) -> None:
        """Use *file*, which was opened already; it is closed with the tail."""
        self.close()
        self._file = file

    @property
    def is_open(self) -> bool:
        """Whether it holds a handle now."""
        return self._file is not None

    def turn(self) -> Turn:
        """Read on from the checkpoint. Raises Exchanged, Moved, OSError, SourceError."""
        file, at = self.handle(), self.at
        seen = file.seen()
        self.size = seen.size
        if seen.size < at.offset:
            raise Exchanged
        room = max(BUDGET, self.owner.settings.max_line_bytes + 8)
        base = max(0, at.offset - MARK)
        data = file.read_at(base, at.offset - base + room)
        before, window = data[: at.offset - base], data[at.offset - base :]
        if mark(before) != at.marker:
            raise Exchanged
        encoding = self._encoded(file, seen.size)
        found = split(window, at.offset, encoding, self.owner.settings.max_line_bytes, skipping=at.skipping)
        more = len(window) == room and found.end > at.offset
        if not more:
            self._finished = (seen.size, seen.modified)
        if found.end == at.offset and found.skipping == at.skipping:
            return Turn((), at, more, seen.size)
        prefix = at.prefix
        if len(prefix) < PREFIX:
            # The offset is still within the prefix, so this turn read from the file's first byte.
            prefix = data[: min(PREFIX, found.end)]
        checkpoint = replace(
            at,
            offset=found.end,
            prefix=prefix,
            marker=mark(data[: found.end - base]),
            skipping=found.skipping,
        )
        return Turn(found.lines, checkpoint, more, seen.size)

    def _encoded(self, file: File, size: int) -> Encoding:
        """The file's encoding; a byte order mark that is still being written is looked for again."""
        if self._encoding is None or self.at.offset == 0:
            encoding = encoding_of(self.owner.settings.encoding, file.read_at(0, 4))
            self._encoding = encoding if size >= 4 else None
            return encoding
        return self._encoding

    def committed(self, checkpoint: Checkpoint) -> None:
        """The store has it; from here on it is the truth."""
        self.at = checkpoint

    def close(self) -> None:
        """Give the handle back; it is opened again when it is needed."""
        if self._file is not None:
            self._file.close()
            self._file = None
