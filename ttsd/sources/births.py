"""When a file was made, which tells two files apart that were given the same inode one after the other.

Linux tells it by `statx` alone, which Python does not have yet; ext4, xfs, btrfs, zfs and tmpfs know it.
Invariant: nothing raises; 0 means that nobody knows, and content has to tell.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BTIME: Final = 0x800
"""STATX_BTIME, in what is asked and in what is answered."""
_EMPTY_PATH: Final = 0x1000
"""AT_EMPTY_PATH: the file is the descriptor itself."""
_SIZE: Final = 256
_MASK = struct.Struct("=I")
_BIRTH = struct.Struct("=qI")
_BIRTH_AT: Final = 80
"""Where `stx_btime` lies."""


def born(fd: int, found: os.stat_result) -> int:
    """Nanoseconds since the epoch at which the open file, of which *found* is known, was made; 0: nobody knows."""
    if sys.platform == "win32":
        return 0  # NTFS never gives a file id twice
    if sys.platform != "linux":
        return int(getattr(found, "st_birthtime", 0.0) * 1e9)
    statx = _statx()
    answer = ctypes.create_string_buffer(_SIZE)
    if statx is None or statx(fd, b"", _EMPTY_PATH, _BTIME, answer) != 0:
        return 0
    if not _MASK.unpack_from(answer)[0] & _BTIME:
        return 0
    seconds, nanoseconds = _BIRTH.unpack_from(answer, _BIRTH_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


@cache
def _statx() -> Callable[..., int] | None:
    """The C library's function; None: it has none."""
    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), "statx", None)
    return found
