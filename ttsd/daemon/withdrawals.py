"""Messages that are taken back: silent at once if they sound, out of the queue, their texts out of the history.

`now` is for any thread and quick: it deals with what is heard or prepared. `rest` looks through queue and
history, whatever their size, and runs beside the main thread. Both may be repeated: nothing is told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import events
from ttsd.logger import Logger
from ttsd.speech.arrival import meets
from ttsd.text.withdraw import WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.clock import Clock
    from ttsd.daemon.audience import EventSink
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.model import SourceName, UtteranceId
    from ttsd.speech.speaker import Speaker
    from ttsd.store import Store
    from ttsd.text.rules import RuleBook
    from ttsd.text.withdraw import Target

log = Logger("ttsd.daemon.withdrawals")

PAGE = 500
"""Utterances looked at in one go."""


class Withdrawals:
    """See the module. All methods may raise StoreError."""

    def __init__(
        self,
        store: Store,
        queue: WaitingList,
        speaker: Callable[[], Speaker | None],
        book: Callable[[], RuleBook | None],
        clock: Clock,
        sink: EventSink,
    ) -> None:
        """*speaker*: the one in use; *book*: the rules in force; None: there are none yet."""
        self._store, self._queue, self._speaker, self._book = store, queue, speaker, book
        self._clock, self._sink = clock, sink

    def now(self, target: Target) -> tuple[UtteranceId, ...]:
        """End what is heard or prepared of *target*; the ids."""
        speaker, book = self._speaker(), self._book()
        if speaker is None or book is None:
            return ()
        gone = speaker.take_back(lambda u: meets(book, target, u.id, u.source, u.text, u.key), WITHDRAWN)
        self._tell({utterance.id: utterance.source for utterance in gone})
        return tuple(utterance.id for utterance in gone)

    def rest(self, target: Target) -> tuple[UtteranceId, ...]:
        """Take what waits of *target* out of the queue, and its texts out of the history; the ids."""
        book = self._book()
        if book is None:
            return ()
        waiting = list(self._waiting(target, book))
        gone: dict[UtteranceId, SourceName] = {}
        for start in range(0, len(waiting), PAGE):
            dropped = self._queue.drop(ids=waiting[start : start + PAGE], reason=WITHDRAWN)
            gone |= {utterance.id: utterance.source for utterance in dropped}
        self._store.forget_texts(gone, WITHDRAWN)
        past = dict(self._past(target, book))
        self._store.forget_texts(past, WITHDRAWN)
        self._tell(gone | past)
        begun = self.now(target)  # while the queue was looked through
        log.info("withdrawn", waiting=len(gone), past=len(past), begun=len(begun))
        return tuple(sorted({*gone, *past, *begun}))

    def _waiting(self, target: Target, book: RuleBook) -> Iterator[UtteranceId]:
        last = 0
        while found := self._store.since(last, PAGE):  # type: ignore[arg-type]  # before the first id
            last = found[-1].id
            yield from (u.id for u in found if meets(book, target, u.id, u.source, u.text, u.key))

    def _past(self, target: Target, book: RuleBook) -> Iterator[tuple[UtteranceId, SourceName]]:
        last = 0
        while found := self._store.ended_since(last, PAGE):  # type: ignore[arg-type]  # before the first id
            last = found[-1].id
            for one in found:
                if one.text and meets(book, target, one.id, one.source, one.text, None):
                    yield one.id, one.source

    def _tell(self, gone: dict[UtteranceId, SourceName]) -> None:
        now = self._clock.time()
        for id, source in gone.items():
            self._sink.publish(events.Withdrawn(at=now, id=id, source=source))
