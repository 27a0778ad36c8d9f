"""Copies that log rotation leaves behind (copytruncate): nothing that was read of the original is read again.

Invariant: equal content alone makes no copy; the original has to be gone, or to be no longer what it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.sources import siblings
from ttsd.sources.doubts import EVIDENCE, Doubt
from ttsd.sources.generations import unlisted
from ttsd.sources.identity import PREFIX, Verdict, judge, same_so_far
from ttsd.sources.tail import Moved, Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.sources.files import File, Seen

log = Logger("ttsd.sources")

COPY_WAIT = 1.0
"""Seconds for which a file that equals another so far may be its copy, waiting for the original to shrink."""


def doubt_copy(tail: Tail) -> None:
    """Put *tail* in doubt if it is new and begins as a known file does."""
    if not tail.is_fresh:
        return
    try:
        file = tail.handle()
        size = file.seen().size
        alike = (judge(old, file, size) is not Verdict.DIFFERENT for _, old in originals(tail, file))
        if size and any(alike):
            tail.doubt = Doubt(None)
    except (Moved, OSError) as error:
        log.debug("file_not_readable", path=tail.path, reason=str(error))


def originals(copy: Tail, file: File) -> Iterator[tuple[Tail | None, Checkpoint]]:
    """Contents that *copy* may be a copy of, with who holds them still; None: nobody does."""
    context = copy.owner.context
    head = file.read_at(0, PREFIX)
    for at in (*context.known.shrunk(), *context.known.beside(copy.path)):
        if at.offset and _alike(at, head) and (at.shrunk_at is not None or _is_gone(at, copy)):
            yield None, at
    for tail in [one for one in context.tails.values() if not (one.deleted and one.home == copy.path)]:
        doubted = tail.doubt is not None and isinstance(tail.doubt.old, Checkpoint)
        at = tail.doubt.old if doubted else tail.at  # type: ignore[union-attr,assignment]  # just looked
        if tail is not copy and at.offset and (doubted or tail.doubt is None) and _alike(at, head):
            yield tail, at


def _alike(at: Checkpoint, head: bytes) -> bool:
    return head.startswith(at.prefix) or at.prefix.startswith(head)


def _is_gone(at: Checkpoint, copy: Tail) -> bool:
    """Whether a remembered file is gone, and *copy* is what became of it."""
    return _is_evidence(at, at.path, copy) and siblings.whereabouts(copy.owner.context, at) is None


def _is_evidence(at: Checkpoint, home: str, copy: Tail) -> bool:
    """Whether equal text is no chance: it is long, or the name is one that a rotation gives."""
    return at.offset >= EVIDENCE or siblings.is_generation(copy.path, home)


def copied(tail: Tail, doubt: Doubt, file: File, seen: Seen, now: float) -> float | None:
    """Decide whether the new *tail* is a copy of any known file; see `decide`."""
    waiting = False
    for original, old in originals(tail, file):
        verdict = judge(old, file, seen.size)
        if verdict is Verdict.DIFFERENT:
            continue
        if original is None or has_shrunk(original, old, tail):
            if verdict is Verdict.CONTINUES:
                go_on(tail, old)
                return None
            waiting = True
        else:
            # Nobody copies a file to the place that it had: this one begins like the file that was rotated away.
            waiting = waiting or (
                original.home != tail.path
                and (verdict is Verdict.CONTINUES or same_so_far(original.handle(), file, seen.size))
            )
    if waiting and now - doubt.since < COPY_WAIT:
        return doubt.since + COPY_WAIT
    tail.begin_at(tail.at)
    return None


def has_shrunk(original: Tail, old: Checkpoint, copy: Tail) -> bool:
    """Whether the original's content is no longer what it was, or the file is gone."""
    try:
        file = original.handle()
        seen = file.seen()
    except (Moved, OSError):
        return False
    if seen.links == 0:
        return _is_evidence(old, original.home, copy)
    return judge(old, file, seen.size) is not Verdict.CONTINUES


def go_on(tail: Tail, old: Checkpoint) -> None:
    """*tail* is a copy of what *old* describes: nothing of it that was read is read again."""
    own = replace(
        old, id=tail.at.id, path=tail.path, identity=tail.identity, home=tail.at.home, shrunk_at=None
    )
    (at,) = tail.owner.context.store.remember((own,))
    tail.begin_at(at)
    tail.goes_on = True
    log.info("file_is_copy", source=tail.owner.name, path=tail.path, offset=at.offset)


def _may_continue(other: Tail, tail: Tail) -> bool:
    """Whether *other* is in doubt about being a copy of what *tail* was."""
    return other.doubt is not None and (other.doubt.old is None or other.doubt.old is tail)


def copies_of(tail: Tail, old: Checkpoint) -> list[Tail]:
    """Copies of what *tail* was, and others made since: they may hold lines that nobody read before."""
    found: list[Tail] = []
    for other in [other for other in tail.owner.context.tails.values() if _may_continue(other, tail)]:
        try:
            file = other.handle()
            if judge(old, file, file.seen().size) is Verdict.CONTINUES:
                other.before = tuple(older for older in other.before if older is not tail)
                go_on(other, old)
                found.append(other)
        except (Moved, OSError):
            continue
    for generation, goes_on in unlisted(tail.owner, tail.home, old):
        if goes_on:
            go_on(generation, old)
        else:
            doubt_copy(generation)
        generation.read_after(*found)
        found.append(generation)
    return found
