"""What subscribers are told of engines: each state that lasts, and the chain when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ttsd.clock import Clock
    from ttsd.engines.engine import EngineStatus
    from ttsd.model import EngineName


class EngineNews:
    """Compares the engines with what was told of them last. The main thread's."""

    def __init__(self, clock: Clock, publish: Callable[[events.Event], None]) -> None:
        self._clock, self._publish = clock, publish
        self._told: dict[EngineName, str] = {}
        self._chain: tuple[EngineName, ...] = ()

    def look(self, chain: Sequence[EngineStatus]) -> None:
        """Tell what has changed since the last look."""
        names, now = tuple(status.name for status in chain), self._clock.time()
        if names != self._chain and names:
            self._publish(events.EngineChanged(at=now, engine=names[0], state="head", chain=names))
        told = {}
        for status in chain:
            # It is busy for a sentence: that is no news.
            told[status.name] = state = "ready" if status.state == "busy" else status.state
            if self._told.get(status.name) != state:
                self._publish(
                    events.EngineChanged(at=now, engine=status.name, state=state, detail=status.detail)
                )
        self._told, self._chain = told, names
