"""What the API has of the daemon: commands that are answered later, settings, and the right of way.

No logic: a command goes into the daemon's mailbox and its answer comes back into the loop. Invariant: an
utterance that was lent to somebody who has gone meanwhile goes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ttsd.commands import Borrow, Return
from ttsd.errors import ControlError, TtsdError
from ttsd.frozen import frozen
from ttsd.model import Utterance

if TYPE_CHECKING:
    from ttsd.commands import Command
    from ttsd.settings import Settings
    from ttsd.speech.right_of_way import RightOfWay

PATIENCE = 60.0
"""Longest wait for an answer of the daemon: an engine may have to load to tell its voices."""


@frozen
class Backstage:
    """The daemon, as this room sees it."""

    submit: Callable[[Command, Callable[[object], None]], None]
    """Hands a command over; the answer or a TtsdError comes to the callable, in any thread."""
    settings: Callable[[], Settings]
    """What is in force now; from any thread."""
    way: RightOfWay


class Asking:
    """Asks the daemon from within the loop."""

    def __init__(self, backstage: Backstage) -> None:
        self._submit = backstage.submit

    async def __call__(self, command: Command, patience: float = PATIENCE) -> Any:
        """The command's answer. Raises TtsdError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()

        def settle(result: object) -> None:
            if answer.done():
                self._give_back(command, result)
            else:
                answer.set_result(result)

        def reply(result: object) -> None:
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:  # the loop has ended, and who asked with it
                self._give_back(command, result)

        self._submit(command, reply)
        try:
            async with asyncio.timeout(patience):
                found = await answer
        except TimeoutError:
            raise ControlError("ttsd did not answer in time") from None
        if isinstance(found, TtsdError):
            raise found
        return found

    def _give_back(self, command: Command, result: object) -> None:
        """Nobody takes *result*."""
        if isinstance(command, Borrow) and isinstance(result, Utterance):
            self._submit(Return(id=result.id), lambda _: None)
