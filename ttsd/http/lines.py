"""The lines of a file that somebody has not seen yet. Reads, never writes; bounded in what it gives."""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.frozen import frozen
from ttsd.sources.lines import encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TextIO

MOST_LINES = 500
"""Lines of one answer."""
LONGEST_LINE = 64 * 1024
"""Characters of a line; the rest of a longer one is left out."""
MOST_BYTES = 1 << 30
"""What is looked through; of a longer file nothing is told."""


@frozen
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
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise SourceError(f"is larger than {MOST_BYTES >> 20} MiB", where=path)
            found = encoding_of(encoding, file.read(4))
            file.seek(found.bom)
            # A newline is one where the text has one: its bytes may be halves of others in UTF-16.
            with io.TextIOWrapper(file, found.codec, "replace", newline="\n") as text:
                return _behind(known, _lines(text))
    except OSError as error:
        raise SourceError(f"cannot be read: {error}", where=path) from error


def _behind(known: int, lines: Iterator[str]) -> Lines:
    first: list[str] = []
    new: list[str] = []
    total = 0
    for total, line in enumerate(lines, 1):
        if len(first) < MOST_LINES:
            first.append(line)
        if total > known and len(new) < MOST_LINES:
            new.append(line)
    restarted = known > total
    told = first if restarted else new
    count = len(told) + (0 if restarted else known)
    return Lines(tuple(told), count, more=count < total, restarted=restarted)


def _open(path: str) -> BinaryIO:
    """Raises OSError; SourceError for a pipe: to open it would wait for its writer, or take what it writes."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as `open` below
        raise SourceError("is no regular file", where=path)
    # Should a pipe have come in its place since, nobody waits for it.
    return open(path, "rb", opener=lambda path, flags: os.open(path, flags | getattr(os, "O_NONBLOCK", 0)))


def _lines(file: TextIO) -> Iterator[str]:
    """The beginning of each complete line."""
    while line := file.readline(LONGEST_LINE):
        piece = line
        while piece and not piece.endswith("\n"):
            piece = file.readline(LONGEST_LINE)
        if piece:
            yield line.rstrip("\r\n")
