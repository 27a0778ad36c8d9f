"""A file in memory for a library that insists on one, while what it writes is sent on."""

from __future__ import annotations


class Tape:
    """A file for libsndfile that forgets what was taken: what it writes there later is lost.

    It goes back to write the length into a header that was sent long ago; "unknown" stays there.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._taken = 0
        self._at = 0

    def take(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._held)
        self._taken += len(data)
        self._held.clear()
        return data

    def write(self, data: bytes) -> int:
        """Write at the position."""
        size = len(data)
        data = bytes(data)[max(0, self._taken - self._at) :]
        start = max(0, self._at - self._taken)
        self._held[start : start + len(data)] = data
        self._at += size
        return size

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there."""
        base = {0: 0, 1: self._at, 2: self._taken + len(self._held)}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Nothing: it is written alone."""
        del size
        return b""

    def flush(self) -> None:
        """Nothing waits."""
