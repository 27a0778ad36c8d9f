"""What the sources of one reader share. Belongs to the reader's thread alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.sources.files import Files
    from ttsd.sources.folders import Folders
    from ttsd.sources.known import Known
    from ttsd.sources.tail import Tail
    from ttsd.store import Store


@dataclass(slots=True)
class Context:
    """The world around a source."""

    store: Store
    clock: Clock
    files: Files
    folders: Folders
    known: Known
    """Files that are remembered and not followed now."""
    tails: dict[str, Tail] = field(default_factory=dict)
    """Followed files of all sources by identity: each is followed once."""
