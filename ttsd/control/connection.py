"""One client of the control socket: its buffers, what it waits for and how it is let go.

Used by the server's thread alone. Invariants: nothing here blocks; what comes in is at most one line
longer than allowed, what waits to go out is bounded by `Limits.output` plus one answer; a client that
is let go gets a last word, and its socket stays until it has read it or the time for that is over.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque

from ttsd.commands import EventName
from ttsd.frozen import frozen

_PIECE = 64 * 1024  # bytes of one read: a client that floods does not keep the others waiting


@frozen
class Limits:
    """What one server takes on."""

    clients: int = 64
    line: int = 1 << 20
    """Bytes of a request."""
    in_flight: int = 64
    """Requests of one client that wait for their answers; reading pauses there."""
    output: int = 1 << 20
    """Bytes that wait to be read by one client; reading its requests pauses at a quarter of it."""
    events: int = 4096
    """Events that wait for the control thread."""
    linger: float = 5.0
    """Seconds that a client has to authenticate itself, or to read its last word."""


class Gone(Exception):
    """The client is not there any more."""


class Connection:
    """A client that was let in."""

    def __init__(self, sock: socket.socket, limits: Limits, *, deadline: float | None) -> None:
        """*deadline*: monotonic seconds by which it must have authenticated itself; None: no need."""
        self.sock = sock
        self.deadline = deadline
        """When it is closed whatever happens; None: not yet."""
        self.authenticated = deadline is None
        self.events: frozenset[EventName] | None = None
        """What it subscribed to; None: nothing."""
        self.in_flight = 0
        self.closing = False
        """It gets what waits for it, and nothing it says is read as a request."""
        self.ended = False
        """It will not send any more."""
        self._limits = limits
        self._in = bytearray()
        self._searched = 0
        self._out: deque[memoryview] = deque()
        self._waiting = 0
        self._partial = False
        sock.setblocking(False)

    @property
    def interest(self) -> int:
        """What to wait for: selectors' events; 0: nothing for now."""
        read = not self.ended and (self.closing or (self.takes_requests and not self.line_too_long))
        return (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if self._out else 0)

    @property
    def takes_requests(self) -> bool:
        """Whether one more request is within the limits now."""
        return (
            not self.closing
            and self.in_flight < self._limits.in_flight
            and self._waiting <= self._limits.output // 4
        )

    @property
    def line_too_long(self) -> bool:
        """What has come in begins with a line longer than allowed."""
        return self._in.find(b"\n", 0, self._limits.line + 1) < 0 and len(self._in) > self._limits.line

    @property
    def overfull(self) -> bool:
        """More waits for it than allowed: it reads too slowly."""
        return self._waiting > self._limits.output

    @property
    def finished(self) -> bool:
        """Nothing is left to be done for it."""
        if self._out:
            return False
        return self.ended and (self.closing or (not self.in_flight and not self._in))

    def receive(self) -> None:
        """Take what has arrived, a piece of it at most. Raises Gone."""
        try:
            piece = self.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise Gone from error
        if not piece:
            self.ended = True
        elif not self.closing:
            self._in += piece

    def next_line(self) -> bytes | None:
        """The next complete line without its newline; None: there is none (yet)."""
        end = self._in.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._in)
            return None
        line = bytes(self._in[:end])
        del self._in[: end + 1]
        self._searched = 0
        return line

    def half_line(self) -> bytes:
        """Take what came behind the last newline before the client ended."""
        rest = bytes(self._in)
        self._in.clear()
        self._searched = 0
        return rest

    def send(self, line: bytes) -> None:
        """Let *line* wait to go out."""
        self._out.append(memoryview(line))
        self._waiting += len(line)

    def flush(self) -> None:
        """Send what can be sent now. Raises Gone."""
        while self._out:
            try:
                sent = self.sock.send(self._out[0])
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise Gone from error
            self._waiting -= sent
            self._partial = sent < len(self._out[0])
            if self._partial:
                self._out[0] = self._out[0][sent:]
            else:
                self._out.popleft()
        if self.closing and not self.ended:
            try:
                self.sock.shutdown(socket.SHUT_WR)  # it has read everything once it sees this
            except OSError as error:
                raise Gone from error

    def let_go(self, last_word: bytes, deadline: float, *, drop: bool = False) -> None:
        """Say *last_word* and close at *deadline* at the latest; *drop*: what still waits is not sent."""
        if self.closing:
            return
        if drop:
            keep = [self._out[0]] if self._partial else []  # the rest of a line that is under way
            self._out = deque(keep)
            self._waiting = sum(len(line) for line in keep)
        self.closing, self.deadline, self.events = True, deadline, None
        self._in.clear()
        self.send(last_word)
