"""How many lines a full queue or a limit has cost: said by ttsd itself, when the flood is over.

One thread. What was counted is said once; a flood that does not end is told of now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttsd import commands
from ttsd.errors import StoreError
from ttsd.logger import Logger
from ttsd.model import OWN, Priority
from ttsd.settings import Duration
from ttsd.text.words import skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.model import SourceName
    from ttsd.speech.reading import Reading
    from ttsd.store import Store

log = Logger("ttsd.daemon.skipped_lines")

CALM = 1.0
"""Seconds without a loss after which a flood is over."""
LONGEST = 30.0
"""Seconds after which it is told of even if it is not."""
MAX_AGE = Duration(60.0)
"""A count is no news for longer."""


@dataclass(slots=True)
class _Flood:
    """What one source has lost and was not told."""

    count: int
    began: float
    last: float


class SkippedLines:
    """See the module."""

    def __init__(
        self, store: Store, queue: WaitingList, reading: Callable[[], Reading | None], clock: Clock
    ) -> None:
        """*reading*: the one in force."""
        self._store, self._queue, self._reading, self._clock = store, queue, reading, clock
        self._floods: dict[SourceName, _Flood] = {}

    def look(self) -> None:
        """Count, and say what is due."""
        reading, now = self._reading(), self._clock.monotonic()
        if reading is None:
            return
        for lost in (self._store.take_overflow(), reading.take_skipped()):
            for source, count in lost.items():
                flood = self._floods.setdefault(source, _Flood(0, now, now))
                flood.count, flood.last = flood.count + count, now
        for source, flood in tuple(self._floods.items()):
            if now - flood.last >= CALM or now - flood.began >= LONGEST:
                del self._floods[source]
                self._tell(reading, source, flood.count)

    def _tell(self, reading: Reading, source: SourceName, count: int) -> None:
        rules = reading.book.of(source)
        if not rules.source.tell_skipped:
            return
        log.info("tells_skipped", source=source, count=count)
        told = commands.Say(
            text=skipped(count, rules.tag),
            source=OWN,
            voice=rules.source.voice,
            priority=Priority.HIGH,  # before what still waits of the source: it is about what came before that
            max_age=MAX_AGE,
        )
        try:
            self._queue.say(told)
        except StoreError as error:  # there is worse to be told than this
            log.warning("cannot_tell_skipped", error=str(error))
