"""Decisions that need a second look: is this the old content or new?

Three things look alike for a moment: an editor that saves (the old text comes again, perhaps changed), a
log that is truncated (both in `rewrites`), and the copy that copytruncate leaves behind (`copies`).
Invariants: reading waits only while the content could still turn out to be the old one, and never longer
than the file rests for its settle time; content that differs in one byte of the evidence is decided at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.sources.copies import copied
from ttsd.sources.rewrites import rewritten

if TYPE_CHECKING:
    from ttsd.sources.tail import Tail


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
        return copied(tail, doubt, file, seen, now)
    return rewritten(tail, doubt, doubt.old, file, seen, now)
