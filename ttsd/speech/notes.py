"""The notes that the store is to take: left by any thread, recorded in order by one.

Invariants
- A note that the store refuses is kept and tried again before any other.
- Whoever is to make a sound can ask whether what sounded before is recorded: what is not would sound
  again after a crash. Asking never blocks, and who was told to wait is told when it is worth asking again.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from typing import TYPE_CHECKING

from ttsd.errors import StoreError
from ttsd.frozen import frozen
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.model import UtteranceId

log = Logger("ttsd.speech")

RETRY_SECONDS = 1.0
"""Between two tries at a store that refused a note."""


@frozen
class _Note:
    record: Callable[[], None]
    sounded: bool


class Notes:
    """Notes on their way to the store; each is a call that raises StoreError when it is refused."""

    def __init__(self, clock: Clock, freed: Callable[[], None] = lambda: None) -> None:
        """*freed*: called after a note was recorded if somebody was told to wait."""
        self._clock, self._freed = clock, freed
        self._left: queue.SimpleQueue[_Note] = queue.SimpleQueue()
        self._first: _Note | None = None
        """What is to be recorded next: taken from `_left`, and not yet accepted."""
        self._lock = threading.Lock()
        self._sounded: deque[tuple[float, UtteranceId]] = deque()
        """When each note of what sounded was left that is not recorded (monotonic seconds), and of what it is."""
        self._waited_for = False
        self._over = threading.Event()
        self.error: StoreError | None = None
        """Why the store does not take notes; None while it does."""

    # ---- from any thread

    def put(self, record: Callable[[], None], *, sounded: UtteranceId | None = None) -> None:
        """Leave a note, which *record* records; *sounded*: what sounded, if it tells of that."""
        with self._lock:
            if sounded is not None:
                self._sounded.append((self._clock.monotonic(), sounded))
            self._left.put(_Note(record, sounded is not None))

    def nudge(self) -> None:
        """Make `step` return soon."""
        self.put(lambda: None)

    def are_kept(self, patience: float, *, but: UtteranceId) -> bool:
        """Whether all that sounded, *but* one, is recorded or about to be: the store refuses nothing, and no
        note of it is *patience* seconds old. If not, `freed` tells when to ask again."""
        with self._lock:
            oldest = next((at for at, id in self._sounded if id != but), None)
            kept = self.error is None and (oldest is None or self._clock.monotonic() - oldest < patience)
            self._waited_for = self._waited_for or not kept
            return kept

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
        if self._first is None:
            try:
                self._first = self._left.get(timeout=timeout)
            except queue.Empty:
                return False
        try:
            self._first.record()
        except StoreError as error:
            if self.error is None:
                log.error("cannot_record", error=str(error))
            self.error = error
            return False
        if self.error is not None:
            log.info("can_record_again")
        with self._lock:
            self.error = None
            if self._first.sounded:
                self._sounded.popleft()
            waited_for, self._waited_for = self._waited_for, False
        self._first = None
        if waited_for:
            self._freed()
        return True
