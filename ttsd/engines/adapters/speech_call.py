"""One request to a server over HTTP: sent, read as it comes, closed when it is not wanted any more.

Invariants: a body that is shorter than told is an error; nothing is followed elsewhere, so that a key
goes only where the user sent it; the key is in no error.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from ttsd.errors import EngineCancelled, EngineCrashed, EngineRefused, EngineTimeout
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Generator

PIECE = 16384
"""Bytes read at once; what is there is taken, nothing is waited for."""
LONGEST_COMPLAINT = 4096
"""Bytes of an error's body that are read."""
SHOWN = 200
"""Characters of a server's own words in an error."""


@frozen
class Server:
    """Where it is, and how long it is waited for."""

    url: str
    """With http or https, up to and with /v1; no slash at its end."""
    key: str | None
    connect: float
    """Seconds until the connection stands."""
    first: float
    """Seconds until the sound begins."""
    idle: float
    """Seconds between two pieces of it."""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Server({self.url!r})"


class Call:
    """One request. `send` and `pieces` are for one thread, `cancel` for any."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.url)
        self._server = server
        self._path = parts.path
        host, port = parts.hostname or "", parts.port
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=server.connect, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=server.connect)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cancelled = False
        self._waiting = f"did not begin within {server.first:g} s"

    def send(self, method: str, path: str, body: object = None) -> http.client.HTTPResponse:
        """Ask; the answer's head, which says 200. Raises EngineError."""
        headers = {"Accept": "*/*", "User-Agent": "ttsd"}
        if self._server.key:
            headers["Authorization"] = f"Bearer {self._server.key}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        self._connect()
        try:
            self._connection.request(method, self._path + path, data, headers)
            response = self._connection.getresponse()
            if response.status != 200:
                self._refused(response, path)
        except (OSError, http.client.HTTPException) as error:
            self._broken(error)
        return response

    def pieces(self, response: http.client.HTTPResponse) -> Generator[bytes, None, None]:
        """Its body as it comes. Raises EngineError, also if it ends before it should."""
        try:
            while data := response.read1(PIECE):
                self._wait(self._server.idle, f"gave nothing more for {self._server.idle:g} s")
                yield data
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._broken(error)  # ValueError: closed by `cancel`
        if self._cancelled:
            raise EngineCancelled("cancelled")
        if response.length:
            raise EngineCrashed(f"its answer stopped in the middle: {response.length} bytes are missing")

    def cancel(self) -> None:
        """End it: whoever reads goes on at once."""
        with self._lock:
            self._cancelled = True
            if self._socket is not None:
                with suppress(OSError):  # the server has gone already
                    # socket.socket's own: that of TLS would take its state away under the reader.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, which is how a server hears that it is over."""
        with self._lock:
            self._socket = None
        self._connection.close()

    def _connect(self) -> None:
        host = urlsplit(self._server.url).netloc.rpartition("@")[2]
        remedy = "is it running? look at url in [engine.openai]"
        try:
            self._connection.connect()
        except TimeoutError:
            what = f"{host} did not answer within {self._server.connect:g} s"
            raise EngineTimeout(what, next_step=remedy) from None
        except ssl.SSLCertVerificationError as error:
            raise EngineCrashed(f"{host} cannot be trusted: {error.verify_message}") from None
        except OSError as error:
            raise EngineCrashed(f"{host} cannot be reached: {error}", next_step=remedy) from None
        with self._lock:
            self._socket = self._connection.sock
            cancelled = self._cancelled
        if cancelled:
            raise EngineCancelled("cancelled")
        self._wait(self._server.first, self._waiting)

    def _wait(self, seconds: float, waiting: str) -> None:
        self._waiting = waiting
        if self._socket is not None:
            # Kept by us: the connection forgets it when the server says that it will close.
            self._socket.settimeout(seconds)

    def _broken(self, error: Exception) -> NoReturn:
        if self._cancelled:
            raise EngineCancelled("cancelled") from None
        if isinstance(error, TimeoutError):
            raise EngineTimeout(f"its server {self._waiting}") from None
        if isinstance(error, http.client.IncompleteRead | ValueError):
            raise EngineCrashed("its answer stopped in the middle") from None
        raise EngineCrashed(f"its connection broke: {type(error).__name__}") from None

    def _refused(self, response: http.client.HTTPResponse, path: str) -> NoReturn:
        status = response.status
        what, remedy = f"its server answered {status}", "look at url and dialect"
        if status in (401, 403):
            what, remedy = f"its server does not accept the key ({status})", "look at key_env or key_file"
            if not self._server.key:
                what, remedy = f"its server wants a key ({status})", "set key_env or key_file"
        elif status in (404, 405):
            what = f"its server has no {self._path}{path}, or not the model or voice ({status})"
            remedy = "look at url, which ends with /v1, and at model and voice"
        elif status == 429:
            after = response.getheader("Retry-After", "")
            when = f"; it asks to wait {after} s" if after.isdecimal() else ""
            what, remedy = (
                f"its server has no room or no credit left (429){when}",
                "wait, or look at its quota",
            )
        elif 300 <= status < 400:
            what = f"its server is elsewhere ({status})"
            remedy = "set url to where it is; it is not followed, so that the key stays"
        elif status >= 500:
            what, remedy = f"its server failed ({status})", "look at the server's log"
        elif status >= 400:
            what, remedy = f"its server refused the request ({status})", "look at dialect, model and voice"
        said = self._said(response)
        raise EngineRefused(f"{what}; it said: {said}" if said else what, next_step=remedy)

    def _said(self, response: http.client.HTTPResponse) -> str:
        """The server's own words, if it has some."""
        try:
            said = _message(json.loads(response.read(LONGEST_COMPLAINT)))
        except (OSError, ValueError, http.client.HTTPException):
            return ""  # no JSON: a page for browsers
        if self._server.key:
            said = said.replace(self._server.key, "[the key]")
        return " ".join(said.split())[:SHOWN]


def _message(answer: object) -> str:
    """The words of `{"error": {"message": …}}`, `{"error": …}`, `{"detail": …}` and their like."""
    for _ in range(4):
        if not isinstance(answer, dict):
            break
        answer = next((answer[key] for key in ("error", "detail", "message") if key in answer), None)
    return answer if isinstance(answer, str) else ""
