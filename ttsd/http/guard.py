"""Who may ask, how much, and for how long: four layers around the routes, outermost first.

`Gate`   refuses a Host or an Origin that is not ours (DNS rebinding, other pages' requests).
`Token`  refuses who does not carry the token, where there is one.
`Crowd`  refuses what is too many at a time.
`Bodies` bounds what is sent in size and time.

Invariants: nothing that is refused reaches a route; no token is ever written anywhere.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ttsd.http.problems import Refused, answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOADS = ("/v1/speakers",)
"""Where bodies are files."""
BODY = 4 << 20
"""Bytes of any other body."""
SUBPROTOCOL = "ttsd"
"""What a WebSocket's client names; beside it, `bearer.TOKEN` carries the token for pages, which have no headers."""
BEARER = "bearer."


class Layer:
    """What every layer does with what it refuses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope, Headers(scope=scope))
        except Refused as refused:
            await _refuse(refused, scope, receive, send)
            return
        await self._pass(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raises Refused."""

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # its connect
        await send({"type": "websocket.close", "code": 1008, "reason": refused.what[:120]})
    else:
        response = answer(refused)
        response.headers["Connection"] = "close"  # its body is not read
        await response(scope, receive, send)


class Gate(Layer):
    """Names and pages that are ours."""

    def __init__(self, app: ASGIApp, *, names: Collection[str], origins: Collection[str]) -> None:
        """*names*: hosts besides localhost and addresses; *origins*: pages besides our own."""
        super().__init__(app)
        self._names = {name.lower().rstrip(".") for name in names}
        self._origins = {origin.lower().rstrip("/") for origin in origins}

    def _check(self, scope: Scope, headers: Headers) -> None:
        del scope
        host = headers.get("host", "")
        if not self._is_ours(host):
            step = "[http] names lists the names by which it is reached"
            raise Refused(403, f"nothing is served as {host[:100]!r}", where="Host", next_step=step)
        origin = headers.get("origin")
        if origin is None:
            foreign = headers.get("sec-fetch-site") == "cross-site"
        else:
            same = urlsplit(origin).netloc.lower() == host.lower()
            foreign = not same and origin.lower() not in self._origins
        if foreign:
            step = "[http] origins lists the pages that may use it"
            raise Refused(403, "another page asks", where="Origin", next_step=step)

    def _is_ours(self, host: str) -> bool:
        """An address cannot be a name that somebody lets point here."""
        name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        name = name.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost") or name in self._names:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


class Token(Layer):
    """Those who carry it; preflights of pages carry nothing."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        super().__init__(app)
        self._token = token.encode()

    def _check(self, scope: Scope, headers: Headers) -> None:
        given = headers.get("authorization", "")
        kind, _, token = given.partition(" ")
        if kind.lower() != "bearer":
            token = ""
        if not token and scope["type"] == "websocket":
            offered = scope.get("subprotocols", ())
            token = next((one.removeprefix(BEARER) for one in offered if one.startswith(BEARER)), "")
        if not hmac.compare_digest(token.strip().encode(), self._token):
            raise Refused(401, "the token is missing or wrong", next_step="Authorization: Bearer TOKEN")


class Crowd(Layer):
    """So many at a time."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        super().__init__(app)
        self._most, self._now = most, 0

    def _check(self, scope: Scope, headers: Headers) -> None:
        del scope, headers
        if self._now >= self._most:
            raise Refused(429, f"{self._most} requests are under way")

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._now += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1


class Bodies(Layer):
    """Bounded bodies."""

    def __init__(self, app: ASGIApp, *, upload: int, patience: float) -> None:
        """*upload*: bytes of a file; *patience*: seconds until more of a body comes."""
        super().__init__(app)
        self._upload, self._patience = upload, patience

    def _check(self, scope: Scope, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if scope["type"] == "http" and (not length.isdigit() or int(length) > self._most(scope)):
            raise self._too_much(scope)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, whole = 0, False

        async def bounded() -> Message:
            nonlocal taken, whole
            if whole:
                return await receive()  # it says when the client leaves
            try:
                async with asyncio.timeout(self._patience):
                    message = await receive()
            except TimeoutError:
                raise Refused(408, "the body did not come in time", code="timeout") from None
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > self._most(scope):
                raise self._too_much(scope)
            return message

        await self._app(scope, bounded, send)

    def _most(self, scope: Scope) -> int:
        return self._upload if scope["path"] in UPLOADS else BODY

    def _too_much(self, scope: Scope) -> Refused:
        return Refused(413, f"the body is larger than {self._most(scope)} bytes")
