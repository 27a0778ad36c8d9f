"""When a file was made, which tells two files apart that were given the same inode one after the other.

Linux tells it by `statx` alone, which Python does not have yet; ext4, xfs, btrfs, zfs and tmpfs know it.
Invariant: 0 means that nobody knows, and content has to tell.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform == "linux":
    import ctypes
    import struct
    from functools import cache

    _BTIME: Final = 0x800
    """STATX_BTIME, in what is asked and in what is answered."""
    _EMPTY_PATH: Final = 0x1000
    """AT_EMPTY_PATH: the file is the descriptor itself."""
    _SIZE: Final = 256
    _MASK: Final = struct.Struct("=I")
    _BIRTH: Final = struct.Struct("=qI")
    _BIRTH_AT: Final = 80
    """Where `stx_btime` lies."""

    def born(fd: int, found: os.stat_result) -> int:
        """Nanoseconds since the epoch at which the open file was made; 0: nobody knows. found: what stat says."""
        del found
        statx = _statx()
        answer = ctypes.create_string_buffer(_SIZE)
        if statx is None or statx(fd, b"", _EMPTY_PATH, _BTIME, answer) != 0:
            return 0
        if not _MASK.unpack_from(answer)[0] & _BTIME:
            return 0
        seconds, nanoseconds = _BIRTH.unpack_from(answer, _BIRTH_AT)
        return int(seconds) * 1_000_000_000 + int(nanoseconds)

    def look_closely(path: str) -> tuple[os.stat_result, int]:
        """What lies at *path*, links followed, and its birth, both of the same file. Raises OSError."""
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)  # neither rights nor a FIFO's writer are needed for it
        try:
            found = os.fstat(fd)
            return found, born(fd, found)
        finally:
            os.close(fd)

    @cache
    def _statx() -> Callable[..., int] | None:
        """The C library's function; None: it has none."""
        found: Callable[..., int] | None = getattr(ctypes.CDLL(None), "statx", None)
        return found

else:

    def born(fd: int, found: os.stat_result) -> int:
        """See above. Windows tells none, but NTFS never gives a file id twice."""
        del fd
        return 0 if sys.platform == "win32" else int(getattr(found, "st_birthtime", 0.0) * 1e9)

    def look_closely(path: str) -> tuple[os.stat_result, int]:
        """See above."""
        found = os.stat(path)  # noqa: PTH116 - text
        return found, born(-1, found)
