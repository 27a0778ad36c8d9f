"""A worker's socket: tcp or unix, several clients, a thread each. Standard library alone."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ttsd.engines.serving import Connection
from ttsd.engines.uri import Address, parse
from ttsd.errors import EngineRefused

if TYPE_CHECKING:
    from types import TracebackType

    from ttsd.engines.serving import Service

CLIENTS = 64
"""Connections at a time; more are closed at once."""
PATIENCE = 60
"""Seconds that a client may leave sound untaken before it is dropped: it holds up all others."""
# As the system takes it: milliseconds on Windows, a timeval elsewhere.
_PATIENCE = struct.pack("=L", PATIENCE * 1000) if sys.platform == "win32" else struct.pack("@ll", PATIENCE, 0)


class Listener:
    """Accepts clients from its creation on until it is left as a context."""

    def __init__(self, uri: str, service: Service) -> None:
        """Raises EngineRefused for what is no uri, OSError where it cannot listen."""
        self._service = service
        self._address = parse(uri)
        self._socket = _bind(self._address)
        self._room = threading.Semaphore(CLIENTS)
        if self._address.path is None:
            self._address = replace(self._address, port=self._socket.getsockname()[1])  # 0 asks for any
        self.address = str(self._address)
        """Where it really listens."""
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        if self._address.path is not None:
            self._address.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed: the end
                return
            if self._room.acquire(blocking=False):
                threading.Thread(target=self._attend, args=(client,), name="attend", daemon=True).start()
            else:
                client.close()

    def _attend(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as reader, client.makefile("wb") as writer:
                if self._address.path is None:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)
                self._service.attend(Connection(reader, writer))
        except OSError:  # the last flush, to a client that is gone
            pass
        finally:
            self._room.release()


def _bind(address: Address) -> socket.socket:
    if address.path is None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=16)
    if sys.platform != "win32":
        _clear(address.path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(address.path))
            address.path.chmod(0o600)
            listening.listen(16)
        except OSError:
            listening.close()
            raise
        return listening
    raise EngineRefused("sockets of files are not to be had on Windows", next_step="use tcp://")


def _clear(path: Path) -> None:
    """Remove the socket of a worker that was killed; leave one that answers, and anything else."""
    if sys.platform != "win32" and path.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                path.unlink(missing_ok=True)
