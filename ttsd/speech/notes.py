"""The notes that the store is to take: left by any thread, recorded in order by one.

Invariant: a note that the store refuses is kept and tried again before any other.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import structlog

from ttsd.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger("ttsd.speech")

RETRY_SECONDS = 1.0
"""Between two tries at a store that refused a note."""


class Notes:
    """Notes on their way to the store; each is a call that raises StoreError when it is refused."""

    def __init__(self) -> None:
        self._left: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._refused: Callable[[], None] | None = None
        self._over = threading.Event()
        self.error: StoreError | None = None
        """Why the store does not take notes; None while it does."""

    # ---- from any thread

    def put(self, note: Callable[[], None]) -> None:
        """Leave a note."""
        self._left.put(note)

    def nudge(self) -> None:
        """Make `step` return soon."""
        self._left.put(lambda: None)

    def stop(self) -> None:
        """Make `record` return soon, for good."""
        self._over.set()
        self.nudge()

    # ---- the recording thread

    def record(self) -> None:
        """Record one note when there is one; after a refusal, wait before the next try."""
        if not self.step() and self.error is not None:
            self._over.wait(RETRY_SECONDS)

    def step(self, timeout: float | None = None) -> bool:
        """Record one note; False: there was none within *timeout* seconds, or the store refused it."""
        if self._refused is None:
            try:
                self._refused = self._left.get(timeout=timeout)
            except queue.Empty:
                return False
        try:
            self._refused()
        except StoreError as error:
            if self.error is None:
                log.error("cannot_record", error=str(error))
            self.error = error
            return False
        if self.error is not None:
            log.info("can_record_again")
            self.error = None
        self._refused = None
        return True
