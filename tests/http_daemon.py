"""A daemon with an HTTP API, and clients for it."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Protocol

import httpx2 as httpx
from daemon_process import FILES, DaemonProcess, configuration
from waiting import wait_for
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 30.0
"""Seconds: the machine may be busy."""
TOKEN = "a-token-of-some-length"  # noqa: S105 - of daemons in tests


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class HttpDaemon(DaemonProcess):
    """A daemon that beeps, with an API at a port of its own."""

    def __init__(self, folder: Path, http: str = "", text: str | None = None, **words: Any) -> None:
        """*http*: more lines of `[http]`; *text*: a configuration without that table; *words*: see `configuration`."""
        self.port = free_port()
        text = configuration(**{"output": FILES, **words}) if text is None else text
        super().__init__(folder, f"{text}\n[http]\nenabled = true\nport = {self.port}\n{http}\n")

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> HttpDaemon:
        """Start it, and wait until its API answers."""
        super().start()
        wait_for(self._answers, "the API to answer", timeout=PATIENCE, every=0.02)
        return self

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return client.get("/health").status_code in (200, 401)
        except httpx.TransportError:
            return False

    def client(self, **words: Any) -> httpx.Client:
        """A client; use it as a context manager."""
        return httpx.Client(**{"base_url": self.url, "timeout": PATIENCE, "trust_env": False, **words})

    def websocket(self, path: str, **words: Any) -> ClientConnection:
        """A WebSocket; use it as a context manager."""
        address = f"ws://127.0.0.1:{self.port}{path}"
        made: ClientConnection = connect(address, open_timeout=PATIENCE, close_timeout=1, proxy=None, **words)
        return made

    def is_free(self) -> bool:
        """Whether nobody is spoken for over HTTP."""
        with self.client() as client:
            return "ttsd_http_syntheses 0.0" in client.get("/metrics").text


def told(socket: ClientConnection) -> dict[str, Any]:
    """The next message, which is JSON."""
    found: dict[str, Any] = json.loads(socket.recv(PATIENCE))
    return found


class MakeHttp(Protocol):
    """Makes a running daemon that ends with the test."""

    def __call__(
        self, http: str = "", *, prepare: Callable[[Path], object] = lambda _: None, **words: Any
    ) -> HttpDaemon:
        """See HttpDaemon. *prepare*: puts what is needed into its folder before it starts."""
        ...
