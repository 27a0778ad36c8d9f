"""A control server for tests, with a daemon behind it that answers what it was asked."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ttsd.control.server import Server
from ttsd.control.transport import UnixTransport
from ttsd.schema import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.commands import Command
    from ttsd.control.connection import Limits
    from ttsd.control.server import Reply
    from ttsd.control.transport import Transport


def echo(command: Command, reply: Reply) -> None:
    """Answer at once with the command's name and parameters."""
    reply({"command": type(command).__name__, "params": plain(command)})


def unix_socket() -> socket.socket:
    """A Unix stream socket, of which type checking for Windows knows nothing."""
    return socket.socket(getattr(socket, "AF_UNIX"))  # noqa: B009 - see above


class Held:
    """A daemon that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Command, Reply]] = []

    def __call__(self, command: Command, reply: Reply) -> None:
        """See ttsd.control.server.Submit."""
        self.asked.append((command, reply))

    def has(self, count: int) -> bool:
        """Whether so many commands have come."""
        return len(self.asked) >= count


@contextmanager
def serving(where: Path | Transport, submit: Any = echo, *, limits: Limits | None = None) -> Iterator[Server]:
    """A server that runs: on a Unix socket at a path, or on a transport."""
    transport = UnixTransport(where) if isinstance(where, Path) else where
    server = Server(transport, submit, limits=limits)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Raw:
    """A client that sends bytes and reads lines."""

    def __init__(self, path: Path, *, greeted: bool = True) -> None:
        self.sock = unix_socket()
        self.sock.settimeout(10)
        self.sock.connect(str(path))
        self._file = self.sock.makefile("rb")
        self.hello = self.read() if greeted else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def ask(self, method: str, call_id: object = 1, **params: object) -> None:
        """Send a JSON-RPC request."""
        self.send(
            json.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}).encode() + b"\n"
        )

    def line(self) -> bytes:
        """The next line; empty at the end."""
        return self._file.readline()

    def read(self) -> dict[str, Any]:
        """The next line as JSON."""
        answer = json.loads(self.line())
        assert isinstance(answer, dict)
        return answer
