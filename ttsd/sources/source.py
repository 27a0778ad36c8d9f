"""One `[[sources]]`: the files it means now, and which of them are known, new, renamed or gone.

Invariants: a file is followed once, whatever its names; a rename is no new file; a file that takes
another's place is read after that one was read to its end; a stored position always wins.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ttsd.errors import SourceError
from ttsd.model import Offset, SourceName
from ttsd.sources.discover import MOST_FILES, Pattern
from ttsd.sources.identity import Verdict, judge, placed
from ttsd.sources.lines import encoding_of
from ttsd.sources.status import FileStatus, SourceStatus
from ttsd.sources.tail import Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context
    from ttsd.sources.files import File, Seen

log = structlog.get_logger("ttsd.sources")

ROTATE_WAIT = 5.0
"""Seconds for which a file that lost its place is kept open for late writers."""


class Source:
    """See the module. `status` may be called from any thread, everything else belongs to the reader's."""

    def __init__(self, settings: SourceSettings, base: Path, context: Context) -> None:
        """base: the folder to which relative paths belong. Raises SourceError for an unknown encoding."""
        encoding_of(settings.encoding, b"")
        self.settings = settings
        self.name = SourceName(settings.name or settings.path)
        self.pattern = Pattern(settings, base)
        self.departed: list[Tail] = []
        """Files that lost their place and are read to their ends."""
        self.error: str | None = None
        self._context = context
        self._met: bool | None = None
        self._placed: dict[str, Tail] = {}
        self._waiting: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._others: dict[str, str] = {}
        """Paths of files that are followed under another name already, with their identities."""
        self._view: tuple[Tail, ...] = ()

    # Looking ---------------------------------------------------------------------------------------

    def look(self, entering: Callable[[str], None]) -> list[Tail]:
        """Look at everything; return the files that have something to read.

        entering: told of each directory before it is listed. Raises StoreError, leaving all as it was.
        """
        try:
            paths = self.pattern.find(self._context.folders, entering)
        except OSError as error:
            self.error = f"{error.filename or self.pattern.path}: {error.strerror}"
            return []
        self.error = f"more than {MOST_FILES} files match" if self.pattern.truncated else None
        present: dict[str, Seen] = {}
        waiting: dict[str, str] = {}
        ready: list[Tail] = []
        settled = True
        for path in paths:
            try:
                seen = self._context.files.look(path)
            except (OSError, SourceError) as error:
                waiting[path] = _reason(error)
                continue
            if seen is None:
                waiting[path] = "it is not there yet"
                continue
            present[path] = seen
            tail = self._placed.get(path)
            if tail is None or tail.identity != seen.identity:
                alias = self._others.get(path) == seen.identity and seen.identity in self._context.tails
                settled = settled and alias
            elif tail.changed(seen):
                ready.append(tail)
        if not settled or len(present) != len(self._placed) + len(self._others) or self._met is None:
            ready += self._arrange(present, waiting)
        self._waiting = waiting
        ready += [tail for tail in self.departed if tail not in ready]
        return ready

    def glance(self, path: str) -> tuple[Tail | None, bool]:
        """Look at one path: the file there if it has something to read, and whether `look` is needed."""
        path = self._aliases.get(path, path)
        tail = self._placed.get(path)
        if tail is None:
            return None, path in self._waiting
        try:
            seen = self._context.files.look(path)
        except (OSError, SourceError):
            return None, True
        if seen is None or seen.identity != tail.identity:
            return None, True
        return (tail, False) if tail.changed(seen) else (None, False)

    def _arrange(self, present: Mapping[str, Seen], waiting: dict[str, str]) -> list[Tail]:
        """Bring who is where up to date; return tails that came or went."""
        context = self._context
        homes: dict[str, str] = {}
        for path, seen in present.items():
            tail = self._placed.get(path)
            if seen.identity not in homes or (tail is not None and tail.identity == seen.identity):
                homes[seen.identity] = path
        old, new = self._placed, dict[str, Tail]()
        strangers: list[str] = []
        for identity, path in homes.items():
            tail = context.tails.get(identity)
            if tail is None:
                strangers.append(path)
            elif tail.owner is self:
                if tail.path != path:
                    log.info("file renamed", source=self.name, old=tail.path, new=path)
                    tail.at = replace(tail.at, path=path)
                if tail in self.departed:
                    self.departed.remove(tail)
                tail.departed = None
                new[path] = tail
        leaving = [tail for tail in old.values() if tail not in new.values()]
        strangers.sort(key=lambda path: present[path].modified)
        arrived = self._welcome(strangers, waiting)
        now = context.clock.monotonic()
        for tail in leaving:
            tail.departed = now
            self.departed.append(tail)
        for tail in arrived:
            before = old.get(tail.path) or self._predecessor(tail.path, homes)
            if before is not None:
                tail.before = (*before.before, before)
                tail.rotations = before.rotations + 1
                tail.truncations, tail.cut_lines = before.truncations, before.cut_lines
                log.info("file replaced", source=self.name, path=tail.path)
            context.tails[tail.identity] = tail
            new[tail.path] = tail
        self._placed = new
        self._others = {
            path: seen.identity
            for path, seen in present.items()
            if path not in new and seen.identity in context.tails
        }
        # Events name the file to which a link leads, the source names the link.
        self._aliases = {os.path.realpath(path): path for path in new if os.path.islink(path)}  # noqa: PTH114 - text
        self._view = (*new.values(), *self.departed)
        return [*leaving, *arrived]

    def _welcome(self, paths: list[str], waiting: dict[str, str]) -> list[Tail]:
        """Open files that nobody follows and decide where to begin. Raises StoreError, all closed again."""
        context = self._context
        if self._met is None:
            self._met = context.store.met(self.pattern.key)
        opened: list[tuple[Checkpoint, File]] = []
        try:
            for path in paths:
                try:
                    file = context.files.open(path)
                except (OSError, SourceError) as error:
                    waiting[path] = _reason(error)
                    continue
                try:
                    opened.append((self._begin(path, file), file))
                except OSError as error:
                    file.close()
                    waiting[path] = _reason(error)
            found = [at for at, _ in opened]
            if not self._met:
                found = list(context.store.remember(found, pattern=self.pattern.key))
                self._met = True
        except BaseException:
            for _, file in opened:
                file.close()
            raise
        tails = []
        for at, (_, file) in zip(found, opened, strict=True):
            old = context.known.find(at.identity)
            if old is not None:
                context.known.drop(old)
            tail = Tail(self, context.files, at)
            tail.take(file)
            tails.append(tail)
        return tails

    def _begin(self, path: str, file: File) -> Checkpoint:
        """Where reading begins in the file that lies at *path* now."""
        seen = file.seen()
        known = self._context.known.find(seen.identity)
        if known is not None:
            known = replace(known, path=path)
            if judge(known, file, seen.size) is Verdict.CONTINUES:
                log.info("file resumed", source=self.name, path=path, offset=known.offset)
                return known
            # The inode belongs to another file now, or its content was exchanged while nobody looked.
            return replace(known, offset=Offset(0), prefix=b"", marker=b"", skipping=False)
        fresh = Checkpoint(path, seen.identity)
        there_before = not self._met and self._context.known.at_path(path) is None
        if there_before and self.settings.start == "end":
            fresh = placed(fresh, file, self._end(file, seen.size))
        log.info("file found", source=self.name, path=path, offset=fresh.offset)
        return fresh

    def _end(self, file: File, size: int) -> Offset:
        """The end of the last complete line: a line that is completed later is spoken whole."""
        encoding = encoding_of(self.settings.encoding, file.read_at(0, 4))
        start = max(encoding.bom, size - self.settings.max_line_bytes)
        start -= (start - encoding.bom) % len(encoding.newline)
        window = file.read_at(start, size - start)
        at = window.rfind(encoding.newline)
        while at >= 0 and at % len(encoding.newline):
            at = window.rfind(encoding.newline, 0, at + len(encoding.newline) - 1)
        if at < 0:
            return Offset(0) if start <= encoding.bom else Offset(size)
        return Offset(start + at + len(encoding.newline))

    def _predecessor(self, path: str, homes: Mapping[str, str]) -> Tail | None:
        """The file that was followed at *path* until a moment ago, or until ttsd stopped."""
        context = self._context
        for tail in reversed(self.departed):
            if tail.path == path:
                return tail
        known = context.known.at_path(path)
        if known is None or known.identity in homes or known.identity in context.tails:
            return None
        where = self.whereabouts(known)
        if where is None:
            return None
        tail = Tail(self, context.files, replace(known, path=where))
        tail.departed = context.clock.monotonic()
        context.known.drop(known)
        context.tails[tail.identity] = tail
        self.departed.append(tail)
        return tail

    def whereabouts(self, at: Checkpoint) -> str | None:
        """The path in its old directory at which a renamed file lies now; None: not there."""
        directory = os.path.dirname(at.path)  # noqa: PTH120 - text
        try:
            entries = self._context.folders.entries(directory)
        except OSError:
            return None
        for entry in entries:
            if entry.is_directory:
                continue
            path = os.path.join(directory, entry.name)  # noqa: PTH118 - text
            try:
                seen = self._context.files.look(path)
            except (OSError, SourceError):
                continue
            if seen is not None and seen.identity == at.identity:
                return path
        return None

    # Letting go ------------------------------------------------------------------------------------

    def exchanged(self, tail: Tail) -> None:
        """What was read of *tail* is no longer in it: it was truncated or rewritten. Begin anew."""
        tail.truncations += 1
        tail.at = replace(tail.at, offset=Offset(0), prefix=b"", marker=b"", skipping=False)
        log.info("file truncated", source=self.name, path=tail.path, size=tail.size)

    def moved(self, tail: Tail) -> bool:
        """The closed file of *tail* is not at its path. Look beside it; whether it was found. Raises StoreError."""
        where = self.whereabouts(tail.at)
        if where is not None:
            tail.at = replace(tail.at, path=where)
        elif tail.departed is not None:
            self.drop(tail)
        return where is not None

    def retire(self) -> None:
        """Close files that lost their place and had nothing more to say for ROTATE_WAIT. Raises StoreError."""
        now = self._context.clock.monotonic()
        for tail in list(self.departed):
            if not tail.drained or tail.departed is None:
                continue
            if now - max(tail.departed, tail.active) >= ROTATE_WAIT:
                self.drop(tail)

    def drop(self, tail: Tail) -> None:
        """Follow *tail* no more. A deleted file is forgotten, a renamed one remembered. Raises StoreError."""
        gone = tail.is_open and tail.handle().seen().links == 0
        if gone and tail.at.id is not None:
            self._context.store.forget([tail.at.id])
        tail.close()
        self._context.tails.pop(tail.identity, None)
        if not gone:
            self._context.known.put(tail.at)
        if tail in self.departed:
            self.departed.remove(tail)
        self._view = (*self._placed.values(), *self.departed)
        log.info("file left", source=self.name, path=tail.path, offset=tail.at.offset, deleted=gone)

    def succeed(self, old: Source) -> None:
        """Take over the files of *old*, whose settings were changed, with handles and offsets."""
        self._placed, self.departed, self._view = old._placed, old.departed, old._view
        self._aliases = old._aliases
        old._placed, old.departed, old._view = {}, [], ()
        for tail in (*self._placed.values(), *self.departed):
            tail.hand_over(self)

    def close(self) -> None:
        """Give all handles back; what is committed is remembered."""
        for tail in (*self._placed.values(), *self.departed):
            tail.close()
            self._context.tails.pop(tail.identity, None)
            self._context.known.put(tail.at)
        self._placed, self.departed, self._view = {}, [], ()

    # Telling ---------------------------------------------------------------------------------------

    def status(self, watch: str) -> SourceStatus:
        """A snapshot; from any thread, without blocking. watch: how changes are noticed."""
        files = [
            FileStatus(
                path=tail.path,
                offset=tail.at.offset,
                size=tail.size,
                lag=tail.lag,
                rotations=tail.rotations,
                truncations=tail.truncations,
                cut_lines=tail.cut_lines,
                waiting=tail.waiting,
                last_error=tail.error,
            )
            for tail in self._view
            if not tail.drained
        ]
        waiting = self._waiting
        known = {file.path for file in files}
        files += [
            FileStatus(path, 0, 0, 0, waiting=why) for path, why in waiting.items() if path not in known
        ]
        why = None if self._view else "no file is there yet" if not waiting else next(iter(waiting.values()))
        return SourceStatus(
            name=self.name,
            path=self.settings.path,
            files=tuple(files),
            watch=watch,
            waiting=why,
            last_error=self.error,
        )


def _reason(error: OSError | SourceError) -> str:
    return error.what if isinstance(error, SourceError) else error.strerror or str(error)
