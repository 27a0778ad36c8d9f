"""Linux's inotify through ctypes: a thread that turns events into hints, and nothing more.

Ours rather than watchdog's, which holds every later event of a directory back for half a second when a
file is renamed out of it, needs a thread for each directory and hides an overflow. Directories are watched,
never files: a file that is replaced would take its watch with it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import selectors
import struct
import threading
from typing import TYPE_CHECKING, Final

from ttsd.sources.watch import Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from ttsd.sources.watch import Hints

IN_MODIFY: Final = 0x2
IN_ATTRIB: Final = 0x4
IN_CLOSE_WRITE: Final = 0x8
IN_MOVED_FROM: Final = 0x40
IN_MOVED_TO: Final = 0x80
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_DELETE_SELF: Final = 0x400
IN_MOVE_SELF: Final = 0x800
IN_UNMOUNT: Final = 0x2000
IN_Q_OVERFLOW: Final = 0x4000
IN_IGNORED: Final = 0x8000
IN_ONLYDIR: Final = 0x1000000
IN_NONBLOCK: Final = 0o4000
IN_CLOEXEC: Final = 0o2000000

_CONTENT = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE
_NAMES = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
_GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT
_MASK = _CONTENT | _NAMES | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
_HEAD = struct.Struct("iIII")
_BUFFER = 64 * 1024


class Inotify:
    """See ttsd.sources.watch.Watcher."""

    kind = "inotify"

    def __init__(self, notify: Callable[[], None]) -> None:
        """Start the thread. Raises OSError when the kernel has no instance left."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._mailbox = Mailbox(notify)
        self._fd = self._check(self._libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
        self._stop_read, self._stop_write = os.pipe()
        self._lock = threading.Lock()
        self._directories: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @staticmethod
    def _check(result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    def add(self, directory: str) -> None:
        """See Watcher. Asking again for a directory that was replaced moves its watch to the new one."""
        with self._lock:
            self._add(directory)

    def keep(self, directories: AbstractSet[str]) -> None:
        """See Watcher."""
        with self._lock:
            for directory in [known for known in self._watches if known not in directories]:
                self._remove(directory)

    def _add(self, directory: str) -> None:
        try:
            watch = self._check(self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _MASK))
        except OSError as error:
            self._remove(directory)
            if error.errno == errno.ENOSPC:
                self._trouble = "no inotify watches left (fs.inotify.max_user_watches): polled"
            elif error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self._trouble = f"{directory}: {error.strerror}: polled"
            return
        self._trouble = None
        old = self._watches.get(directory)
        if old is not None and old != watch:
            self._remove(directory)
        self._watches[directory] = watch
        self._directories[watch] = directory

    def _remove(self, directory: str) -> None:
        watch = self._watches.pop(directory, None)
        if watch is not None and self._directories.get(watch) == directory:
            del self._directories[watch]
            # May fail when the kernel removed it first; then there is nothing to undo.
            self._libc.inotify_rm_watch(self._fd, watch)

    def covers(self, directory: str) -> bool:
        """See Watcher."""
        return directory in self._watches

    def drain(self) -> Hints:
        """See Watcher."""
        return self._mailbox.drain()

    def trouble(self) -> str | None:
        """See Watcher."""
        return self._trouble

    def close(self) -> None:
        """See Watcher."""
        if self._fd < 0:
            return
        os.write(self._stop_write, b"x")
        self._thread.join()
        for fd in (self._fd, self._stop_read, self._stop_write):
            os.close(fd)
        self._fd = -1

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._fd, selectors.EVENT_READ)
            selector.register(self._stop_read, selectors.EVENT_READ)
            while self._stop_read not in {key.fd for key, _ in selector.select()}:
                try:
                    data = os.read(self._fd, _BUFFER)
                except BlockingIOError:
                    continue
                self._post(data)

    def _post(self, data: bytes) -> None:
        """Turn one read's events into one set of hints."""
        paths: set[str] = set()
        names: set[str] = set()
        everything = False
        at = 0
        with self._lock:
            while at < len(data):
                watch, mask, _cookie, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
                at += length
                directory = self._directories.get(watch)
                if mask & IN_Q_OVERFLOW:
                    everything = True
                elif directory is None:
                    continue
                elif mask & IN_IGNORED:
                    # The kernel took the watch away: the directory is gone, or something else is there now.
                    del self._directories[watch]
                    self._watches.pop(directory, None)
                    everything = True
                elif mask & _GONE:
                    everything = True
                elif mask & _NAMES:
                    names.add(os.path.join(directory, name))  # noqa: PTH118 - text in, text out
                elif name:
                    paths.add(os.path.join(directory, name))  # noqa: PTH118 - text in, text out
        if paths or names or everything:
            self._mailbox.post(paths, names, everything=everything)
