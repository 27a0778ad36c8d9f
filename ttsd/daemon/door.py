"""The HTTP API as the daemon has it: there or not, as the configuration says.

Invariants: without `[http] enabled` nothing of it is imported; a change that cannot be done leaves the old
one in service; while the address stays the same, its socket stays open, and nobody is refused in between.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ttsd.errors import HttpError
from ttsd.logger import Logger
from ttsd.settings.http import HttpSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from ttsd.events import Event
    from ttsd.http.backstage import Backstage
    from ttsd.http.server import HttpServer

log = Logger("ttsd.http")


class Door:
    """See EventSink. `publish` and `wanted` are for any thread, the rest is the main thread's."""

    def __init__(
        self, backstage: Callable[[], Backstage], beside: Callable[[str, Callable[[], None]], None]
    ) -> None:
        """*backstage*: what the API has of the daemon, once there is one; *beside*: does what takes long."""
        self._backstage, self._beside = backstage, beside
        self._settings = HttpSettings()
        self._server: HttpServer | None = None
        self._sock: socket.socket | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody listens there."""
        server = self._server
        return server is not None and server.wanted

    def publish(self, event: Event) -> None:
        """Tell who subscribed there."""
        if (server := self._server) is not None:
            server.publish(event)

    @contextmanager
    def changing(self, settings: HttpSettings) -> Iterator[None]:
        """Have it as *settings* say when what is within has succeeded. Raises ConfigError, before that.

        Whatever fails, here or within, it stays as it is.
        """
        if settings == self._settings:
            yield
            return
        new, sock = self._made(settings) if settings.enabled else (None, None)
        try:
            yield
        except BaseException:
            if new is not None:
                new.stop()
            if sock is not None and sock is not self._sock:
                sock.close()
            raise
        old, self._server = self._server, new
        if old is not None:
            self._beside("stop-http", old.stop)  # it may wait for an answer of ours
        if self._sock is not None and self._sock is not sock:
            self._sock.close()
        self._settings, self._sock = settings, sock
        if new is not None:
            new.start()

    def close(self) -> None:
        """Serve no more; idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        if self._sock is not None:
            self._sock.close()
        self._sock, self._settings = None, HttpSettings()

    def _made(self, settings: HttpSettings) -> tuple[HttpServer, socket.socket]:
        from ttsd.http.server import HttpServer

        sock = self._socket(settings.host, settings.port)
        try:
            return HttpServer(self._backstage(), settings, sock), sock
        except BaseException:
            if sock is not self._sock:
                sock.close()
            raise

    def _socket(self, host: str, port: int) -> socket.socket:
        """The one that listens there already, or a new one. Raises ConfigError, HttpError."""
        from ttsd.http.server import listen

        now = self._settings
        if self._sock is not None and (host, port) == (now.host, now.port):
            return self._sock
        try:
            return listen(host, port)
        except HttpError as error:
            if self._sock is not None and port == now.port:
                error.next_step = f"restart ttsd, which listens there itself, at {now.host}; or another port"
            raise
