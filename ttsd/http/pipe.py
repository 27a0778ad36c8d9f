"""A bounded way from one thread into the loop: what is made there, read here.

Invariants: the thread waits when the reader is slow, and for a bounded time; a reader that leaves makes the
thread's next `put` raise; what the thread ended with is what the reader gets at the end.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")


class Left(Exception):
    """Nobody reads any more."""


class _End:
    """Nothing follows."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Pipe(Generic[T]):
    """See the module. Made in the loop."""

    def __init__(self, room: int, patience: float) -> None:
        """*room*: items that may wait; *patience*: seconds that the thread waits for room."""
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | _End] = asyncio.Queue()
        self._room = threading.Semaphore(room)
        self._patience = patience
        self._left = threading.Event()

    # ---- the thread's side

    def put(self, item: T) -> None:
        """Hand *item* over. Raises Left."""
        if not self._room.acquire(timeout=self._patience) or self._left.is_set():
            raise Left
        self._post(item)

    def end(self, error: BaseException | None = None) -> None:
        """Nothing follows; the reader's turn to raise *error*."""
        self._post(_End(error))

    @property
    def left(self) -> bool:
        """Whether the reader has gone."""
        return self._left.is_set()

    # ---- the loop's side

    async def get(self) -> T | None:
        """The next item; None: there is none any more. Raises what the thread ended with."""
        item = await self._items.get()
        if isinstance(item, _End):
            self._items.put_nowait(item)  # for whoever asks again
            if item.error is not None:
                raise item.error
            return None
        self._room.release()
        return item

    async def all(self) -> AsyncIterator[T]:
        """Every item that is left."""
        while (item := await self.get()) is not None:
            yield item

    def leave(self) -> None:
        """Read no more."""
        self._left.set()
        self._room.release()

    def _post(self, item: T | _End) -> None:
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:  # the loop has ended
            self._left.set()
