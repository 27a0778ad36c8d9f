"""Who is spoken for, and when: desks are shared out in order, and what is too much is refused at once.

Invariants: a desk has one text at a time and is free again only when its thread has left it; each client has
a bounded share; whoever leaves, waiting or served, frees its place.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ttsd.errors import UsageError
from ttsd.http.desk import Desk
from ttsd.http.pipe import Pipe
from ttsd.http.problems import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ttsd.http.backstage import Backstage
    from ttsd.http.order import Order, Part
    from ttsd.settings.http import HttpSettings

ROOM = 16
"""Parts that may wait for a client that reads slowly."""
TIDY_SECONDS = 5.0
"""How often it is looked for engines that were idle for long."""


class Performance:
    """A text that is being spoken: its first part is there, the others come."""

    def __init__(
        self, desk: Desk, pipe: Pipe[Part], work: asyncio.Future[None], free: Callable[[], None]
    ) -> None:
        """*work*: the thread's; *free*: called once, when it has ended."""
        self._desk, self._pipe, self._work, self._free = desk, pipe, work, free
        self._closed = False
        self.first: Part

    async def begin(self) -> None:
        """Wait for the first part. Raises TtsdError."""
        first = await self._pipe.get()
        if first is None:
            raise UsageError("there is nothing to speak in the text", where="text")
        self.first = first

    async def parts(self) -> AsyncIterator[Part]:
        """All of them. Raises TtsdError."""
        yield self.first
        async for part in self._pipe.all():
            yield part

    async def close(self) -> None:
        """End it wherever it is, and free its desk; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._pipe.leave()
        self._desk.cancel()
        try:
            await asyncio.shield(self._work)
        finally:
            self._work.add_done_callback(lambda _: self._free())


class Desks:
    """All desks. The loop's."""

    def __init__(self, backstage: Backstage, settings: HttpSettings) -> None:
        self._backstage, self._settings = backstage, settings
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="ttsd-http-desk")
        self._free: list[Desk] = []
        self._made: list[Desk] = []
        self._line: deque[asyncio.Future[Desk]] = deque()
        self._clients: Counter[str] = Counter()
        self._performances: set[Performance] = set()

    @property
    def busy(self) -> int:
        """Texts that are being spoken."""
        return len(self._performances)

    async def perform(self, order: Order, client: str) -> Performance:
        """Have *order* spoken for *client*, an address; close what is returned. Raises TtsdError."""
        desk = await self._turn(client)
        pipe: Pipe[Part] = Pipe(ROOM, self._settings.timeout)
        work = asyncio.get_running_loop().run_in_executor(self._threads, desk.speak, order, pipe)

        def free() -> None:
            self._performances.discard(performance)
            self._leave(client)
            self._give(desk)

        performance = Performance(desk, pipe, work, free)
        self._performances.add(performance)
        try:
            await performance.begin()
        except BaseException:
            await performance.close()
            raise
        return performance

    async def tidy(self) -> None:
        """For ever: end the processes of engines that were idle for long."""
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            idle, self._free = self._free, []
            for desk in idle:
                await asyncio.to_thread(desk.unload, self._settings.idle_unload)
                self._give(desk)

    async def close(self) -> None:
        """End everything."""
        while self._line:
            self._line.popleft().set_exception(Refused(503, "ttsd ends"))
        for performance in tuple(self._performances):
            await performance.close()
        for desk in self._made:
            await asyncio.to_thread(desk.close)
        self._threads.shutdown()

    async def _turn(self, client: str) -> Desk:
        if self._clients[client] >= self._settings.per_client:
            raise Refused(429, f"{self._settings.per_client} texts of yours are under way", code="too-many")
        self._clients[client] += 1
        try:
            return await self._wait()
        except BaseException:
            self._leave(client)
            raise

    async def _wait(self) -> Desk:
        if self._free:
            return self._free.pop()  # the one used last: it is the warmest
        if len(self._made) < self._settings.workers:
            self._made.append(Desk(self._backstage))
            return self._made[-1]
        if len(self._line) >= self._settings.waiting:
            raise Refused(503, "too many texts are waiting", code="too-many")
        turn: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self._settings.patience):
                return await asyncio.shield(turn)
        except TimeoutError:
            self._unqueue(turn)
            raise Refused(503, "its turn did not come in time", code="busy") from None
        except BaseException:
            self._unqueue(turn)
            raise

    def _unqueue(self, turn: asyncio.Future[Desk]) -> None:
        if turn in self._line:
            self._line.remove(turn)
        elif turn.done() and not turn.cancelled():
            self._give(turn.result())

    def _give(self, desk: Desk) -> None:
        """To whoever is next, or back."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(desk)
                return
        self._free.append(desk)

    def _leave(self, client: str) -> None:
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
