"""Sound as an answer that goes out while it is made, and ends when nobody listens any more.

Invariant: whatever happens to the client (it leaves, it takes nothing, it is cut off), the desk that speaks
for it is free soon.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote

from starlette.responses import Response

from ttsd.errors import TtsdError
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ttsd.http.encode import Form
    from ttsd.http.order import Part

log = Logger("ttsd.http")

T = TypeVar("T")
NOBODY = 499
"""The status of an answer that nobody waits for; it is never sent."""


class Speaking(Protocol):
    """What is being spoken: see desks.Performance."""

    first: Part

    def parts(self) -> AsyncIterator[Part]:
        """All of them, the first included."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Gone(Exception):
    """The client has left."""


async def until_gone(receive: Receive) -> None:
    """Return when the client has left. Its body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Coroutine[None, None, T]) -> T:
    """The result of *work*, which is cancelled if the client leaves. Raises Gone."""
    working, watching = asyncio.create_task(work), asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Gone
    finally:
        await _end(working)  # first: what it ends with in the meantime would be lost
        await _end(watching)


async def _end(task: asyncio.Task[object] | asyncio.Task[None]) -> None:
    """Cancel, and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # looked at: whoever waits for it has got it


class Streamed(Response):
    """Bytes from an iterator, each piece sent at once."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        close: Callable[[], Awaitable[None]],
        *,
        media: str,
        headers: dict[str, str] | None = None,
        patience: float,
    ) -> None:
        """*close*: called once, however it ends; *patience*: seconds that a client may take nothing."""
        super().__init__(media_type=media, headers=headers)
        self.raw_headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        self._pieces, self._close, self._patience = pieces, close, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; an answer that cannot be ended well is cut off, so that nobody takes it for whole."""
        del scope
        sending, watching = asyncio.create_task(self._send(send)), asyncio.create_task(until_gone(receive))
        try:
            await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except TimeoutError:
            log.info("client_dropped", reason="it took nothing for too long")
        except TtsdError as error:
            log.warning("answer_cut", code=error.code, reason=error.what)
        finally:
            await _end(watching)
            await _end(sending)
            await self._close()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._pieces:
            if piece:
                async with asyncio.timeout(self._patience):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def spoken(performance: Speaking, form: Form, patience: float) -> Streamed:
    """A performance as an answer."""

    async def pieces() -> AsyncIterator[bytes]:
        async for part in performance.parts():
            yield part.data

    return Streamed(
        pieces(),
        performance.close,
        media=media_of(form, performance.first),
        headers=about(performance.first),
        patience=patience,
    )


def media_of(form: Form, first: Part) -> str:
    """The media type, with what raw samples do not tell."""
    return f"{form.media};rate={first.rate};channels=1" if form.format == "pcm" else form.media


def about(first: Part) -> dict[str, str]:
    """Headers that say who speaks."""
    return {
        "X-Engine": quote(first.engine),
        "X-Voice": quote(first.voice or ""),
        "X-Sample-Rate": str(first.rate),
        "Cache-Control": "no-store",
    }
