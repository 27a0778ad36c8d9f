"""What joins the daemon to an engine: a child process, or a connection to one that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ttsd.engines.wire import Event


class Link(Protocol):
    """A two-way stream of events. `receive` is for one thread at a time, the rest for any."""

    @property
    def pid(self) -> int | None:
        """Process id, where it is a process of ours that has not ended."""
        ...

    @property
    def alive(self) -> bool:
        """The other side has not closed (it may hang)."""
        ...

    def send(self, event: Event) -> None:
        """Write an event. Raises OSError if it no longer reads."""
        ...

    def receive(self, timeout: float) -> Event | None:
        """The next event; None after *timeout* seconds or a `wake`. Raises inbox.Closed at its end."""
        ...

    def wake(self) -> None:
        """Let `receive` return None, now or at its next call."""
        ...

    def last_words(self) -> str:
        """How it ended, for people; waits a moment for the end to be complete."""
        ...

    def kill(self) -> None:
        """End it at once without waiting; idempotent."""
        ...

    def end(self) -> None:
        """End it and wait until nothing is left of it; idempotent."""
        ...


def tell(link: Link, event: Event) -> bool:
    """Send; false if the other side no longer reads (its end is told by what is received)."""
    try:
        link.send(event)
    except OSError:
        return False
    return True
