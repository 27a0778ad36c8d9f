"""A file that nobody follows yet: where to begin in it, and whose place it takes.

Invariants: a stored position always wins; a file that came while its pattern was known is read from its
first byte, whenever ttsd ran; what took another file's place is read after that one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ttsd.sources import siblings
from ttsd.sources.content import encoding_in, last_lines, refusal
from ttsd.sources.doubts import Doubt, may_be_copy
from ttsd.sources.identity import PREFIX, Verdict, judge, placed
from ttsd.sources.tail import Moved, Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.sources.files import File, Seen
    from ttsd.sources.source import Source

log = structlog.get_logger("ttsd.sources")

_EVIDENCE = 64
"""Bytes of equal text from which on a file is taken for a new version of one that was moved away."""


def first_position(source: Source, path: str, seen: Seen) -> Checkpoint | None:
    """Where to begin in a file that was there before the source was; None: it is not to be followed.

    Raises OSError, SourceError.
    """
    settings = source.settings
    fresh = Checkpoint(path, seen.identity)
    if settings.start == "beginning" and not _is_old(source, seen):
        return fresh
    file = source.context.files.open(path)
    try:
        if source.sniffs and refusal(file.read_at(0, PREFIX), settings.encoding):
            return None
        return _at_end(source, fresh, file)
    finally:
        file.close()


def open_arrival(source: Source, path: str) -> Tail:
    """Begin to follow the file at *path*. Raises OSError, SourceError, StoreError."""
    context = source.context
    file = context.files.open(path)
    try:
        seen = file.seen()
        at = Checkpoint(path, seen.identity)
        known = context.known.find(seen.identity)
        if known is not None:
            context.known.drop(known)
            if known.path != path and judge(known, file, seen.size) is Verdict.DIFFERENT:
                # The inode was given to another file.
                context.store.forget([known.id] if known.id is not None else [])
            else:
                at = replace(known, path=path)
        elif _is_old(source, seen):
            at = _at_end(source, at, file)
        tail = Tail(source, at)
        tail.seen = seen
        tail.take(file)
    except BaseException:
        file.close()
        raise
    log.info("file followed", source=source.name, path=path, offset=at.offset, known=at.id is not None)
    return tail


def _at_end(source: Source, at: Checkpoint, file: File) -> Checkpoint:
    """*at* behind the last complete line: a line that is completed later is spoken whole."""
    settings = source.settings
    size = file.seen().size
    _, end = last_lines(file, size, encoding_in(file, settings.encoding), settings.max_line_bytes)
    return placed(at, file, end)


def _is_old(source: Source, seen: Seen) -> bool:
    """Whether `ignore_older` leaves the file out until it grows."""
    age = source.settings.ignore_older
    return age is not None and seen.modified / 1e9 < source.context.clock.time() - age


def take_place(source: Source, tail: Tail, before: Tail | None, arrived: Sequence[Tail]) -> None:
    """Find out whose place the arrived *tail* takes, and whether its content has to be doubted.

    before: who was followed at its path until now; arrived: all that came with this look, oldest first.
    """
    fresh = tail.at.id is None and not tail.at.offset
    if before is None:
        before = next((one for one in reversed(source.departed) if one.path == tail.path), None)
    if before is None and fresh:
        known = source.context.known.at_path(tail.path)
        if known is not None:
            where = siblings.whereabouts(source.context, known)
            if where is None:
                tail.doubt = Doubt(known)
                return
            source.context.known.drop(known)
            before = source.lay_aside(replace(known, path=where))
    if before is None:
        if fresh and _copy(tail):
            tail.doubt = Doubt(None)
        return
    before.idle = False
    tail.before = (*before.before, before)
    tail.rotations, tail.truncations = before.rotations + 1, before.truncations
    tail.cut_lines = before.cut_lines
    if not fresh:
        return
    if _was_rotated(source, before):
        tail.before = (*tail.before, *_between(source, tail, before, arrived))
    else:
        tail.doubt = Doubt(before)


def _copy(tail: Tail) -> bool:
    try:
        return may_be_copy(tail)
    except (Moved, OSError):
        return False


def _was_rotated(source: Source, before: Tail) -> bool:
    """Whether the old file lives on as a generation of its own; False: it may be the same text, saved anew."""
    if before.deleted or before.departed is None:
        return True
    if before.is_open and before.handle().seen().links == 0:
        return False
    where = siblings.whereabouts(source.context, before.at)
    if where is None:
        # Moved to another directory: an archive, or an editor's folder of backups.
        return before.is_open and before.at.offset < _EVIDENCE
    return not siblings.is_backup(where)


def _between(source: Source, tail: Tail, before: Tail, arrived: Sequence[Tail]) -> list[Tail]:
    """Generations that were written and rotated away since the last look, oldest first."""
    context = source.context
    listed = arrived[: arrived.index(tail)]
    found = [one for one in listed if one.doubt is None and siblings.is_generation(one.path, tail.path)]
    since = before.seen or context.files.look(before.path)
    unlisted: list[tuple[int, str, str]] = []
    for path, seen in siblings.beside(context, tail.path):
        unknown = seen.identity not in context.tails and context.known.find(seen.identity) is None
        late = since is None or seen.modified >= since.modified
        if unknown and late and siblings.is_generation(path, tail.path):
            unlisted.append((seen.modified, path, seen.identity))
    for _, path, identity in sorted(unlisted):
        generation = source.lay_aside(Checkpoint(path, identity))
        try:
            file = generation.handle()
            head = file.read_at(0, PREFIX)
            copy = before.at.offset and judge(before.at, file, file.seen().size) is Verdict.CONTINUES
            if not copy and refusal(head, source.settings.encoding) is None:
                found.append(generation)
                continue
        except (Moved, OSError) as error:
            log.debug("generation not readable", path=path, reason=str(error))
        source.let_go(generation)
    return found
