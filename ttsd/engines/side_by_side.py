"""Several of the same engine, used side by side: processes on this machine, or servers anywhere.

Invariants: each speaks one sentence at a time; the healthy and free ones take turns; one that fails
before it gave a sound hands the sentence to the next, and rests. A fault of the sentence itself (a
voice that is not there, a text that is refused) goes no further: the others would say the same.
"""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ttsd.clock import SystemClock
from ttsd.engines.breaker import Breaker
from ttsd.errors import EngineCancelled, EngineError, EngineRefused
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from ttsd.clock import Clock
    from ttsd.engines.engine import Engine, EngineStatus, Request
    from ttsd.model import Chunk, EngineName, Voice

log = Logger("ttsd.engines")

_BEST_FIRST = ("busy", "ready", "loading", "installed", "failed", "missing", "closed")


class SideBySide:
    """An Engine (see engine.py) made of equal ones."""

    def __init__(self, name: EngineName, members: Sequence[Engine], clock: Clock | None = None) -> None:
        """*members*: at least one; closed with this."""
        self.name = name
        self._members = tuple(members)
        self._clock = clock or SystemClock()
        self._breakers = [Breaker() for _ in members]
        self._lock = threading.Lock()
        """Guards what follows."""
        self._taken: set[int] = set()
        self._turn = 0

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Engine."""
        tried: list[int] = []
        fault: EngineError | None = None
        while (index := self._take(tried)) is not None:
            tried.append(index)
            began, given = self._clock.monotonic(), False
            try:
                # Engines' iterators are generators: closing one cancels its sentence.
                chunks = cast("Generator[Chunk, None, None]", self._members[index].synthesize(request))
                with closing(chunks):
                    for chunk in chunks:
                        given = True
                        yield chunk
                self._breakers[index].succeeded()
                return
            except (EngineCancelled, EngineRefused):
                raise
            except EngineError as error:
                now = self._clock.monotonic()
                rest = self._breakers[index].failed(now, now - began)
                log.warning(
                    "worker_passed_over",
                    engine=self.name,
                    worker=index + 1,
                    reason=error.what,
                    rest_seconds=round(rest, 1),
                )
                if given:
                    raise
                fault = error
            finally:
                self._free(index)
        raise fault or EngineRefused("all its workers are at other sentences", where=self.name)

    def cancel(self) -> None:
        """See Engine: ends what any of them speaks."""
        for member in self._members:
            member.cancel()

    def load(self) -> None:
        """See Engine: all of them; fails only if none can be loaded."""
        faults = []
        for member in self._members:
            try:
                member.load()
            except EngineError as error:
                faults.append(error)
        if len(faults) == len(self._members):
            raise faults[0]

    def voices(self) -> tuple[Voice, ...]:
        """See Engine: of the first that answers."""
        fault: EngineError | None = None
        for member in self._members:
            try:
                return member.voices()
            except EngineError as error:
                fault = fault or error
        raise fault or EngineError("has no workers", where=self.name)

    def status(self) -> EngineStatus:
        """See Engine: of the best of them, with how many can be used."""
        all_of_them = [member.status() for member in self._members]
        best = min(all_of_them, key=lambda status: _BEST_FIRST.index(status.state))
        now = self._clock.monotonic()
        usable = sum(
            status.state not in ("failed", "missing") and breaker.left(now) <= 0
            for status, breaker in zip(all_of_them, self._breakers, strict=True)
        )
        detail = f"{usable} of {len(self._members)} workers can be used"
        error = next((status.last_error for status in all_of_them if status.last_error), None)
        resident, card = (
            sum(found) if (found := [value for value in told if value is not None]) else None
            for told in zip(*((one.memory_bytes, one.vram_bytes) for one in all_of_them), strict=True)
        )
        stopping = all(status.stopping for status in all_of_them)
        return replace(
            best,
            detail=detail,
            last_error=error,
            memory_bytes=resident,
            vram_bytes=card,
            stopping=stopping,
        )

    def unload(self, idle: float = 0.0) -> bool:
        """See Engine: those of them that are idle."""
        ended = [member.unload(idle) for member in self._members]
        return any(ended)

    def close(self) -> None:
        """See Engine."""
        for member in self._members:
            member.close()

    def _take(self, tried: Sequence[int]) -> int | None:
        """The next free one that was not tried: last those that do not stop or rest, the longest rest at the end."""
        now = self._clock.monotonic()
        with self._lock:
            count = len(self._members)
            turns = [(self._turn + i) % count for i in range(count)]
            free = [i for i in turns if i not in self._taken and i not in tried]
            if not free:
                return None
            chosen = min(
                free, key=lambda i: (self._members[i].status().stopping, self._breakers[i].left(now))
            )
            self._taken.add(chosen)
            self._turn = chosen + 1
            return chosen

    def _free(self, index: int) -> None:
        with self._lock:
            self._taken.discard(index)
