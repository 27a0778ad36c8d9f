"""Who is told what happens: everybody in the house who minds it, then the subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.events import Event


class EventSink(Protocol):
    """Where events go."""

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        ...

    def publish(self, event: Event) -> None:
        """From any thread; never blocks."""
        ...


class Audience:
    """See EventSink. Who joins does so before the first event."""

    def __init__(self, *subscribers: EventSink) -> None:
        """*subscribers*: those outside, who may come and go: over the control socket, over HTTP."""
        self._subscribers = subscribers
        self._house: list[Callable[[Event], None]] = []

    def join(self, notice: Callable[[Event], None]) -> None:
        """*notice* is told every event from now on, in whichever thread it happens; it must not block."""
        self._house.append(notice)

    @property
    def wanted(self) -> bool:
        """Whether a subscriber listens: those in the house mind what becomes of an utterance, not its coming."""
        return any(sink.wanted for sink in self._subscribers)

    def publish(self, event: Event) -> None:
        """From any thread."""
        for notice in self._house:
            notice(event)
        for sink in self._subscribers:
            sink.publish(event)
