"""Decisions that need a second look: is this the old content or new?

Three things look alike for a moment: an editor that saves (the old text comes again, perhaps changed), a
log that is truncated, and the copy that copytruncate leaves behind. Invariants: reading waits only while
the content could still turn out to be the old one, and never longer than the file rests for its settle
time; content that differs in one byte of the evidence is decided at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from ttsd.model import Offset
from ttsd.sources import siblings
from ttsd.sources.content import encoding_in, last_lines
from ttsd.sources.generations import unlisted
from ttsd.sources.identity import PREFIX, Verdict, judge, placed, same_so_far
from ttsd.sources.tail import Moved, Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.sources.context import Context
    from ttsd.sources.files import File, Seen

log = structlog.get_logger("ttsd.sources")

EVIDENCE = 64
"""Bytes of equal text that are no chance."""
COPY_WAIT = 1.0
"""Seconds for which a file that equals another so far may be its copy, waiting for the original to shrink."""


@dataclass(slots=True)
class Doubt:
    """What a file's content may turn out to be."""

    old: Checkpoint | Tail | None
    """What it may continue, as it stands when the decision falls; None: a copy of any known file."""
    apart: bool = False
    """The old one lives on under another name: only long text that comes again tells that this is its next version."""
    others: tuple[Tail, ...] = ()
    """Files between the two; those that turned out to go on with the same text may be continued too."""
    stamp: tuple[int, int] = (-1, -1)
    since: float = 0.0
    """Monotonic time at which it was last seen to change."""


def decide(tail: Tail, now: float) -> float | None:
    """Decide about *tail*; return the monotonic time to ask again, or None: it is decided.

    Raises Moved, OSError, StoreError, leaving it in doubt.
    """
    doubt = tail.doubt
    if doubt is None:
        return None
    file = tail.handle()
    seen = tail.seen = file.seen()
    if doubt.stamp != (seen.size, seen.modified):
        doubt.stamp, doubt.since = (seen.size, seen.modified), now
    if doubt.old is None:
        return _copied(tail, doubt, file, seen, now)
    return _rewritten(tail, doubt, doubt.old, file, seen, now)


# Truncated, rewritten, or saved by an editor ---------------------------------------------------------


def _rewritten(
    tail: Tail, doubt: Doubt, origin: Checkpoint | Tail, file: File, seen: Seen, now: float
) -> float | None:
    context, settings = tail.owner.context, tail.owner.settings
    old = origin.at if isinstance(origin, Tail) else origin
    verdict = judge(old, file, seen.size)
    in_place = old.identity == tail.identity
    known = old.offset and not (doubt.apart and old.offset < EVIDENCE)
    if not in_place:
        further = [other.at for other in reversed(doubt.others) if other.goes_on]
        if verdict is not Verdict.CONTINUES or not known:
            further += [at for who, at in _originals(tail, file) if who is None or _has_shrunk(who, at, tail)]
        for copied in further:
            if judge(copied, file, seen.size) is Verdict.CONTINUES:
                _go_on(tail, copied)
                return None
    if verdict is Verdict.CONTINUES and (known or in_place):
        if in_place:
            tail.begin_at(tail.at)
        else:
            _succeed(tail, origin, old, apart=doubt.apart)
        return None
    if not known or (doubt.apart and verdict is Verdict.DIFFERENT):
        # Nothing was ever read of the old one, or it is quite another file.
        tail.begin_at(_take_over(context, origin, tail.at))
        return None
    # An empty file that rests was truncated; what comes then is new, and an editor would have been faster.
    policy = settings.on_rewrite if seen.size else "all"
    if (verdict is Verdict.UNDECIDED or policy != "all") and now - doubt.since < settings.settle:
        return doubt.since + settings.settle
    if in_place:
        tail.read_after(*_copies(tail, old))
    own = None if in_place else tail.at.id
    fresh = Checkpoint(tail.path, tail.identity, id=own, home=tail.at.home, modified=tail.at.modified)
    fresh = placed(fresh, file, _start(file, seen, policy, tail))
    if in_place:
        ghost = replace(old, shrunk_at=context.clock.time())
        fresh, ghost = context.store.remember((fresh, ghost))
        context.known.put(ghost)
    else:
        fresh = _take_over(context, origin, fresh)
    tail.begin_at(fresh)
    tail.truncations += 1
    log.info(
        "file_truncated" if seen.size < old.offset else "file_rewritten",
        source=tail.owner.name,
        path=tail.path,
        offset=fresh.offset,
    )
    return None


def _succeed(tail: Tail, origin: Checkpoint | Tail, old: Checkpoint, *, apart: bool) -> None:
    """Another file at the same path goes on with the same content: only its new tail is read."""
    context = tail.owner.context
    own = replace(old, id=tail.at.id, path=tail.path, identity=tail.identity, home=tail.at.home)
    if apart:
        own = _take_over(context, origin, own)
    else:
        (own,) = context.store.remember((own,))
        if isinstance(origin, Tail):
            origin.owner.let_go(origin)
            tail.before = tuple(older for older in tail.before if older is not origin)
        _forget(context, old)
    tail.begin_at(own)
    tail.goes_on = True
    log.info("file_saved_anew", source=tail.owner.name, path=tail.path, offset=own.offset)


def _take_over(context: Context, origin: Checkpoint | Tail, fresh: Checkpoint) -> Checkpoint:
    """Store *fresh*, which has the path that *origin* had until now."""
    if isinstance(origin, Tail):
        origin.leave_path()
        if origin.followed and origin.at.id is not None:
            fresh, origin.at = context.store.remember((fresh, origin.at))
            return fresh
    (fresh,) = context.store.remember((fresh,))
    if not isinstance(origin, Tail):
        _forget(context, origin)
    return fresh


def _forget(context: Context, old: Checkpoint) -> None:
    """The file is gone, and what came in its place has a memory of its own."""
    if old.id is not None:
        context.store.forget([old.id])
    context.known.drop(old)


def _start(file: File, seen: Seen, policy: str, tail: Tail) -> Offset:
    """Where reading begins in a rewritten file."""
    if policy == "all":
        return Offset(0)
    settings = tail.owner.settings
    begin, end = last_lines(file, seen.size, encoding_in(file, settings.encoding), settings.max_line_bytes)
    return begin if policy == "last_line" else end


# The copy that copytruncate leaves behind ------------------------------------------------------------


def doubt_copy(tail: Tail) -> None:
    """Put *tail* in doubt if it is new and begins as a known file does."""
    if not tail.is_fresh:
        return
    try:
        file = tail.handle()
        size = file.seen().size
        alike = (judge(old, file, size) is not Verdict.DIFFERENT for _, old in _originals(tail, file))
        if size and any(alike):
            tail.doubt = Doubt(None)
    except (Moved, OSError) as error:
        log.debug("file_not_readable", path=tail.path, reason=str(error))


def _originals(copy: Tail, file: File) -> Iterator[tuple[Tail | None, Checkpoint]]:
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


def _copied(tail: Tail, doubt: Doubt, file: File, seen: Seen, now: float) -> float | None:
    waiting = False
    for original, old in _originals(tail, file):
        verdict = judge(old, file, seen.size)
        if verdict is Verdict.DIFFERENT:
            continue
        if original is None or _has_shrunk(original, old, tail):
            if verdict is Verdict.CONTINUES:
                _go_on(tail, old)
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


def _has_shrunk(original: Tail, old: Checkpoint, copy: Tail) -> bool:
    """Whether the original's content is no longer what it was, or the file is gone."""
    try:
        file = original.handle()
        seen = file.seen()
    except (Moved, OSError):
        return False
    if seen.links == 0:
        return _is_evidence(old, original.home, copy)
    return judge(old, file, seen.size) is not Verdict.CONTINUES


def _go_on(tail: Tail, old: Checkpoint) -> None:
    """*tail* is a copy of what *old* describes: nothing of it that was read is read again."""
    copied = replace(
        old, id=tail.at.id, path=tail.path, identity=tail.identity, home=tail.at.home, shrunk_at=None
    )
    (at,) = tail.owner.context.store.remember((copied,))
    tail.begin_at(at)
    tail.goes_on = True
    log.info("file_is_copy", source=tail.owner.name, path=tail.path, offset=at.offset)


def _may_continue(other: Tail, tail: Tail) -> bool:
    """Whether *other* is in doubt about being a copy of what *tail* was."""
    return other.doubt is not None and (other.doubt.old is None or other.doubt.old is tail)


def _copies(tail: Tail, old: Checkpoint) -> list[Tail]:
    """Copies of what *tail* was, and others made since: they may hold lines that nobody read before."""
    found: list[Tail] = []
    for other in [other for other in tail.owner.context.tails.values() if _may_continue(other, tail)]:
        try:
            file = other.handle()
            if judge(old, file, file.seen().size) is Verdict.CONTINUES:
                other.before = tuple(older for older in other.before if older is not tail)
                _go_on(other, old)
                found.append(other)
        except (Moved, OSError):
            continue
    for generation, goes_on in unlisted(tail.owner, tail.home, old):
        if goes_on:
            _go_on(generation, old)
        else:
            doubt_copy(generation)
        generation.read_after(*found)
        found.append(generation)
    return found
