"""WebSockets: text in and sound out, and the daemon's events.

`/ws/tts`     a JSON object (or plain text) a message; out come `start`, PCM in binary messages, `word`s, `end`.
              A new text waits for the one before it; `{"cancel": true}` ends what is spoken.
`/ws/events`  the control socket's events, as it sends them; ?events=begin,end for some of them.

Invariant: a socket that is left, or reads nothing, frees what works for it.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from ttsd.commands import EventName
from ttsd.control import protocol
from ttsd.errors import TtsdError
from ttsd.http.guard import SUBPROTOCOL
from ttsd.http.here import Context, Here, client_of
from ttsd.http.problems import Refused, problem_of, unfit
from ttsd.http.spoken import Spoken, order_of

if TYPE_CHECKING:
    from ttsd.http.desks import Performance
    from ttsd.http.hub import Subscription
    from ttsd.http.order import Order

router = APIRouter()

TOO_SLOW = 1013
"""Close code: come again later."""
MOST_WAITING = 16
"""Texts that may wait on one socket."""


async def _accept(socket: WebSocket) -> None:
    offered = socket.scope.get("subprotocols", ())
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)


@router.websocket("/ws/events")
async def events(socket: WebSocket, here: Here, events: Annotated[str, Query()] = "") -> None:
    """Until it is left, or reads too slowly."""
    names = [name for name in events.split(",") if name]
    await _accept(socket)
    await socket.send_text(protocol.hello().decode().strip())
    unknown = [name for name in names if name not in get_args(EventName)]
    if unknown:
        await socket.close(1008, f"there is no event {unknown[0][:60]}")
        return
    subscription = here.hub.subscribe(names)
    reading = asyncio.create_task(_until_left(socket))
    telling = asyncio.create_task(_tell(socket, subscription, here.settings().http.timeout))
    try:
        await asyncio.wait({reading, telling}, return_when=asyncio.FIRST_COMPLETED)
        if subscription.overrun:
            last = protocol.bye("too-slow", "events came faster than you read them; subscribe again")
            async with asyncio.timeout(1):
                await socket.send_text(last.decode().strip())
                await socket.close(TOO_SLOW)
    except (TimeoutError, WebSocketDisconnect):
        pass  # it is gone, or as good as that
    finally:
        here.hub.leave(subscription)
        for task in (reading, telling):
            task.cancel()
        await asyncio.gather(reading, telling, return_exceptions=True)


async def _tell(socket: WebSocket, subscription: Subscription, patience: float) -> None:
    while (line := await subscription.next()) is not None:
        try:
            async with asyncio.timeout(patience):
                await socket.send_text(line)
        except TimeoutError:
            subscription.drop()


async def _until_left(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


@router.websocket("/ws/tts")
async def tts(socket: WebSocket, here: Here) -> None:
    """Text in, sound out, one text after the other."""
    await _accept(socket)
    conversation = _Conversation(socket, here)
    await conversation.run()


class _Conversation:
    """One socket of /ws/tts."""

    def __init__(self, socket: WebSocket, here: Context) -> None:
        self._socket, self._here = socket, here
        self._orders: asyncio.Queue[tuple[str, Order]] = asyncio.Queue(MOST_WAITING)
        self._speaking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until it is left."""
        working = asyncio.create_task(self._work())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait({working, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, working):
                task.cancel()
            await asyncio.gather(reading, working, return_exceptions=True)

    async def _read(self) -> None:
        number = 0
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            number += 1
            name = str(number)
            try:
                data = self._data(message)
                if data.get("cancel") is True:
                    self._cancel()
                    continue
                name = str(data.pop("id", name))[:100]
                self._orders.put_nowait((name, self._order(data)))
            except asyncio.QueueFull:
                await self._complain(name, Refused(429, f"{MOST_WAITING} texts wait already"))
            except Refused as refused:
                await self._complain(name, refused)

    def _data(self, message: Any) -> dict[str, Any]:
        text = message.get("text")
        if text is None:
            raise Refused(415, "send text, not bytes")
        if not text.lstrip().startswith("{"):
            return {"text": text}
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refused(400, f"not JSON: {error}") from None
        return dict(data)

    def _order(self, data: dict[str, Any]) -> Order:
        try:
            asked = Spoken.model_validate({"format": "pcm", **data}, strict=True)
        except ValidationError as error:
            raise unfit(error.errors(include_url=False, include_input=False, include_context=False)) from None
        return order_of(asked, self._here.settings().http)

    def _cancel(self) -> None:
        while not self._orders.empty():
            self._orders.get_nowait()
        if self._speaking is not None:
            self._speaking.cancel()

    async def _work(self) -> None:
        while True:
            name, order = await self._orders.get()
            self._speaking = asyncio.create_task(self._speak(name, order))
            try:
                await asyncio.wait({self._speaking})
                if self._speaking.cancelled():
                    await self._send({"type": "cancelled", "id": name})
                else:
                    self._speaking.result()
            except TtsdError as error:
                await self._complain(name, error)
            except BaseException:
                self._speaking.cancel()
                await asyncio.wait({self._speaking})
                raise
            finally:
                self._speaking = None

    async def _speak(self, name: str, order: Order) -> None:
        performance = await self._here.desks.perform(order, client_of(self._socket))
        try:
            await self._perform(name, order, performance)
        finally:
            await performance.close()

    async def _perform(self, name: str, order: Order, performance: Performance) -> None:
        first = last = performance.first
        about = {"engine": first.engine, "voice": first.voice, "rate": first.rate, "channels": 1}
        await self._send({"type": "start", "id": name, "format": order.form.format, **about})
        async for part in performance.parts():
            last = part
            for word in part.words:
                times = {"start": round(word.start, 3), "end": round(word.end, 3)}
                await self._send({"type": "word", "id": name, "text": word.text, **times})
            if part.data:
                async with asyncio.timeout(self._here.settings().http.timeout):
                    await self._socket.send_bytes(part.data)
        await self._send({"type": "end", "id": name, "seconds": round(last.seconds, 3)})

    async def _complain(self, name: str, error: TtsdError) -> None:
        await self._send({"type": "error", "id": name, **problem_of(error).model_dump(exclude_none=True)})

    async def _send(self, data: dict[str, Any]) -> None:
        async with asyncio.timeout(self._here.settings().http.timeout):
            await self._socket.send_text(json.dumps(data, ensure_ascii=False))
