"""An utterance lent by the queue: nobody else speaks it meanwhile, and it goes back if it was not heard.

Invariant: whatever happens to the client, the daemon is told what became of what it lent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import commands
from ttsd.errors import UsageError
from ttsd.http.desks import Performance
from ttsd.http.order import Order, Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ttsd.http.encode import Form
    from ttsd.http.here import Context
    from ttsd.model import EngineName, SourceName, UtteranceId


class Lent:
    """Has the next of a source spoken for one client."""

    def __init__(self, here: Context, client: str) -> None:
        self._here, self._client = here, client

    async def perform(self, source: SourceName, engine: EngineName | None, form: Form) -> Heard | None:
        """The next utterance of *source* that is to be spoken; None: none waits. Raises TtsdError.

        What its rules drop is dropped, as the queue would have done.
        """
        while (utterance := await self._here.ask(commands.Borrow(source=source))) is not None:
            order = Order(utterance.text, form, voice=utterance.voice, engine=engine, source=source)
            try:
                performance = await self._here.desks.perform(order, self._client)
            except UsageError as error:
                await self._tell(commands.Return(id=utterance.id, reason=error.what))
            except BaseException:
                await self._tell(commands.Return(id=utterance.id))
                raise
            else:
                return Heard(performance, utterance.id, self._tell)
        return None

    async def _tell(self, command: commands.Return) -> None:
        await self._here.ask(command)


class Heard:
    """A performance of what was lent: when it is over, the daemon is told how."""

    def __init__(
        self,
        performance: Performance,
        id: UtteranceId,
        tell: Callable[[commands.Return], Awaitable[None]],
    ) -> None:
        self._performance, self._id, self._tell = performance, id, tell
        self.first = performance.first
        self._last: Part | None = None
        self._closed = False

    async def parts(self) -> AsyncIterator[Part]:
        """See Performance."""
        last = self.first
        async for part in self._performance.parts():
            yield part
            last = part
        self._last = last  # all of it was taken

    async def close(self) -> None:
        """See Performance."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._performance.close()
        finally:
            last = self._last
            if last is None:
                await self._tell(commands.Return(id=self._id))
            else:
                await self._tell(
                    commands.Return(
                        id=self._id, spoken=True, seconds=last.seconds, engine=last.engine, voice=last.voice
                    )
                )
