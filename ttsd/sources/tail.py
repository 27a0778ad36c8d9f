"""One followed file: reads a bounded turn from its last committed offset.

Invariants: nothing is remembered of a turn that was not committed, the file is simply read again from the
checkpoint; each turn first holds the bytes before the offset against the marker, so that content that was
exchanged under us is never taken for a continuation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.frozen import frozen
from ttsd.model import Line, Offset
from ttsd.sources.content import encoding_in, past_hole, refusal
from ttsd.sources.identity import MARK, PREFIX, mark, placed
from ttsd.sources.lines import Encoding, Split, partial_text, split
from ttsd.sources.siblings import whereabouts

if TYPE_CHECKING:
    from ttsd.sources.doubts import Doubt
    from ttsd.sources.files import File, Seen
    from ttsd.sources.source import Source
    from ttsd.store import Checkpoint

BUDGET = 64 * 1024
"""Bytes a file may read in one turn; more only where a single line is longer."""


class Exchanged(Exception):
    """What was read up to the offset is no longer in the file: truncated or rewritten."""


class Moved(Exception):
    """Another file, or none, is at the path now."""


class Refused(SourceError):
    """A wildcard matched what is no text."""


@frozen
class Turn:
    """What one turn brought."""

    lines: tuple[Line, ...]
    checkpoint: Checkpoint
    """Acknowledges the lines; the tail's own object if the turn brought nothing."""
    more: bool
    """There is more to read at once."""
    again: float | None = None
    """Monotonic time at which what is incomplete now counts as complete; None: when it grows."""
    written_at: float | None = None
    """Unix seconds of the newest write to the file when this was read; None: nobody knows."""


class Tail:
    """A file, its handle (which may be closed for a while) and how far it is committed."""

    durable = True
    """Its offset is stored with its lines."""

    def __init__(self, owner: Source, at: Checkpoint) -> None:
        """at: where it stands; need not be stored yet."""
        self.owner = owner
        self.at = at
        self.home = at.path
        """The path under its source's pattern that it has, or had before it departed."""
        self.seen: Seen | None = None
        """At the last look."""
        self._modified = at.modified
        self.is_fresh = not at.offset
        """Nothing was ever read of it."""
        self.cut_lines = 0
        self.rotations = 0
        self.truncations = 0
        self.error: str | None = None
        self.waiting: str | None = None
        """Why it is not read now."""
        self.departed: float | None = None
        """Monotonic time at which it lost its place under the source's path; None: it has it."""
        self.deleted = False
        """It was seen gone, not replaced: what comes at its path is new, whatever its content."""
        self.active = 0.0
        """Monotonic time at which it last brought something."""
        self.before: tuple[Tail, ...] = ()
        """Older files of the same path, which are read to their ends first."""
        self.followed = True
        """Its source still reads it."""
        self.idle = False
        """Its last turn read it to the end."""
        self.replaced = False
        """Another file was found at its path: its inode may be that one's now."""
        self.goes_on = False
        """It holds the text of an older file, saved anew or copied."""
        self.doubt: Doubt | None = None
        """What has to be decided before it is read on; None: nothing."""
        self._file: File | None = None
        self._encoding: Encoding | None = None
        self._finished: tuple[int, int] | None = None
        self._grown: tuple[int, int] | None = None
        self._grown_at = 0.0
        self._hole = 0

    @property
    def path(self) -> str:
        """Where it was last seen."""
        return self.at.path

    @property
    def identity(self) -> str:
        """Device and inode."""
        return self.at.identity

    @property
    def size(self) -> int:
        """Bytes at the last look."""
        return self.at.offset if self.seen is None else self.seen.size

    @property
    def lag(self) -> int:
        """Bytes not committed yet."""
        return max(self.size - self.at.offset, 0)

    @property
    def is_undecided(self) -> bool:
        """Whether it is new and nobody knows yet what was read of its text."""
        return self.doubt is not None and self.at.id is None

    @property
    def is_open(self) -> bool:
        """Whether it holds a handle now."""
        return self._file is not None

    def read_after(self, *older: Tail) -> None:
        """Read *older* to their ends first; never in a circle."""
        for one in older:
            if one is not self and one not in self.before and self not in one.before:
                self.before = (*self.before, one)
                one.idle = False  # it may have grown since

    def leave_path(self) -> None:
        """Its path is another's now: it must not be found there after a crash."""
        if self.departed is not None and self.path == self.home:
            if self.is_gone():
                self.forget()
                return
            where = whereabouts(self.owner.context, self.at)
            self.at = replace(self.at, path=where or "", home=self.home)

    def forget(self) -> None:
        """Have it removed from what is remembered: nobody will find it again."""
        if self.at.id is not None:
            self.owner.gone.append(self.at.id)
            self.at = replace(self.at, id=None)

    def is_gone(self) -> bool:
        """Whether no name leads to it any more, as far as its handle tells."""
        try:
            return self._file is not None and self._file.seen().links == 0
        except OSError:
            return False

    def is_at(self, seen: Seen) -> bool:
        """Whether *seen*, which nobody has to have looked at closely, is this file as far as is known."""
        last = self.seen
        if self.replaced or last is None:
            return False
        return last.inode == seen.inode and last.device == seen.device

    def changed(self, seen: Seen) -> bool:
        """Whether *seen* promises something to read."""
        self.seen = seen
        if self.departed is None:
            self._modified = seen.modified
        return self._finished != (seen.size, seen.modified) or self.doubt is not None

    def handle(self) -> File:
        """The open file, opened (again) if need be. Raises Moved, OSError, SourceError."""
        if self._file is None:
            try:
                file = self.owner.context.files.open(self.path)
            except (FileNotFoundError, NotADirectoryError):
                raise Moved from None
            try:
                if file.seen().identity != self.identity:
                    self.replaced = True
                    raise Moved
            except BaseException:
                file.close()
                raise
            self._file = file
        self.owner.context.handles.touch(self)
        return self._file

    def take(self, file: File) -> None:
        """Use *file*, which was opened already; it is closed with the tail."""
        self.close()
        self._file = file
        self.owner.context.handles.touch(self)

    def close(self) -> None:
        """Give the handle back; it is opened again when it is needed."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.owner.context.handles.forget(self)

    def hand_over(self, owner: Source) -> None:
        """*owner*, with other settings, follows it from now on."""
        self.owner = owner
        self._encoding = None
        self._finished = None

    def begin_at(self, at: Checkpoint) -> None:
        """It stands at *at* from now on, whatever was read before."""
        self.at, self.doubt, self.is_fresh = at, None, False
        self._encoding = self._finished = self._grown = None
        self._hole = 0

    def committed(self, turn: Turn, stored: Checkpoint | None) -> None:
        """*turn* is in the store, its checkpoint as *stored*."""
        self.is_fresh = False
        self.at = stored or turn.checkpoint

    def turn(self, now: float, limit: int | None = None) -> Turn:
        """Read on from the checkpoint; now: monotonic seconds, limit: most lines.

        Raises Exchanged, Moved, Refused, OSError, SourceError.
        """
        file, at, settings = self.handle(), self.at, self.owner.settings
        seen = self.seen = file.seen()
        if seen.size < at.offset:
            raise Exchanged
        if self._grown != (seen.size, seen.modified):
            self._grown, self._grown_at = (seen.size, seen.modified), now
        room = max(BUDGET, settings.max_line_bytes + 8)
        base = max(0, at.offset - MARK)
        data = file.read_at(base, at.offset - base + room)
        window = data[at.offset - base :]
        if mark(data[: at.offset - base]) != at.marker:
            raise Exchanged
        if not at.offset and self.owner.sniffs and (why := refusal(window, settings.encoding)):
            raise Refused(why, where=self.path, next_step="exclude it, or name it without a wildcard")
        full = len(window) == room
        encoding = self._encoded(file, seen.size)
        found = split(window, at.offset, encoding, settings.max_line_bytes, skipping=at.skipping)
        if full and found.end == at.offset and found.skipping == at.skipping:
            return self._over_hole(file, seen, encoding)
        lines, end, again = self._complete(found, encoding, now, full=full)
        skipping = found.skipping
        if limit is not None and len(lines) > limit:
            lines, full, skipping = lines[:limit], True, False
            end = lines[-1].end
        more = full and end > at.offset
        if not more:
            self._finished = (seen.size, seen.modified)
        if end == at.offset and skipping == at.skipping:
            return Turn((), at, more, again)
        # While the prefix is short the offset lies within it, so this turn read from the first byte.
        prefix = at.prefix if len(at.prefix) >= PREFIX else data[: min(PREFIX, end)]
        checkpoint = replace(
            at,
            offset=end,
            prefix=prefix,
            marker=mark(data[: end - base]),
            modified=self._modified,
            skipping=skipping,
        )
        return Turn(lines, checkpoint, more, again, written_at=seen.modified / 1e9)

    def _complete(
        self, found: Split, encoding: Encoding, now: float, *, full: bool
    ) -> tuple[tuple[Line, ...], Offset, float | None]:
        """Join lines to messages and give up waiting for what time has completed."""
        settings, joiner = self.owner.settings, self.owner.joiner
        lines, end, again = found.lines, found.end, None
        flush_at = settings.flush_partial_after
        if flush_at is not None and found.partial and not full and not found.skipping:
            if now - self._grown_at >= flush_at:
                end = Offset(end + len(found.partial))
                lines = (*lines, Line(partial_text(found.partial, encoding), end))
            else:
                again = self._grown_at + flush_at
        if joiner is not None and lines:
            messages = joiner.join(lines)
            waited = now - self._grown_at >= settings.join_timeout
            if waited or found.skipping or (full and len(messages) == 1):
                return messages, end, again
            # The last message may go on: its lines are read again with what follows them.
            due = self._grown_at + settings.join_timeout
            again = due if again is None else min(again, due)
            return messages[:-1], messages[-2].end if len(messages) > 1 else self.at.offset, again
        return lines, end, again

    def _over_hole(self, file: File, seen: Seen, encoding: Encoding) -> Turn:
        """Go past NULs that fill the whole window, if there is text behind them."""
        self._hole = past_hole(file, max(self._hole, self.at.offset), seen.size)
        more = self._hole < seen.size
        self._finished = None if more else (seen.size, seen.modified)
        if not more or file.read_at(self._hole, 1) == b"\0":
            return Turn((), self.at, more)
        text = self._hole - (self._hole - self.at.offset) % len(encoding.newline)
        return Turn((), placed(self.at, file, Offset(text)), more)

    def _encoded(self, file: File, size: int) -> Encoding:
        """The file's encoding; a byte order mark that is still being written is looked for again."""
        if self._encoding is None or self.at.offset == 0:
            encoding = encoding_in(file, self.owner.settings.encoding)
            self._encoding = encoding if size >= 4 else None
            return encoding
        return self._encoding
