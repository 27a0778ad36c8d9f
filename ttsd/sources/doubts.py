"""A doubt: is this file's content old or new? See `decisions` for how it is resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.sources.tail import Tail
    from ttsd.store import Checkpoint

EVIDENCE = 64
"""Bytes of equal text that are no chance."""


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
