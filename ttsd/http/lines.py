"""The lines of a file that somebody has not seen yet. Reads, never writes; bounded in what it gives."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttsd.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MOST_LINES = 500
"""Lines of one answer."""
LONGEST_LINE = 64 * 1024
"""Bytes of a line; the rest of a longer one is left out."""
MOST_BYTES = 1 << 30
"""What is looked through; of a longer file nothing is told."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What is new."""

    lines: tuple[str, ...]
    count: int
    """Complete lines up to the last of `lines`."""
    more: bool
    restarted: bool


def read_lines(path: str, known: int, encoding: str) -> Lines:
    """The complete lines of *path* behind the first *known*; all of them if it has fewer. Raises SourceError."""
    try:
        with _open(path) as file:
            total = _count(file)
            restarted = known > total
            skipped = 0 if restarted else known
            file.seek(0)
            found: list[str] = []
            for number, raw in enumerate(_lines(file)):
                if number >= total or len(found) >= MOST_LINES:
                    break
                if number >= skipped:
                    found.append(raw.rstrip(b"\r\n").decode(encoding, "replace"))
    except (OSError, LookupError) as error:
        raise SourceError(f"cannot be read: {error}", where=path) from error
    count = skipped + len(found)
    return Lines(tuple(found), count, more=count < total, restarted=restarted)


def _open(path: str) -> BinaryIO:
    """Raises OSError; SourceError for a pipe: to open it would wait for its writer, or take what it writes."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as `open` below
        raise SourceError("is no regular file", where=path)
    # Should a pipe have come in its place since, nobody waits for it.
    return open(path, "rb", opener=lambda path, flags: os.open(path, flags | getattr(os, "O_NONBLOCK", 0)))


def _count(file: BinaryIO) -> int:
    """Complete lines. Raises SourceError."""
    count = seen = 0
    while piece := file.read(1 << 20):
        count += piece.count(b"\n")
        seen += len(piece)
        if seen > MOST_BYTES:
            raise SourceError(f"is larger than {MOST_BYTES >> 20} MiB")
    return count


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Each line's beginning."""
    while line := file.readline(LONGEST_LINE):
        yield line
        while not line.endswith(b"\n") and line:
            line = file.readline(LONGEST_LINE)
