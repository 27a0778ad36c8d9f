"""The control socket's server: one loop for all clients, in a thread of its own.

It reads requests and hands them to `submit`; it never executes a command itself (a subscription is
a matter of the connection, and its own). Answers and events come from any thread.

Invariants: each request gets one answer, in whatever order they are ready; nothing that a client
does blocks the loop or another client, or takes more than `Limits`; a subscriber that reads too
slowly is dropped with a last word, and never silently misses an event.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, get_args

from ttsd.clock import SystemClock
from ttsd.commands import Command, EventName, Subscribe
from ttsd.control import protocol
from ttsd.control.connection import Connection, Gone, Limits
from ttsd.control.protocol import Refusal, Request
from ttsd.errors import TtsdError
from ttsd.events import Event
from ttsd.logger import Logger

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.control.transport import Transport

log = Logger("ttsd.control")

Reply: TypeAlias = Callable[[object], None]
"""Takes the result (plain data, frozen dataclasses) or a TtsdError; from any thread, once."""
Submit: TypeAlias = Callable[[Command, Reply], None]
"""Hands a command to whoever executes it; must not block. May raise TtsdError: that is the answer."""

_Answer: TypeAlias = tuple[Connection, Request, object]
_LINES_A_TURN = 16  # of one client, before the others have theirs
_ACCEPT_PAUSE = 1.0  # seconds without accepting when descriptors have run out


class Server:
    """Serves a transport's clients."""

    stage = "control"
    """What its thread is called where threads are watched."""
    excused = False
    """A turn has nothing to wait for but clients, and `prod`."""

    def __init__(
        self,
        transport: Transport,
        submit: Submit,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        died: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        """*died*: told if the thread ends of a fault, which is ours; a daemon nobody can ask must know."""
        self.beat = time.monotonic()
        """When the last turn of the loop began (monotonic seconds)."""
        self._transport = transport
        self._submit = submit
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._died = died
        self._selector = selectors.DefaultSelector()
        self._clients: dict[Connection, int] = {}  # and what the selector waits for with each
        self._unfinished: set[Connection] = set()  # they have sent more lines than one turn takes
        self._subscribers = 0
        self._lock = threading.Lock()
        self._posted: deque[_Answer | Event] = deque()
        self._events = 0
        self._overrun = False
        self._open = False
        self._stopping = False
        self._accept_again: float | None = None
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)

    def open(self) -> None:
        """Listen; clients that connect are served by `step`. Raises ControlError."""
        self._listener = self._transport.listen()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._open = True

    def start(self) -> None:
        """`open`, and serve in a thread of its own. Raises ControlError."""
        self.open()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye to all clients, close everything; idempotent."""
        self._stopping = True
        self.prod()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.close()

    @property
    def wanted(self) -> bool:
        """Whether anybody has subscribed."""
        return self._subscribers > 0

    def publish(self, event: Event) -> None:
        """Tell the subscribers; from any thread, never blocks."""
        if not self._subscribers:
            return
        with self._lock:
            if self._events >= self._limits.events:
                self._overrun = True  # whoever subscribed must learn that it missed something
                return
            self._events += 1
            self._posted.append(event)
        self.prod()

    def step(self, timeout: float | None = None) -> None:
        """One turn of the loop; waits *timeout* seconds at most (None: until something happens)."""
        for key, mask in self._selector.select(self._patience(timeout)):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wake_in:
                self._drain_wake()
            else:
                self._serve(key.data, mask)
        unfinished, self._unfinished = self._unfinished, set()
        for client in unfinished & self._clients.keys():
            self._go_on(client)
        self._deliver()
        self._close_overdue()

    def close(self) -> None:
        """Close every socket at once; only after the thread has ended."""
        with self._lock:
            if not self._open and self._wake_out.fileno() < 0:
                return
            self._open = False
            self._posted.clear()
        for client in list(self._clients):
            self._forget(client)
        if self._listener is not None:
            self._listener.close()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
        self._transport.close()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self.beat = time.monotonic()
                self.step()
        except BaseException as error:  # reported, not swallowed: see __init__
            log.exception("control_died")
            if self._died is None:
                raise
            self._died("control", error)
            return
        self._deliver()
        for client in list(self._clients):
            client.let_go(protocol.bye("closing", "ttsd ends"), self._clock.monotonic())
            try:
                client.flush()  # what its socket takes at once; nobody is waited for
            except Gone:
                continue

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:  # out of descriptors: the listener stays readable, so look away a while
            log.warning("control_cannot_accept", error=str(error))
            self._selector.unregister(self._listener)
            self._accept_again = self._clock.monotonic() + _ACCEPT_PAUSE
            return
        if not self._transport.admits(sock):
            log.warning("control_client_refused", reason="another user")
            sock.close()
            return
        asks_token = self._transport.accepts(b"") is not None
        client = Connection(sock, self._limits, deadline=self._soon() if asks_token else None)
        self._clients[client] = 0
        if len(self._clients) > self._limits.clients:
            log.warning("control_client_refused", reason="too many clients", limit=self._limits.clients)
            client.let_go(protocol.bye("too-many-clients", "too many clients"), self._clock.monotonic())
        elif not asks_token:
            client.send(protocol.hello())
        self._go_on(client)

    def _serve(self, client: Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                client.receive()
        except Gone:
            self._forget(client)
            return
        self._go_on(client)

    def _go_on(self, client: Connection) -> None:
        """Take what lines there are within the limits, send what can be sent, wait for the rest."""
        for _ in range(_LINES_A_TURN):
            if not client.takes_requests or (line := client.next_line()) is None:
                break
            self._take(client, line)
        else:
            self._unfinished.add(client)
        if client.line_too_long and not client.closing:
            what = f"a line is longer than {self._limits.line} bytes"
            log.warning("control_client_dropped", reason=what)
            client.let_go(protocol.bye("line-too-long", what), self._soon())
        if client.ended and client.takes_requests and client not in self._unfinished:
            self._take_half(client, client.half_line())
        try:
            client.flush()
        except Gone:
            self._forget(client)
            return
        if client.finished:
            self._forget(client)
        else:
            self._watch(client)

    def _take(self, client: Connection, line: bytes) -> None:
        if not client.authenticated:
            if not self._transport.accepts(line):
                log.warning("control_client_refused", reason="wrong token")
                client.let_go(
                    protocol.bye("unauthorised", "the first line must be `auth TOKEN`"), self._soon()
                )
                return
            client.authenticated, client.deadline = True, None
            client.send(protocol.hello())
            return
        request = protocol.parse(line)
        if isinstance(request, Refusal):
            if not request.silent:
                client.send(protocol.answer(request, None))
        elif request is not None and isinstance(request.command, Subscribe):
            self._subscribe(client, request, request.command)
        elif request is not None:
            client.in_flight += 1
            reply = self._reply_for(client, request)
            try:
                self._submit(request.command, reply)
            except TtsdError as error:
                reply(error)

    def _take_half(self, client: Connection, rest: bytes) -> None:
        """A line that its newline never followed may be cut: it is refused rather than half executed."""
        if rest.strip():
            plain = not rest.lstrip().startswith(b"{")
            refusal = Refusal(protocol.PARSE_ERROR, "the line has no end; nothing was done", plain=plain)
            client.send(protocol.answer(refusal, None))

    def _subscribe(self, client: Connection, request: Request, command: Subscribe) -> None:
        wanted: tuple[EventName, ...] = command.events or get_args(EventName)
        client.events = frozenset(wanted)
        self._count_subscribers()
        if not request.silent:
            client.send(protocol.answer(request, {"events": wanted}))

    def _reply_for(self, client: Connection, request: Request) -> Reply:
        answered = threading.Lock()

        def reply(result: object) -> None:
            if not answered.acquire(blocking=False):
                log.warning("control_answered_twice", command=type(request.command).__name__)
                return
            with self._lock:
                if not self._open:
                    return
                self._posted.append((client, request, result))
            self.prod()

        return reply

    def _deliver(self) -> None:
        """Answers and events that other threads posted, in the order in which they came."""
        touched: set[Connection] = set()
        with self._lock:
            posted, self._posted = self._posted, deque()
            self._events, overrun, self._overrun = 0, self._overrun, False
        for item in posted:
            if isinstance(item, Event):
                touched |= self._tell(item)
                continue
            client, request, result = item
            if client not in self._clients:
                continue
            client.in_flight -= 1
            if not request.silent and not client.closing:
                client.send(protocol.answer(request, result))
            touched.add(client)
        if overrun:
            for client in list(self._clients):
                self._drop(client)
        for client in touched:
            if client in self._clients:
                self._go_on(client)

    def _tell(self, event: Event) -> set[Connection]:
        line = protocol.event(event)
        told = set()
        for client in self._clients:
            if client.events is not None and event.name in client.events:
                client.send(line)
                told.add(client)
                if client.overfull:
                    self._drop(client)
        return told

    def _drop(self, client: Connection) -> None:
        if client.events is None:
            return
        log.warning("control_client_dropped", reason="reads events too slowly")
        last_word = protocol.bye("too-slow", "events came faster than you read them; subscribe again")
        client.let_go(last_word, self._soon(), drop=True)
        self._count_subscribers()
        self._watch(client)

    def _watch(self, client: Connection) -> None:
        """Have the selector wait for what the client is interested in now."""
        old, new = self._clients[client], client.interest
        if old == new:
            return
        if not old:
            self._selector.register(client.sock, new, client)
        elif not new:
            self._selector.unregister(client.sock)
        else:
            self._selector.modify(client.sock, new, client)
        self._clients[client] = new

    def _forget(self, client: Connection) -> None:
        if self._clients.pop(client):
            self._selector.unregister(client.sock)
        client.sock.close()
        self._count_subscribers()

    def _close_overdue(self) -> None:
        now = self._clock.monotonic()
        for client in list(self._clients):
            if client.deadline is not None and client.deadline <= now:
                self._forget(client)
        if self._accept_again is not None and self._accept_again <= now and self._listener is not None:
            self._accept_again = None
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _count_subscribers(self) -> None:
        self._subscribers = sum(client.events is not None for client in self._clients)

    def _soon(self) -> float:
        return self._clock.monotonic() + self._limits.linger

    def _patience(self, timeout: float | None) -> float | None:
        if self._unfinished:
            return 0.0
        deadlines = [client.deadline for client in self._clients if client.deadline is not None]
        if self._accept_again is not None:
            deadlines.append(self._accept_again)
        if not deadlines:
            return timeout
        until = max(0.0, min(deadlines) - self._clock.monotonic())
        return until if timeout is None else min(until, timeout)

    def prod(self) -> None:
        """End the loop's wait, so that a new turn begins; from any thread, never blocks."""
        try:
            self._wake_out.send(b"\0")
        except BlockingIOError:
            pass  # plenty of wake-ups are under way
        except OSError:
            pass  # closed meanwhile: nobody is left to be told

    def _drain_wake(self) -> None:
        try:
            while self._wake_in.recv(4096):
                pass
        except (BlockingIOError, InterruptedError):
            return
