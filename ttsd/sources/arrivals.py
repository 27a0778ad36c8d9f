"""A file that nobody follows yet: where to begin in it, and whose place it takes.

Invariants: a stored position always wins; a file that came while its pattern was known is read from its
first byte, whenever ttsd ran; what took another file's place is read after that one.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.sources import siblings
from ttsd.sources.content import encoding_in, last_lines, refusal
from ttsd.sources.copies import doubt_copy
from ttsd.sources.doubts import Doubt
from ttsd.sources.generations import unlisted
from ttsd.sources.identity import PREFIX, Verdict, judge, placed
from ttsd.sources.tail import Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.sources.files import File, Seen
    from ttsd.sources.source import Source

log = Logger("ttsd.sources")


def first_position(source: Source, path: str, seen: Seen) -> Checkpoint | None:
    """Where to begin in a file that was there before the source was; None: it is not to be followed.

    Raises OSError, SourceError.
    """
    settings = source.settings
    fresh = Checkpoint(path, seen.identity, modified=seen.modified)
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
        at = Checkpoint(path, seen.identity, modified=seen.modified)
        known = context.known.find(seen.identity)
        if known is not None:
            context.known.drop(known)
            related = known.path == path or siblings.is_generation(path, known.path)
            if not related and judge(known, file, seen.size) is Verdict.DIFFERENT:
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
    log.info("file_followed", source=source.name, path=path, offset=at.offset, known=at.id is not None)
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
    context = source.context
    if before is None:
        before = next((one for one in reversed(source.departed) if one.home == tail.path), None)
    origin: Tail | Checkpoint | None = before or context.known.last_of(tail.path)
    if isinstance(origin, Checkpoint):
        where = siblings.whereabouts(context, origin)
        if where is None:
            context.known.distrust(origin)
        else:
            context.known.drop(origin)
            origin = before = source.lay_aside(replace(origin, path=where), home=tail.path)
    if origin is None:
        doubt_copy(tail)
        return
    if before is not None:
        tail.read_after(*before.before, before)
        tail.rotations, tail.truncations = before.rotations + 1, before.truncations
        tail.cut_lines = before.cut_lines
    if not tail.is_fresh:
        return
    fate = _Fate.GONE if before is None else _fate(before)
    listed = _generations(arrived[: arrived.index(tail)], tail.path)
    between = [*listed, *_between(source, tail.path, origin, rotated=fate is _Fate.ROTATED)]
    if fate is _Fate.ROTATED and before is not None:
        before.leave_path()
        doubt_copy(tail)
    else:
        _doubt_save((*between, tail), origin, apart=fate is _Fate.APART)
    _read_after((*between, tail), before)


def lose_place(
    source: Source, home: str, origin: Tail | Checkpoint, arrived: Sequence[Tail] = ()
) -> list[Tail]:
    """Nothing is at *home* any more, where *origin* was; return what was there for a moment and rotated away."""
    rotated = isinstance(origin, Tail) and origin.is_open and not origin.is_gone()
    between = [*_generations(arrived, home), *_between(source, home, origin, rotated=rotated)]
    if not rotated:
        _doubt_save(between, origin)
    _read_after(between, origin if isinstance(origin, Tail) else None)
    return between


def _generations(arrived: Sequence[Tail], home: str) -> list[Tail]:
    """Those of the new files that look like older generations of the one at *home*."""
    return [one for one in arrived if one.at.id is None and siblings.is_generation(one.path, home)]


def _read_after(files: Sequence[Tail], before: Tail | None) -> None:
    """Each of *files* is read after those in front of it, and all of them after *before*."""
    for number, one in enumerate(files):
        if before is not None:
            one.read_after(*before.before, before)
        one.read_after(*files[:number])


def _doubt_save(files: Sequence[Tail], origin: Tail | Checkpoint, *, apart: bool = False) -> None:
    """The old file lost its place: each of those that came after it may be the same text, saved anew."""
    for number, one in enumerate(files):
        if one.doubt is None or one.doubt.old is None:
            one.doubt = Doubt(origin, apart=apart, others=tuple(files[:number]))


class _Fate(Enum):
    """What became of a file that lost its place."""

    ROTATED = auto()
    """It lives on as a generation of its own, or was seen gone: what came is new."""
    GONE = auto()
    """It is gone, or an editor's backup: what came may be the same text, saved anew."""
    APART = auto()
    """It has another name or another directory: an archive, or what a link led to until an editor replaced
    the link."""


def _fate(before: Tail) -> _Fate:
    if before.deleted or before.departed is None:
        return _Fate.ROTATED
    if before.is_gone():
        return _Fate.GONE
    where = siblings.whereabouts(before.owner.context, before.at)
    if where is not None and siblings.is_generation(where, before.home):
        return _Fate.ROTATED
    if where is not None and siblings.is_backup(where):
        return _Fate.GONE
    return _Fate.APART if before.is_open or where is not None else _Fate.GONE


def _between(source: Source, home: str, origin: Tail | Checkpoint, *, rotated: bool) -> list[Tail]:
    """Generations of *home* that were written and rotated away since the last look, oldest first.

    rotated: the old file lives on, so that what goes on with its text is a copy of it.
    """
    found: list[Tail] = []
    for generation, goes_on in unlisted(source, home, origin.at if isinstance(origin, Tail) else origin):
        if rotated and goes_on:
            source.let_go(generation)
        else:
            doubt_copy(generation)
            found.append(generation)
    return found
