"""A FIFO or standard input as a source: read as it comes, at most once.

A stream has no offsets: what was read and not committed when ttsd dies is gone, and nothing is ever
repeated. Invariant: no more than BUFFER bytes are held; a writer that is faster waits, as at any pipe.
"""

from __future__ import annotations

import os
import selectors
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.model import Line, Offset
from ttsd.sources.lines import encoding_of, partial_text, split
from ttsd.sources.source import Source
from ttsd.sources.status import SourceStatus
from ttsd.sources.tail import Tail, Turn
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context

log = Logger("ttsd.sources")

STDIN = "-"
BUFFER = 1 << 20
_PIECE = 64 * 1024


def is_stream(settings: SourceSettings, base: Path) -> bool:
    """Whether *settings* names standard input or a FIFO that is there."""
    if settings.path == STDIN:
        return True
    try:
        written = Path(os.path.expandvars(settings.path)).expanduser()
        return stat.S_ISFIFO((base / written).stat().st_mode)
    except (OSError, ValueError):
        return False


class _Pipe:
    """A thread that reads a descriptor into a bounded buffer."""

    def __init__(self, fd: int, *, own: bool, wake: Callable[[], None]) -> None:
        """own: close *fd* at the end; wake: called when something came."""
        self._fd, self._own, self._wake = fd, own, wake
        self._room = threading.Condition()
        self._data = bytearray()
        self._ended = False
        self._stopped = False
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def peek(self) -> tuple[bytes, bool]:
        """What was read and not consumed, and whether nothing follows."""
        with self._room:
            return bytes(self._data), self._ended

    @property
    def waiting(self) -> bool:
        """Whether something was read and not consumed."""
        return bool(self._data)

    def consume(self, count: int) -> None:
        """Give *count* bytes' room back."""
        with self._room:
            del self._data[:count]
            self._room.notify()

    def close(self) -> None:
        """End the thread. On Windows a read of standard input cannot be ended; it dies with the process."""
        with self._room:
            self._stopped = True
            self._room.notify()
        os.write(self._stop_write, b"x")
        if sys.platform == "win32" and not self._own:
            return
        self._thread.join()
        for fd in (self._stop_read, self._stop_write, *([self._fd] if self._own else [])):
            os.close(fd)

    def _run(self) -> None:
        while self._wait_for_room():
            try:
                data = self._read()
            except OSError as error:
                log.warning("stream_not_readable", reason=error.strerror)
                data = b""
            if data is None:
                return
            with self._room:
                self._data += data
                self._ended = not data
            self._wake()
            if not data:
                return

    def _wait_for_room(self) -> bool:
        with self._room:
            self._room.wait_for(lambda: self._stopped or len(self._data) < BUFFER)
            return not self._stopped

    def _read(self) -> bytes | None:
        """The next bytes; empty: the stream ended; None: we are to stop."""
        with selectors.DefaultSelector() as selector:
            try:
                for fd in (self._stop_read, self._fd):
                    selector.register(fd, selectors.EVENT_READ)
            except OSError:
                # A regular file is always ready, and Windows can only wait for sockets.
                return os.read(self._fd, _PIECE)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._stop_read in ready:
                    return None
                try:
                    return os.read(self._fd, _PIECE)
                except BlockingIOError:  # somebody else read it
                    continue


class _StreamTail(Tail):
    """What a stream brought, in turns as of a file."""

    durable = False

    def __init__(self, owner: Source, pipe: _Pipe) -> None:
        super().__init__(owner, Checkpoint(owner.settings.path, "stream"))
        self._pipe = pipe

    @property
    def lag(self) -> int:
        return len(self._pipe.peek()[0])

    @property
    def size(self) -> int:
        return self.at.offset + self.lag

    def turn(self, now: float, limit: int | None = None) -> Turn:
        """See Tail.turn."""
        settings, at = self.owner.settings, self.at
        data, ended = self._pipe.peek()
        if self._grown != (len(data), int(ended)):
            self._grown, self._grown_at = (len(data), int(ended)), now
        room = max(_PIECE, settings.max_line_bytes + 8)
        full = len(data) >= room
        if self._encoding is None or not at.offset:
            self._encoding = encoding_of(settings.encoding, data[:4])
        found = split(data[:room], at.offset, self._encoding, settings.max_line_bytes, skipping=at.skipping)
        lines, end, again = self._complete(found, self._encoding, now, full=full)
        if ended and not full and end - at.offset < len(data):
            end = Offset(at.offset + len(data))
            lines = (*found.lines, Line(partial_text(found.partial, self._encoding), end))
        skipping = found.skipping
        if limit is not None and len(lines) > limit:
            lines, full, skipping = lines[:limit], True, False
            end = lines[-1].end
        if end == at.offset and skipping == at.skipping:
            return Turn((), at, more=False, again=again)
        return Turn(lines, _moved(at, end, skipping=skipping), more=full, again=again)

    def committed(self, turn: Turn, stored: Checkpoint | None) -> None:
        """See Tail.committed."""
        del stored
        self._pipe.consume(turn.checkpoint.offset - self.at.offset)
        self.at = turn.checkpoint


def _moved(at: Checkpoint, end: Offset, *, skipping: bool) -> Checkpoint:
    return Checkpoint(at.path, at.identity, end, skipping=skipping)


class Stream(Source):
    """See the module."""

    def __init__(self, settings: SourceSettings, base: Path, context: Context) -> None:
        """See Source."""
        super().__init__(settings, base, context)
        self._pipe: _Pipe | None = None
        self._identity: tuple[int, int] | None = None

    @property
    def directories(self) -> frozenset[str]:
        """See Source.directories."""
        return frozenset()

    def concerns(self, path: str) -> bool:
        """See Source.concerns."""
        return path == self.path and self.settings.path != STDIN

    @property
    def pressing(self) -> bool:
        """See Source.pressing."""
        return self._pipe is not None and self._pipe.waiting

    def look(self, entering: Callable[[str], None]) -> list[Tail]:
        """See Source.look."""
        del entering
        try:
            self._reopen()
        except OSError as error:
            self.waiting = {self.path: error.strerror or str(error)}
        return list(self.placed.values())

    def _reopen(self) -> None:
        """Open the stream if it is not open, or another FIFO is in its place."""
        if self.settings.path == STDIN:
            if self._pipe is None:
                self._use(_Pipe(0, own=False, wake=self.context.wake))
            return
        found = os.stat(self.path)  # noqa: PTH116 - text
        if self._identity == (found.st_dev, found.st_ino):
            return
        if self._pipe is not None:
            self._pipe.close()
        # Opened for writing too: then the end of one writer is not the end of the stream.
        fd = os.open(self.path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        self._identity = (found.st_dev, found.st_ino)
        self._use(_Pipe(fd, own=True, wake=self.context.wake))

    def _use(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self.placed, self.waiting = {self.path: _StreamTail(self, pipe)}, {}
        self.show()

    def succeed(self, old: Source) -> None:
        """See Source.succeed."""
        super().succeed(old)
        if isinstance(old, Stream):
            self._pipe, self._identity = old._pipe, old._identity
            old._pipe = None

    def close(self) -> None:
        """See Source.close."""
        super().close()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def status(self, watch: str) -> SourceStatus:
        """See Source.status."""
        del watch
        return super().status("stream")
