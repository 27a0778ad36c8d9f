"""Is this the file we were reading? Answered from content, since names and inodes are both given anew.

The evidence: the first bytes (up to PREFIX) and a hash of the bytes just before the offset (up to MARK).
Equal content alone never makes two files one: callers ask only where the inode, the path or a truncation
points at the same file already.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from ttsd.model import Offset

if TYPE_CHECKING:
    from ttsd.sources.files import File
    from ttsd.store import Checkpoint

PREFIX = 1024
"""Bytes kept of a file's beginning."""
MARK = 1024
"""Bytes before the offset that the marker covers."""


class Verdict(Enum):
    """What a file's content says about a checkpoint."""

    CONTINUES = auto()
    """All evidence holds: reading goes on at the offset."""
    DIFFERENT = auto()
    """Some evidence speaks against it: this is other content."""
    UNDECIDED = auto()
    """Shorter than the offset and equal so far: truncated, or still being written."""


def mark(before: bytes) -> bytes:
    """The marker for an offset that has *before* in front of it (only its last MARK bytes count)."""
    return hashlib.blake2b(before[-MARK:], digest_size=16).digest() if before else b""


def judge(at: Checkpoint, file: File, size: int) -> Verdict:
    """Hold *file*, which has *size* bytes now, against the checkpoint. Raises OSError."""
    if not at.offset:
        return Verdict.CONTINUES
    head = file.read_at(0, len(at.prefix))
    if size < at.offset:
        return Verdict.UNDECIDED if at.prefix.startswith(head) else Verdict.DIFFERENT
    if head != at.prefix or mark(_before(file, at.offset)) != at.marker:
        return Verdict.DIFFERENT
    return Verdict.CONTINUES


def same_so_far(original: File, copy: File, size: int) -> bool:
    """Whether the last bytes of *copy*, which has *size*, lie at the same place in *original*. Raises OSError."""
    start = max(0, size - MARK)
    return original.read_at(start, size - start) == copy.read_at(start, size - start)


def placed(at: Checkpoint, file: File, offset: Offset) -> Checkpoint:
    """*at* moved to *offset* of *file*, with the evidence that belongs to it. Raises OSError."""
    return replace(
        at,
        offset=offset,
        prefix=file.read_at(0, min(PREFIX, offset)),
        marker=mark(_before(file, offset)),
        skipping=False,
    )


def _before(file: File, offset: int) -> bytes:
    start = max(0, offset - MARK)
    return file.read_at(start, offset - start)
