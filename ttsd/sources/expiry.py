"""Forgetting files that are gone for good: the list of what is remembered has bounds.

Invariant: a file is forgotten only where its directory is there to show that the file is not; a share
that is away for a while takes nothing with it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.sources.context import Context
    from ttsd.sources.source import Source
    from ttsd.store import Checkpoint

log = Logger("ttsd.sources")

EVERY = 3600.0
"""Seconds between two times."""
GHOST = 600.0
"""Seconds for which a truncated content is kept, to recognise its copy."""
MOST = 50_000
"""Files remembered; beyond, those seen longest ago go first."""


class Expiry:
    """Tidies once an hour."""

    def __init__(self, context: Context, keep: float) -> None:
        """keep: seconds for which a file that is gone is remembered."""
        self._context = context
        self._keep = keep
        self._due = 0.0

    def step(self, sources: Iterable[Source]) -> None:
        """Do it if it is time. Raises StoreError."""
        context = self._context
        now = context.clock.monotonic()
        if now < self._due:
            return
        wall = context.clock.time()
        followed = [tail.at.id for source in sources for tail in source.followed if tail.at.id is not None]
        context.store.seen(followed)
        rest = sorted(context.known.all(), key=lambda at: at.seen_at)
        over = len(rest) - MOST
        gone = [at for number, at in enumerate(rest) if number < over or self._is_over(at, wall)]
        context.store.forget([at.id for at in gone if at.id is not None])
        for at in gone:
            context.known.drop(at)
        self._due = now + EVERY
        if gone:
            log.info("files_forgotten", count=len(gone))

    def _is_over(self, at: Checkpoint, wall: float) -> bool:
        if at.shrunk_at is not None:
            return wall - at.shrunk_at > GHOST
        if wall - at.seen_at <= self._keep:
            return False
        directory = os.path.dirname(at.path)  # noqa: PTH120 - text
        return os.path.isdir(directory) and not os.path.exists(at.path)  # noqa: PTH110, PTH112 - text
