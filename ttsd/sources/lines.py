"""Bytes to lines: pure, without state of its own, so that a file is simply read again after a rollback.

The caller hands over a window: bytes from a line's beginning (or from inside an overlong line that is
being skipped) to wherever the file ends or the window does. Invariants: `end` never moves behind a byte
that a returned line does not acknowledge, except for bytes that are never spoken (the rest of an overlong
line, NULs before text); a partial line stays for the next window; no input raises.
"""

from __future__ import annotations

import codecs

from ttsd.errors import SourceError
from ttsd.frozen import frozen
from ttsd.model import Line, Offset

_BOMS: tuple[tuple[bytes, str], ...] = (
    # The longer ones first: UTF-32's mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BOM_FAMILY = frozenset({"utf-8", "utf-8-sig", "utf-16", "utf-32"})
"""Names under which a byte order mark decides."""


@frozen
class Encoding:
    """How a file's bytes become text."""

    codec: str
    """A Python codec that needs no mark."""
    newline: bytes
    """A line's delimiter in this encoding; its length is the width of a unit."""
    bom: int
    """Bytes at the file's beginning that are a mark and no text."""


def encoding_of(name: str, head: bytes) -> Encoding:
    """The encoding called *name* for a file that begins with *head* (4 bytes decide). Raises SourceError."""
    try:
        codec = codecs.lookup(name).name
        if codec in _BOM_FAMILY:
            for mark, found in _BOMS:
                if head.startswith(mark):
                    return Encoding(found, "\n".encode(found), len(mark))
            codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)
        elif codec == "utf-16-le" or codec == "utf-16-be" or codec.startswith("utf-32-"):
            mark = "\ufeff".encode(codec)
            return Encoding(codec, "\n".encode(codec), len(mark) if head.startswith(mark) else 0)
        return Encoding(codec, "\n".encode(codec), 0)
    except (LookupError, UnicodeError, TypeError) as error:
        raise SourceError(
            f"{name!r} is no text encoding", next_step="use a name such as utf-8, utf-16 or cp1252"
        ) from error


@frozen
class Split:
    """What was found in a window."""

    lines: tuple[Line, ...]
    end: Offset
    """How far the file is read now."""
    skipping: bool
    """`end` is inside an overlong line."""
    partial: bytes
    """What follows `end` in the window: the beginning of a line."""


def split(
    window: bytes, start: Offset, encoding: Encoding, max_line_bytes: int, *, skipping: bool = False
) -> Split:
    """Split *window*, which lies at *start* in its file.

    skipping: *start* is inside an overlong line, whose rest is dropped.
    """
    at = 0
    if skipping:
        at = _find(window, encoding.newline, 0)
        if at < 0:
            whole = len(window) - len(window) % len(encoding.newline)
            return Split((), Offset(start + whole), True, window[whole:])
        at += len(encoding.newline)
    elif start < encoding.bom:
        at = min(encoding.bom - start, len(window))
    lines: list[Line] = []
    if len(encoding.newline) == 1:
        end = start + at
        pieces = window[at:].split(encoding.newline) if at else window.split(encoding.newline)
        last = pieces.pop()
        for raw in pieces:
            end += len(raw) + 1
            lines.append(_line(raw, encoding, max_line_bytes, Offset(end)))
        at = len(window) - len(last)
    else:
        while (found := _find(window, encoding.newline, at)) >= 0:
            after = found + len(encoding.newline)
            lines.append(_line(window[at:found], encoding, max_line_bytes, Offset(start + after)))
            at = after
    at = _past_nuls(window, at, encoding)
    hole = window[at : at + 1] == b"\0" and not window[at:].strip(b"\0")
    if len(window) - at > max_line_bytes and not hole:
        end = start + at + max_line_bytes - max_line_bytes % len(encoding.newline)
        cut = window[at : end - start]
        lines.append(Line(_text(_whole(cut, encoding), encoding), Offset(end), cut=True))
        return Split(tuple(lines), Offset(end), True, window[end - start :])
    return Split(tuple(lines), Offset(start + at), False, window[at:])


def partial_text(partial: bytes, encoding: Encoding) -> str:
    """The text of a line whose delimiter never came."""
    return _text(partial, encoding)


def _find(window: bytes, newline: bytes, at: int) -> int:
    """The next delimiter at a multiple of its width from *at*; -1: none."""
    found = window.find(newline, at)
    while found >= 0 and (found - at) % len(newline):
        found = window.find(newline, found + 1)
    return found


def _past_nuls(window: bytes, at: int, encoding: Encoding) -> int:
    """Skip NULs before text: a writer without O_APPEND leaves a hole after a truncation.

    NULs with nothing behind them stay: a preallocated file is filled in place.
    """
    width = len(encoding.newline)
    if window[at : at + width] != b"\0" * width:
        return at
    text = len(window) - len(window[at:].lstrip(b"\0"))
    return at if text == len(window) else text - (text - at) % width


def _line(raw: bytes, encoding: Encoding, max_line_bytes: int, end: Offset) -> Line:
    if len(raw) > max_line_bytes:
        raw = raw.strip(b"\0") if len(encoding.newline) == 1 else raw
        if len(raw) > max_line_bytes:
            return Line(_text(_whole(raw[:max_line_bytes], encoding), encoding), end, cut=True)
    return Line(_text(raw, encoding), end)


def _whole(cut: bytes, encoding: Encoding) -> bytes:
    """*cut* without a character that the cut went through."""
    try:
        decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    except LookupError:  # a codec that only does whole texts
        return cut
    decoder.decode(cut)
    pending, _ = decoder.getstate()
    return cut[: len(cut) - len(pending)] if pending else cut


def _text(raw: bytes, encoding: Encoding) -> str:
    text = raw.decode(encoding.codec, "replace")
    if "\r" in text:
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", " ")
    return text.replace("\0", "") if "\0" in text else text
