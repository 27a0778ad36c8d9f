"""The HTTP server: a socket that is bound at once, and a thread with a loop that serves it.

Invariants: what is wrong with the settings is raised before anything is served; the heavy libraries are
imported in the thread, while the daemon is ready already; `publish` never blocks; after `stop` no thread, no
engine process and no connection is left.
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import sys
import threading
from typing import TYPE_CHECKING

from ttsd.errors import ConfigError, HttpError
from ttsd.http.hub import Hub
from ttsd.logger import Logger

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.events import Event
    from ttsd.http.backstage import Backstage
    from ttsd.settings.http import HttpSettings

log = Logger("ttsd.http")

NEEDED = ("fastapi", "uvicorn", "multipart", "websockets", "prometheus_client")
BACKLOG = 1024
"""Connections that may wait to be accepted."""
SHORTEST_TOKEN = 16
LARGEST_TOKEN = 4096


def missing_packages() -> list[str]:
    """Those that it needs and that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ConfigError, HttpError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError([f"http.host: {host} is no address: {error.strerror or error}"]) from error
    try:
        if sys.platform != "win32":  # there it lets others listen at the same port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise HttpError(
            f"http.port: cannot listen at {host}:{port}: {error.strerror or error}",
            next_step="give it another [http] port, or end what listens there",
        ) from error
    return sock


def read_token(file: Path) -> str:
    """The token in *file*. Raises ConfigError."""
    try:
        with file.open(encoding="ascii") as stream:
            token = stream.read(LARGEST_TOKEN).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"http.token_file: {file} cannot be read: {error}"]) from None
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        what = f"http.token_file: {file} must hold a token of {SHORTEST_TOKEN} characters or more, without spaces"
        raise ConfigError([what])
    return token


class HttpServer:
    """One running server. Made, started and stopped by one thread."""

    def __init__(self, backstage: Backstage, settings: HttpSettings, sock: socket.socket) -> None:
        """*sock*: listens; it is the caller's, and stays open. Raises ConfigError."""
        if missing := missing_packages():
            remedy = 'pip install "ttsd[http]"'
            raise ConfigError([f"http: the Python package {' and '.join(missing)} is missing ({remedy})"])
        self._backstage, self._settings = backstage, settings
        self._token = read_token(settings.token_file) if settings.token_file else None
        self._sock = sock.dup()
        self._hub = Hub()
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="ttsd-http", daemon=True)

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    @property
    def wanted(self) -> bool:
        """Whether anybody has subscribed to events."""
        return self._hub.wanted

    def publish(self, event: Event) -> None:
        """Tell the subscribers; from any thread."""
        self._hub.publish(event)

    def stop(self) -> None:
        """End it all; idempotent."""
        self._stopping.set()
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:  # it has ended by itself
                pass
        if self._thread.ident is not None:
            self._thread.join()
        self._sock.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # speech goes on without it, and the log says why it is gone
            log.exception("http_died")

    async def _serve(self) -> None:
        from ttsd.http.serving import serve

        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stopping.is_set():
            return
        self._hub.open()
        host, port = self._sock.getsockname()[:2]
        log.info("http_ready", host=host, port=port, token=self._token is not None)
        await serve(self._backstage, self._settings, self._token, self._hub, self._sock, self._wake)
