"""What the main thread is told: everything that other threads, signals and clients want of it.

A `SimpleQueue`, because it alone may be put into from a signal handler: with `Queue` and `Event` a
signal that comes while their lock is held hangs the process.
"""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, TypeAlias

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.commands import Command
    from ttsd.model import Spoken, Utterance


@frozen
class Asked:
    """Somebody wants a command executed."""

    command: Command
    reply: Callable[[object], None]
    """Takes the result or a TtsdError, once."""


@frozen
class Ended:
    """An utterance ended."""

    spoken: Spoken


@frozen
class Gone:
    """Utterances were taken out of the queue before anything was heard of them."""

    utterances: tuple[Utterance, ...]
    reason: str


@frozen
class Reloading:
    """The configuration is to be read again."""


@frozen
class Stopping:
    """The daemon is to end."""

    why: str


@frozen
class Died:
    """A stage ended by a fault of ours: a daemon that limped on would be silent and not say so."""

    stage: str
    error: BaseException


@frozen
class Done:
    """Something slow that ran elsewhere is finished; *then* runs on the main thread."""

    then: Callable[[], None]


Message: TypeAlias = Asked | Ended | Gone | Reloading | Stopping | Died | Done


class Mailbox:
    """The main thread's."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def put(self, message: Message) -> None:
        """From any thread and from signal handlers; never blocks."""
        self._queue.put(message)

    def get(self, timeout: float) -> Message | None:
        """The next message; None: none came for *timeout* seconds."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
