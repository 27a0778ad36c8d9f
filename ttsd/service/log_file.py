"""The log as a file, where no service manager collects it (launchd, Windows).

Bounded: LONGEST bytes, and one older file beside it. A file that somebody else keeps open (Windows does
not let it be renamed then) goes on being written to, and the next line tries again.
"""

from __future__ import annotations

import io
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from ttsd.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONGEST = 5 << 20
"""Bytes."""
PAUSE = 0.5
"""Seconds between two looks when the file is followed."""
_TRIES = 20
"""At removing it."""
_TAIL = 256 * 1024
"""Bytes that are read to find the newest lines."""


class LogFile(io.TextIOBase):
    """A text stream that begins a new file when the old one is long enough."""

    def __init__(self, path: Path, longest: int = LONGEST) -> None:
        """Raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path, self._longest = path, longest
        self._lock = threading.Lock()
        self._file = self._open()

    def write(self, text: str) -> int:
        """Add *text*."""
        with self._lock:
            if self._file.tell() >= self._longest and text:
                self._turn()
            self._file.write(text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing waits here: every write goes to the system."""

    def writable(self) -> bool:
        """See io."""
        return True

    def close(self) -> None:
        """See io."""
        self._file.close()
        super().close()

    def _turn(self) -> None:
        self._file.close()
        try:
            self._path.replace(older(self._path))
        except OSError:
            pass  # see the module
        self._file = self._open()

    def _open(self) -> io.FileIO:
        file = io.FileIO(self._path, "a")
        file.seek(0, io.SEEK_END)
        return file


def older(path: Path) -> Path:
    """The file before this one."""
    return path.with_name(f"{path.name}.1")


def use(path: Path) -> None:
    """Write what would go to stdout and stderr to *path*. Raises OSError."""
    sys.stderr = sys.stdout = LogFile(path)


def tail(path: Path, lines: int) -> list[str]:
    """The newest lines; those of the file before it, too, if this one has not enough. Raises OSError."""
    found: list[str] = []
    for file in (path, older(path)):
        if len(found) < lines and file.exists():
            found = _last(file) + found
    return found[-lines:] if lines > 0 else []


def remove(path: Path) -> None:
    """Have neither the log nor the one before it. Raises ServiceError if somebody keeps them open."""
    for file in (path, older(path)):
        for tries in range(_TRIES, -1, -1):
            try:
                file.unlink(missing_ok=True)
                break
            except PermissionError as error:  # on Windows, while a daemon that was told to end still ends
                if not tries:
                    raise ServiceError("the log is still open", where=str(file)) from error
                threading.Event().wait(PAUSE)


def _last(path: Path) -> list[str]:
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _TAIL))
        whole = file.read().decode(errors="replace").splitlines()
    return whole if size <= _TAIL else whole[1:]


def show(path: Path, lines: int, *, follow: bool, wait: Callable[[], object] | None = None) -> int:
    """Print the newest lines and, with *follow*, what comes until it is interrupted; the exit code.

    *wait*: lets time pass between two looks.
    """
    if not path.exists():
        print(f"ttsd: there is no log yet: {path}", file=sys.stderr)
        return 1
    wait = wait or partial(threading.Event().wait, PAUSE)
    print(*tail(path, lines), sep="\n")
    place = path.stat().st_size
    try:
        while follow:
            wait()
            place = _print_from(path, place)
    except KeyboardInterrupt:
        pass
    return 0


def _print_from(path: Path, place: int) -> int:
    """Print what was added; the place up to which it was printed."""
    try:
        with path.open("rb") as file:
            file.seek(place if file.seek(0, io.SEEK_END) >= place else 0)  # smaller: it is a new file
            new = file.read(_TAIL)
            print(new.decode(errors="replace"), end="", flush=True)
            return file.tell()
    except FileNotFoundError:
        return 0  # between two files
