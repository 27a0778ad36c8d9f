"""A lock that the operating system gives back, however its holder ends.

Its file names the holder for people; the lock is what counts. The file stays: removing it would race with
the next holder.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Held(Exception):
    """Another process has it."""

    def __init__(self, holder: str) -> None:
        """*holder*: its process id, or "unknown"."""
        super().__init__(holder)
        self.holder = holder


class FileLock:
    """Held from construction to `close`."""

    def __init__(self, path: Path) -> None:
        """Take the lock at *path*. Raises Held, OSError."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _lock(self._fd)
        except OSError:
            holder = os.read(self._fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise Held(holder) from None
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, b"%d\n" % os.getpid())

    def close(self) -> None:
        """Give it back; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows locks are mandatory: a byte far behind the process id, which others may read."""

    def _lock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(fd, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
