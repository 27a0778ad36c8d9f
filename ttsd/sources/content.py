"""Questions about a file's content: its encoding, where its last line ends, whether it is text at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.model import Offset
from ttsd.sources.lines import encoding_of

if TYPE_CHECKING:
    from ttsd.sources.files import File
    from ttsd.sources.lines import Encoding

_SNIFF = 1024
_PIECE = 1 << 20
_MOST = 16
"""Pieces of a hole read in one turn."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"%PDF-", "PDF"),
    (b"\x7fELF", "ELF"),
    (b"SQLite format 3\0", "SQLite"),
    (b"OggS", "Ogg"),
    (b"RIFF", "RIFF"),
)


def encoding_in(file: File, name: str) -> Encoding:
    """The encoding of *file*, which its source calls *name*. Raises OSError."""
    return encoding_of(name, file.read_at(0, 4))


def refusal(head: bytes, encoding: str) -> str | None:
    """Why a file that begins with *head* is not to be spoken; None: it may be text."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return f"this is {kind}, no text"
    # A hole at the beginning is what a truncation leaves behind; wide encodings are full of NULs.
    narrow = len(encoding_of(encoding, head[:4]).newline) == 1
    if narrow and b"\0" in head[:_SNIFF].strip(b"\0"):
        return "this is binary, no text"
    return None


def last_lines(file: File, size: int, encoding: Encoding, longest: int) -> tuple[Offset, Offset]:
    """Where the last complete line of a file of *size* bytes begins and ends. Raises OSError.

    longest: bytes of a line; without a delimiter within so many, both are the size itself.
    """
    width = len(encoding.newline)
    start = max(encoding.bom, size - 2 * longest)
    start += -(start - encoding.bom) % width
    window = file.read_at(start, size - start)
    ends = [0] if start <= encoding.bom else []
    at = -width
    while (at := _aligned(window, encoding.newline, at + width)) >= 0:
        ends.append(at + width)
    if not ends:
        return Offset(size), Offset(size)
    if ends == [0]:
        return Offset(0), Offset(0)
    first = ends[-2] if len(ends) > 1 else ends[-1]
    return Offset(start + first if start + first > encoding.bom else 0), Offset(start + ends[-1])


def _aligned(window: bytes, newline: bytes, at: int) -> int:
    found = window.find(newline, at)
    while found >= 0 and found % len(newline):
        found = window.find(newline, found + 1)
    return found


def past_hole(file: File, offset: int, size: int) -> int:
    """The first offset from *offset* on that is no NUL, or how far a bounded look came. Raises OSError."""
    for _ in range(_MOST):
        offset = min(file.next_data(offset), size)
        if offset >= size:
            return size
        piece = file.read_at(offset, _PIECE)
        text = len(piece) - len(piece.lstrip(b"\0"))
        offset += text
        if text < len(piece) or not piece:
            return offset
    return offset
