"""A file fetched over HTTP: resumed where it broke off, whole only when its checksum is right.

Invariants: what is fetched lies in a part file until it is whole and checked, so that nobody ever sees
half of it; more than was announced is never written; a part whose end has the wrong checksum is thrown away.
Standard library alone.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from ttsd import __version__
from ttsd.errors import TtsdError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMEOUT = 30.0
"""Seconds without a byte."""
PIECE = 1 << 16
"""Bytes read at once."""
ATTEMPTS = 4
"""Connections in a row that may break; one that brought something does not count."""
SPARE = 1 << 20
"""Bytes that are left free on the disk."""
LONGEST_TEXT = 16 << 20
"""Bytes of a catalogue or a model card."""


class FetchError(TtsdError):
    """Something could not be fetched."""

    code = "fetch"


class Unreachable(FetchError):
    """Nobody answers there, or the answer breaks off: another time, or another place, may help."""

    code = "unreachable"


@frozen
class Wanted:
    """A file somewhere."""

    url: str
    size: int | None = None
    """Bytes; None: not told."""
    checksum: str | None = None
    """`md5:…` or `sha256:…`, hexadecimal; None: not told."""


def text(url: str, *, timeout: float = TIMEOUT) -> bytes:
    """All of a small file. Raises FetchError."""
    with _open(url, 0, timeout) as stream:
        try:
            data: bytes = stream.read(LONGEST_TEXT + 1)
        except (OSError, http.client.HTTPException) as error:
            raise _broken(url, error) from error
    if len(data) > LONGEST_TEXT:
        raise FetchError(f"is larger than {LONGEST_TEXT >> 20} MiB", where=url)
    return data


def fetch(
    wanted: Wanted, part: Path, progress: Callable[[int], None] = lambda _: None, *, timeout: float = TIMEOUT
) -> None:
    """Have all of it in *part*, going on behind what is there; *progress* gets the bytes so far.

    Raises FetchError; what has come stays in *part* unless it is wrong.
    """
    resumed = _size(part) > 0
    _make_room(wanted, part)
    vain = 0
    while wanted.size is None or _size(part) < wanted.size:
        before = _size(part)
        try:
            _go_on(wanted, part, progress, timeout)
        except Unreachable:
            vain = 0 if _size(part) > before else vain + 1
            if vain >= ATTEMPTS:
                raise
        else:
            break
    if checksum_of(part, wanted.checksum) == wanted.checksum:
        return
    part.unlink()
    if resumed:  # it may be another file by now than the one whose beginning we had
        fetch(wanted, part, progress, timeout=timeout)
        return
    raise FetchError(
        "is damaged: its checksum is not the catalogue's", where=wanted.url, next_step="try again later"
    )


def checksum_of(file: Path, like: str | None) -> str | None:
    """The file's checksum of the kind that *like* is; None: of no kind."""
    if like is None:
        return None
    kind = like.partition(":")[0]
    with file.open("rb") as stream:
        # md5 finds accidents, not malice; it is what Piper's catalogue has.
        digest = hashlib.file_digest(stream, lambda: hashlib.new(kind, usedforsecurity=False))
    return f"{kind}:{digest.hexdigest()}"


def _go_on(wanted: Wanted, part: Path, progress: Callable[[int], None], timeout: float) -> None:
    """One connection: what it brings is added to *part*. Raises FetchError."""
    have = _size(part)
    with _open(wanted.url, have, timeout) as stream:
        if stream.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0  # the server begins anew
        try:
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                while data := _read(wanted.url, stream):
                    have += len(data)
                    if wanted.size is not None and have > wanted.size:
                        raise FetchError(
                            f"is longer than the {wanted.size} bytes the catalogue tells", where=wanted.url
                        )
                    file.write(data)
                    progress(have)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FetchError(
                f"cannot be written: {error.strerror}", where=str(part), next_step="make room, and try again"
            ) from error
        left = stream.length if wanted.size is None else wanted.size - have
        if left:
            raise _broken(wanted.url, None)


def _read(url: str, stream: http.client.HTTPResponse) -> bytes:
    try:
        return stream.read(PIECE)
    except (OSError, http.client.HTTPException) as error:
        raise _broken(url, error) from error


def _open(url: str, start: int, timeout: float) -> http.client.HTTPResponse:
    """The answer, from byte *start* on if the server can. Raises FetchError."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise FetchError("is no address of the web", where=url, next_step="it begins with https://")
    headers = {"User-Agent": f"ttsd/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)  # noqa: S310  # the scheme was looked at
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return _open(url, 0, timeout)
        kind = Unreachable if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR else FetchError
        raise kind(f"is not to be had: {error.code} {error.reason}", where=url) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(url, error) from error
    assert isinstance(answer, http.client.HTTPResponse)
    return answer


def _broken(url: str, error: Exception | None) -> Unreachable:
    reason = getattr(error, "reason", None) or error or "it broke off"
    return Unreachable(
        f"cannot be reached: {reason}", where=url, next_step="try again: it goes on where it stopped"
    )


def _make_room(wanted: Wanted, part: Path) -> None:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(part.parent).free
    except OSError as error:
        raise FetchError(f"cannot be written: {error.strerror}", where=str(part)) from error
    needed = (wanted.size or 0) - _size(part) + SPARE
    if free < needed:
        raise FetchError(
            f"there are {free / 1e6:.0f} MB free, and it takes {needed / 1e6:.0f}", where=str(part.parent)
        )


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0
