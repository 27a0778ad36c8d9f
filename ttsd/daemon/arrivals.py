"""What has come into the queue, looked at before its turn: lines that are urgent, that withdraw others, or
that come while nothing is accepted.

Called by whoever committed something, after every commit; where no rule asks for it, nothing is read.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ttsd.model import Priority, UtteranceId
from ttsd.speech.arrival import arrival
from ttsd.text.withdraw import WITHDRAWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ttsd.daemon.restraints import Restraints
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.model import Utterance
    from ttsd.speech.speaker import Speaker
    from ttsd.store import Store
    from ttsd.text.rules import RuleBook
    from ttsd.text.withdraw import Target

PAGE = 500
"""Utterances looked at in one go."""


class Arrivals:
    """See the module. Any thread may call `look`, which may raise StoreError."""

    def __init__(
        self,
        store: Store,
        queue: WaitingList,
        speaker: Callable[[], Speaker | None],
        book: Callable[[], RuleBook | None],
        restraints: Restraints,
        withdraw: Callable[[Target], None],
    ) -> None:
        """*book*: the rules in force; *withdraw*: takes messages back, soon."""
        self._store, self._queue, self._speaker, self._book = store, queue, speaker, book
        self._restraints, self._withdraw = restraints, withdraw
        self._lock = threading.Lock()
        self._known = store.last_id()
        """What was there before this started: it has arrived already."""
        self._seen = UtteranceId(0)

    def look(self) -> None:
        """Look at what has come since the last time."""
        with self._lock:
            book = self._book()
            if book is None:
                return
            if not book.minds_arrivals and self._restraints.accept_from == Priority.LOW:
                self._seen = self._store.last_id()
                return
            while found := self._store.since(self._seen, PAGE):
                self._seen = found[-1].id
                self._look_at(found, book)

    def _look_at(self, found: Sequence[Utterance], book: RuleBook) -> None:
        unwanted: list[UtteranceId] = []
        tellers: list[UtteranceId] = []
        moved: dict[UtteranceId, Priority] = {}
        for utterance in found:
            means = arrival(book, utterance)
            priority = utterance.priority if means.priority is None else means.priority
            if means.withdraws is not None:
                self._withdraw(means.withdraws)
                tellers.append(utterance.id)
            elif priority < self._restraints.accept_from and utterance.id > self._known:
                unwanted.append(utterance.id)
            elif means.priority is not None:
                moved[utterance.id] = means.priority
        if tellers:
            self._queue.drop(ids=tellers, reason=WITHDRAWS)
        if unwanted:
            self._queue.drop(ids=unwanted, reason=self._restraints.why_dropped)
        if moved:
            self._prioritize(moved)

    def _prioritize(self, moved: dict[UtteranceId, Priority]) -> None:
        speaker = self._speaker()
        with speaker.editing(lambda u: u.id in moved) if speaker else nullcontext(()) as under_way:
            self._store.prioritize({id: p for id, p in moved.items() if id not in under_way})
