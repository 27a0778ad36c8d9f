"""Wyoming's bytes: a JSON header line, then data (JSON) and payload (bytes) of the lengths it names.

Invariants: end of file between two events, garbage, and an event cut short are three different
answers; nothing read is larger than its limit; reading stops at the first fault, because after it
nobody knows where the next event begins. Standard library alone: workers run this in any venv.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from ttsd.errors import EngineError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HEADER = 1 << 20
"""Bytes of a header line; old servers put a whole catalogue of voices into it."""
MAX_DATA = 8 << 20
"""Bytes of a data block."""
MAX_PAYLOAD = 16 << 20
"""Bytes of a payload: three minutes of float samples at 22 050 Hz."""


class WireError(EngineError):
    """What arrived is not Wyoming's bytes; the stream cannot be used any further."""

    code = "wire"


class Garbage(WireError):
    """Bytes that are no event, or an event beyond the limits."""


class Truncated(WireError):
    """The stream ended inside an event."""


class Readable(Protocol):
    """A blocking byte stream, such as a pipe's or a socket's buffered reader."""

    def readline(self, limit: int = -1, /) -> bytes:
        """Bytes up to and with the next newline, at most *limit*; empty at the end."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Up to *size* bytes; empty at the end."""
        ...


@frozen
class Event:
    """One message in either direction."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON values."""
    payload: bytes = b""


def encode(event: Event) -> bytes:
    """The event as it goes over the wire. Raises WireError if it is beyond the limits."""
    header: dict[str, object] = {"type": event.type}
    # ASCII escapes: a lone surrogate must not break the stream.
    data = json.dumps(event.data).encode("ascii") if event.data else b""
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    if len(data) > MAX_DATA or len(event.payload) > MAX_PAYLOAD:
        raise WireError(
            f"a {event.type} event of {len(data) + len(event.payload)} bytes is too large to send"
        )
    return json.dumps(header).encode("ascii") + b"\n" + data + event.payload


def read(stream: Readable) -> Event | None:
    """The next event, or None at the end of the stream. Raises Garbage, Truncated; OSError from the stream."""
    line = stream.readline(MAX_HEADER + 1)
    if not line:
        return None
    if not line.endswith(b"\n"):
        if len(line) > MAX_HEADER:
            raise Garbage(f"a header longer than {MAX_HEADER} bytes")
        raise Truncated("the stream ended inside a header")
    header = _object(line, "header")
    kind = header.get("type")
    if not isinstance(kind, str) or not kind:
        raise Garbage("a header without a type")
    data = header.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise Garbage("data that is not an object")
    size = _length(header, "data_length", MAX_DATA)
    payload_size = _length(header, "payload_length", MAX_PAYLOAD)
    if size:
        data = {**data, **_object(_exactly(stream, size), "data")}
    return Event(kind, data, _exactly(stream, payload_size))


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested without end
        # What it was is not told: it may be what was to be spoken.
        raise Garbage(f"a {what} that is not JSON ({type(error).__name__}, {len(raw)} bytes)") from None
    if not isinstance(value, dict):
        raise Garbage(f"a {what} that is not a JSON object")
    return value


def _length(header: Mapping[str, Any], key: str, limit: int) -> int:
    value = header.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
        raise Garbage(f"a {key} that is not a number from 0 to {limit}")
    return value


def _exactly(stream: Readable, size: int) -> bytes:
    parts: list[bytes] = []
    missing = size
    while missing:
        part = stream.read(missing)
        if not part:
            raise Truncated(f"the stream ended {missing} bytes before the end of an event")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
