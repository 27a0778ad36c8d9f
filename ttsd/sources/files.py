"""Files as the followers see them: opened so that nobody is disturbed, read at offsets.

Invariants: opening never blocks (a FIFO without a writer would) and never keeps a writer from renaming,
deleting or truncating its file; what is not a regular file is refused; a handle stays on its file whatever
its name leads to later.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import NamedTuple, Protocol

from ttsd.errors import SourceError
from ttsd.sources.births import born, look_closely


class Seen(NamedTuple):
    """What the file system says of a file at one moment. A tuple: a thousand of them are made at each look."""

    device: int
    """Windows: the volume's serial number."""
    inode: int
    """Windows: the file id."""
    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since the epoch."""
    links: int
    """Names it has; 0: deleted, but still open here."""
    born: int = 0
    """Nanoseconds since the epoch at which it was made; 0: nobody knows, or nobody looked closely."""

    @property
    def identity(self) -> str:
        """Which file this is, in words, as the store keeps them. Ask only what was looked at closely."""
        return f"{self.device:x}:{self.inode:x}:{self.born:x}"


class File(Protocol):
    """An open file."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to *size* bytes from *offset*; fewer at the end. Raises OSError."""
        ...

    def next_data(self, offset: int) -> int:
        """The first offset from *offset* on that is not in a hole, as far as the file system tells."""
        ...

    def seen(self) -> Seen:
        """How it is now, its birth included. Raises OSError."""
        ...

    def close(self) -> None:
        """Give the handle back; idempotent."""
        ...


class Files(Protocol):
    """The file system, as a parameter."""

    def open(self, path: str) -> File:
        """Open the regular file at *path*. Raises OSError, SourceError when it is none."""
        ...

    def look(self, path: str, *, closely: bool = False) -> Seen | None:
        """What lies at *path* now, links followed; None: nothing. Raises OSError, SourceError.

        closely: its birth, too, which takes three times as long.
        """
        ...


class SystemFiles:
    """The machine's own file system."""

    def open(self, path: str) -> File:
        """See Files."""
        file = _Handle(_open(path))
        try:
            if not stat.S_ISREG(os.fstat(file.fd).st_mode):
                raise _no_file(path)
        except BaseException:
            file.close()
            raise
        return file

    def look(self, path: str, *, closely: bool = False) -> Seen | None:
        """See Files."""
        made = 0
        try:
            if closely:
                found, made = look_closely(path)
            else:
                found = os.stat(path)  # noqa: PTH116 - a Path for each of a thousand files each look is measurable
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(path)
        return _seen(found, made)


class _Handle:
    """A descriptor with the methods of File."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._born = born(fd, os.fstat(fd))

    def read_at(self, offset: int, size: int) -> bytes:
        return _read_at(self.fd, offset, size)

    def next_data(self, offset: int) -> int:
        return _next_data(self.fd, offset)

    def seen(self) -> Seen:
        return _seen(os.fstat(self.fd), self._born)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _seen(found: os.stat_result, made: int) -> Seen:
    return Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_nlink, made)


def _no_file(path: str) -> SourceError:
    return SourceError(
        "this is no regular file",
        where=path,
        next_step="name a file; a FIFO is read only when a source names it exactly",
    )


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _GENERIC_READ = 0x80000000
    _SHARE_ALL = 0x7
    """FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE: without them we would block a rotation."""
    _OPEN_EXISTING = 3
    _NORMAL = 0x80
    _INVALID = ctypes.c_void_p(-1).value

    _create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
    _create.argtypes = [
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        ctypes.c_void_p,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    ]
    _create.restype = wintypes.HANDLE

    def _open(path: str) -> int:
        handle = _create(path, _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, _NORMAL, None)
        if handle is None or handle == _INVALID:
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

    def _read_at(fd: int, offset: int, size: int) -> bytes:
        # There is no pread, but each file is read by one thread.
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)

    def _next_data(fd: int, offset: int) -> int:
        del fd
        return offset

else:

    def _open(path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)

    def _read_at(fd: int, offset: int, size: int) -> bytes:
        return os.pread(fd, size, offset)

    def _next_data(fd: int, offset: int) -> int:
        if sys.platform != "linux":
            return offset
        try:
            return os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            # ENXIO: nothing but hole up to the end. Others: the file system does not know.
            return os.fstat(fd).st_size if error.errno == errno.ENXIO else offset
