"""What the sources of one reader share. Belongs to the reader's thread alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.sources.files import Files
    from ttsd.sources.folders import Folders
    from ttsd.sources.known import Known
    from ttsd.sources.tail import Tail
    from ttsd.store import Store


class Handles:
    """Who holds a file open, the one that was used longest ago first; no more than *limit*.

    A file that lost its place is never closed for the sake of another: it might not be found again.
    Nor is the one whose turn it is.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.serving: Tail | None = None
        """Whose turn it is."""
        self._open: dict[Tail, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def touch(self, tail: Tail) -> None:
        """*tail* uses its handle now."""
        self._open.pop(tail, None)
        self._open[tail] = None
        if len(self._open) > self._limit:
            kept = (tail, self.serving)
            spare = next((one for one in self._open if one.departed is None and one not in kept), None)
            if spare is not None:
                spare.close()

    def forget(self, tail: Tail) -> None:
        """*tail* holds none any more."""
        self._open.pop(tail, None)


@dataclass(slots=True)
class Context:
    """The world around a source."""

    store: Store
    clock: Clock
    files: Files
    folders: Folders
    known: Known
    """Files that are remembered and not followed now."""
    handles: Handles
    wake: Callable[[], None]
    """Wakes the reader; from any thread."""
    tails: dict[str, Tail] = field(default_factory=dict)
    """Followed files of all sources by identity: each is followed once."""
