"""Text that was truncated, rewritten, or saved by an editor: which of it is new?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.model import Offset
from ttsd.sources.content import encoding_in, last_lines
from ttsd.sources.copies import copies_of, go_on, has_shrunk, originals
from ttsd.sources.doubts import EVIDENCE
from ttsd.sources.identity import Verdict, judge, placed
from ttsd.sources.tail import Tail
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from ttsd.sources.context import Context
    from ttsd.sources.doubts import Doubt
    from ttsd.sources.files import File, Seen

log = Logger("ttsd.sources")


def rewritten(
    tail: Tail, doubt: Doubt, origin: Checkpoint | Tail, file: File, seen: Seen, now: float
) -> float | None:
    """Decide whether *tail* goes on with the text of *origin*, or of a file between the two; see `decide`."""
    context, settings = tail.owner.context, tail.owner.settings
    old = origin.at if isinstance(origin, Tail) else origin
    verdict = judge(old, file, seen.size)
    in_place = old.identity == tail.identity
    known = old.offset and not (doubt.apart and old.offset < EVIDENCE)
    settled = verdict is Verdict.CONTINUES and (known or in_place)
    further = [other.at for other in reversed(doubt.others) if other.goes_on]
    if not settled and not (in_place and verdict is Verdict.UNDECIDED):
        further += [
            at
            for who, at in originals(tail, file)
            if not (in_place and at.identity == old.identity) and (who is None or has_shrunk(who, at, tail))
        ]
    for copied in further:
        if judge(copied, file, seen.size) is Verdict.CONTINUES:
            go_on(tail, copied)
            return None
    if settled:
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
        tail.read_after(*copies_of(tail, old))
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
