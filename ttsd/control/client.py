"""Talking to a running daemon. Imports the standard library alone, and little of it: `ttsd status` is quick.

The address is the control socket's path, or, where that is an ordinary file (Windows), the file that
holds the port and the token; which of the two is found out here.
"""

from __future__ import annotations

import json
import socket
import stat
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from ttsd.errors import ControlError, NotRunning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

MAX_LINE = 64 << 20
"""Bytes of an answer; a longer one is not one of ttsd's."""
MAX_EVENTS = 100_000
"""Events that may come while `call` waits for its answer."""
NO_SENSE = frozenset({-32601, -32602})
"""JSON-RPC's numbers for a method that there is not, and for parameters that are not allowed."""
_NEXT_STEP = "start it with `ttsd run`"


class Refused(ControlError):
    """The daemon answered with an error."""

    code = "refused"

    def __init__(
        self, what: str, *, number: int, reason: str, where: str | None, next_step: str | None
    ) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.number = number
        """JSON-RPC's error code."""
        self.reason = reason
        """The code of ttsd's own error, such as `engine-missing`."""


class Client:
    """A connection to a daemon; use it as a context manager. One thread at a time."""

    def __init__(self, sock: socket.socket, address: Path) -> None:
        """Use `connect`."""
        self._sock = sock
        self._address = address
        self._in = bytearray()
        self._events: deque[tuple[str, dict[str, Any]]] = deque()
        self._last_id = 0
        self._ended = False
        self.server: str = ""
        """Version of the daemon."""

    @classmethod
    def connect(cls, address: Path, timeout: float = 5.0) -> Client:
        """Connect and hear the greeting within *timeout* seconds. Raises NotRunning, ControlError."""
        sock, first_line = _reach(address, timeout)
        client = cls(sock, address)
        try:
            if first_line:
                sock.sendall(first_line)
            hello = client._message(time.monotonic() + timeout)
        except OSError as error:
            sock.close()
            raise _not_running(address, str(error)) from error
        except ControlError:
            sock.close()
            raise
        if hello.get("method") != "hello":
            sock.close()
            raise client._goodbye(hello)
        client.server = str(hello["params"].get("version", ""))
        return client

    def call(
        self, method: str, params: Mapping[str, object] | None = None, *, timeout: float | None = 30.0
    ) -> Any:
        """Ask and return the result as plain data; None: wait for ever.

        Raises Refused if the daemon says no, NotRunning if it goes away, ControlError if it is silent.
        """
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": dict(params or {})}
        line = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._sock.settimeout(timeout)
            self._sock.sendall(line + b"\n")
        except TimeoutError as error:
            raise ControlError("the daemon takes no requests", where=str(self._address)) from error
        except OSError:
            pass  # it hung up, perhaps with a last word that is still to be read
        while True:
            message = self._message(deadline)
            if message.get("id") == self._last_id and "method" not in message:
                break
            self._keep(message)
        if "error" in message:
            raise _refusal(message["error"])
        return message.get("result")

    def events(self, timeout: float | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events as (name, fields) as they come; ends when none came for *timeout* seconds.

        Call `subscribe` first. Raises ControlError with the daemon's last word if it drops us.
        """
        while True:
            while self._events:
                yield self._events.popleft()
            try:
                message = self._message(None if timeout is None else time.monotonic() + timeout)
            except _Silent:
                return
            self._keep(message)

    def close(self) -> None:
        """Hang up; idempotent."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keep(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "bye":
            raise self._goodbye(message)
        if isinstance(method, str):
            if len(self._events) >= MAX_EVENTS:
                raise ControlError("events were not read", where=str(self._address))
            self._events.append((method, message.get("params", {})))

    def _goodbye(self, message: dict[str, Any]) -> ControlError:
        params = message.get("params", {})
        what = params.get("message") if message.get("method") == "bye" else None
        return ControlError(what or "this is not ttsd's control socket", where=str(self._address))

    def _message(self, deadline: float | None) -> dict[str, Any]:
        """The next message. Raises _Silent after *deadline*, NotRunning at the end of the connection."""
        searched = 0
        while (end := self._in.find(b"\n", searched)) < 0:
            searched = len(self._in)
            if searched > MAX_LINE:
                raise ControlError("the answer is too long", where=str(self._address))
            piece = self._piece(deadline)
            if not piece:
                raise _not_running(self._address, "it hung up")
            self._in += piece
        line = bytes(self._in[:end])
        del self._in[: end + 1]
        try:
            message = json.loads(line)
        except ValueError as error:
            raise ControlError("this is not ttsd's control socket", where=str(self._address)) from error
        if not isinstance(message, dict):
            raise ControlError("this is not ttsd's control socket", where=str(self._address))
        return message

    def _piece(self, deadline: float | None) -> bytes:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        if patience == 0:
            raise _Silent(
                "the daemon does not answer", where=str(self._address), next_step="is it busy? see its log"
            )
        self._sock.settimeout(patience)
        try:
            return self._sock.recv(65536)
        except TimeoutError as error:
            raise _Silent(
                "the daemon does not answer", where=str(self._address), next_step="is it busy? see its log"
            ) from error
        except ConnectionError:
            return b""


class _Silent(ControlError):
    """Nothing came in time."""


def _reach(address: Path, timeout: float) -> tuple[socket.socket, bytes]:
    """A connected socket, and what must be its first line."""
    try:
        found = address.stat()
        if stat.S_ISSOCK(found.st_mode):
            return _connect_unix(address, timeout), b""
        host, port, token = address.read_text(encoding="ascii").split()
        return socket.create_connection((host, int(port)), timeout), f"auth {token}\n".encode()
    except FileNotFoundError as error:
        raise _not_running(address, "there is no control socket") from error
    except PermissionError as error:
        raise ControlError("the daemon is another user's", where=str(address)) from error
    except (OSError, ValueError) as error:
        raise _not_running(address, str(getattr(error, "strerror", None) or error)) from error


def _connect_unix(address: Path, timeout: float) -> socket.socket:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise ControlError("this system has no Unix sockets", where=str(address))
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(str(address))
    except OSError:
        sock.close()
        raise
    return sock


def _not_running(address: Path, why: str) -> NotRunning:
    return NotRunning(f"no daemon answers: {why}", where=str(address), next_step=_NEXT_STEP)


def _refusal(error: dict[str, Any]) -> Refused:
    data = error.get("data") or {}
    return Refused(
        str(error.get("message")),
        number=int(error.get("code", 0)),
        reason=str(data.get("code", "error")),
        where=data.get("where"),
        next_step=data.get("next_step"),
    )
