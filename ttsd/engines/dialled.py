"""A connection to a Wyoming server: ttsd's own worker on another machine, or anybody's.

Invariants: one thread reads it and closes it; after `end` there is neither thread nor descriptor.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from typing import TYPE_CHECKING

from ttsd.engines import wire
from ttsd.engines.inbox import Inbox
from ttsd.errors import EngineCrashed

if TYPE_CHECKING:
    from ttsd.engines.uri import Address
    from ttsd.engines.wire import Event

CONNECT = 5.0
"""Seconds until a server that does not answer is given up."""


class Dialled:
    """See Link."""

    pid = None

    def __init__(self, name: str, address: Address) -> None:
        """Connect. Raises EngineCrashed if nobody answers."""
        try:
            self._socket = _connect(address)
        except OSError as error:
            reason = error.strerror or str(error)
            raise EngineCrashed(f"its server at {address} cannot be reached: {reason}", where=name) from error
        self._address = address
        self._inbox = Inbox()
        self._fault: str | None = None
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"engine-{name}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """See Link."""
        return not self._inbox.closed

    def send(self, event: Event) -> None:
        """See Link."""
        data = wire.encode(event)
        with self._writing:
            self._socket.sendall(data)

    def receive(self, timeout: float) -> Event | None:
        """See Link."""
        return self._inbox.get(timeout)

    def wake(self) -> None:
        """See Link."""
        self._inbox.wake()

    def last_words(self) -> str:
        """See Link."""
        return f"its server at {self._address} {self._fault or 'closed the connection'}"

    def kill(self) -> None:
        """See Link."""
        self._inbox.close()
        # The reader wakes up and closes it; a second time, or after that, there is nothing to shut.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """See Link."""
        self.kill()
        self._reader.join()

    def _read(self) -> None:
        try:
            with self._socket, self._socket.makefile("rb") as stream:
                while (event := wire.read(stream)) is not None:
                    self._inbox.put(event)
        except wire.Truncated:
            self._fault = "closed the connection inside an event"
        except wire.WireError as error:
            self._fault = f"sent what is no protocol: {error.what}"
        except OSError as error:
            self._fault = f"broke the connection: {error.strerror or error}"
        self._inbox.close()


def _connect(address: Address) -> socket.socket:
    if address.path is None:
        made = socket.create_connection((address.host, address.port), timeout=CONNECT)
        made.settimeout(None)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return made
    if sys.platform != "win32":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.connect(str(address.path))
        except OSError:
            made.close()
            raise
        return made
    raise OSError("sockets of files are not to be had on Windows; use tcp://")
