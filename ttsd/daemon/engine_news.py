"""What subscribers are told of engines and converters: each state that lasts, and the chain when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.clock import Clock
    from ttsd.engines.chain import Chain
    from ttsd.engines.engine import EngineStatus
    from ttsd.model import EngineName


class EngineNews:
    """Compares the engines with what was told of them last. The main thread's."""

    def __init__(self, clock: Clock, publish: Callable[[events.Event], None]) -> None:
        self._clock, self._publish = clock, publish
        self._engines: dict[str, str] = {}
        self._conversions: dict[str, str] = {}
        self._chain: tuple[EngineName, ...] = ()

    def look(self, chain: Chain) -> None:
        """Tell what has changed since the last look."""
        names, now = chain.names, self._clock.time()
        if names != self._chain and names:
            self._publish(events.EngineChanged(at=now, engine=names[0], state="head", chain=names))
        self._chain = names
        for one, state in _changes(self._engines, chain.status()):
            self._publish(events.EngineChanged(at=now, engine=one.name, state=state, detail=one.detail))
        for one, state in _changes(self._conversions, chain.conversions_status()):
            self._publish(events.ConversionChanged(at=now, voice=one.name, state=state, detail=one.detail))


def _changes(told: dict[str, str], statuses: Sequence[EngineStatus]) -> Iterator[tuple[EngineStatus, str]]:
    """Those whose state is not as it was *told*, which becomes what they are now."""
    before = dict(told)
    told.clear()
    for status in statuses:
        # It is busy for a sentence: that is no news.
        told[status.name] = state = "ready" if status.state == "busy" else status.state
        if before.get(status.name) != state:
            yield status, state
