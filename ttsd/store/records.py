"""What goes into the store and comes out of it, besides the words of model.py: plain frozen values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NewType

from ttsd.frozen import frozen
from ttsd.model import Offset, Priority, State

if TYPE_CHECKING:
    from ttsd.model import Line, SourceName, Utterance, UtteranceId

FileId = NewType("FileId", int)
"""A checkpoint's row; never used again for another file."""


@frozen
class Checkpoint:
    """Which file this is, and how far it was read.

    Invariant: `offset` is the end of the last complete, committed line. A file is recognised by its
    identity *and* by its content: an inode is given to another file as soon as the first is gone.
    """

    path: str
    """Absolute path at which it was last seen."""
    identity: str
    """Device and inode (Windows: volume and file id), in words."""
    offset: Offset = Offset(0)
    prefix: bytes = b""
    """The file's first bytes, at most PREFIX of them and never beyond `offset`. Kept as bytes rather
    than as a hash, so that a shorter file can be compared with it."""
    marker: bytes = b""
    """Hash of the bytes just before `offset`; empty at offset 0."""
    modified: int = 0
    """The file's own time when it was last seen in its place, in nanoseconds: what was created later is newer.
    Not when it was written last: late writers go on after newer files were created."""
    home: str | None = None
    """The path that it lost to another file, while there is still something to read of it."""
    skipping: bool = False
    """`offset` is inside an overlong line, the rest of which is to be skipped."""
    id: FileId | None = None
    """None: not stored yet."""
    shrunk_at: float | None = None
    """Unix seconds at which this content was truncated away; kept to recognise a copy of it."""
    seen_at: float = 0.0
    """Unix seconds at which it was last known to exist; kept by the store, to the hour."""


@frozen
class Batch:
    """Lines of one file and the checkpoint that acknowledges them: stored together or not at all."""

    source: SourceName
    checkpoint: Checkpoint | None
    """None: a stream, which has no offsets."""
    lines: tuple[Line, ...] = ()
    written_at: float | None = None
    """Unix seconds of the newest write to the file when the lines were read; None: nobody knows."""
    max_age: float | None = None
    """Seconds after which the lines are no longer worth saying."""
    priority: Priority = Priority.NORMAL
    voice: str | None = None
    max_queue: int | None = None
    """Longest queue of this source; None: no bound here (the reader stops reading instead)."""
    drop: Literal["oldest", "newest"] = "oldest"
    """What goes when `max_queue` is passed."""


@frozen
class Committed:
    """What became of a batch."""

    checkpoint: Checkpoint | None
    """As stored: it carries its id."""
    queued: int
    """Utterances that entered the queue."""
    dropped: int
    """Utterances that `max_queue` cost, old or new."""
    gone: tuple[Utterance, ...] = ()
    """Those of them that were in the queue."""


@frozen
class Counts:
    """Utterances by state: the two live ones as they stand, the final ones since the database began."""

    queued: int = 0
    speaking: int = 0
    spoken: int = 0
    skipped: int = 0
    expired: int = 0
    dropped: int = 0
    failed: int = 0

    def of(self, state: State) -> int:
        """The count of one state."""
        return int(getattr(self, state.value))


@frozen
class Counters:
    """Totals since the database began."""

    lines: int = 0
    """Lines read from sources, also those that were not queued."""
    queued: int = 0
    """Utterances that ever entered the queue."""
    spoken: int = 0
    skipped: int = 0
    expired: int = 0
    dropped: int = 0
    failed: int = 0


@frozen
class Recovery:
    """One decision taken about an utterance that was found after a stop or a crash."""

    id: UtteranceId
    source: SourceName
    old: State
    new: State
    why: str
