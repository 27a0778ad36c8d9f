"""Utterances lent to who speaks them elsewhere: nobody here speaks them meanwhile.

Invariants: what is lent stays `queued` in the store until it was heard, so a crash loses nothing; it is
chosen by nobody else until it comes back; what was heard counts as spoken, with one begin and one end.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.errors import IllegalTransition, UnknownUtterance
from ttsd.logger import Logger
from ttsd.model import Spoken, State
from ttsd.speech.endings import EXPIRED, end_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.commands import Return
    from ttsd.daemon.audience import EventSink
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.model import SourceName, Utterance, UtteranceId
    from ttsd.speech.speaker import Speaker
    from ttsd.store import Store

log = Logger("ttsd.queue")


class Lending:
    """What is lent. The main thread's; all methods may raise StoreError."""

    def __init__(
        self,
        store: Store,
        speaker: Callable[[], Speaker | None],
        clock: Clock,
        sink: EventSink,
        queue: WaitingList,
        ended: Callable[[Spoken], None],
        wake: Callable[[], None],
    ) -> None:
        """*speaker*: the one in use; *ended*: told what was spoken elsewhere; *wake*: something may be spoken
        again."""
        self._store, self._speaker, self._clock = store, speaker, clock
        self._sink, self._queue, self._ended, self._wake = sink, queue, ended, wake
        self._lent: dict[UtteranceId, Utterance] = {}

    def borrow(self, source: SourceName) -> Utterance | None:
        """The next of *source* that does not sound already, out of everybody's hands; None: there is none."""
        speaker = self._speaker()
        meets = lambda utterance: utterance.source == source  # noqa: E731 - said where it is used
        with speaker.editing(meets) if speaker else nullcontext(()) as under_way:
            while (
                found := self._store.first_of(source, exclude={*under_way, *self._store.lent})
            ) is not None:
                if found.expires_at is not None and found.expires_at <= self._clock.time():
                    expired = self._how(found, State.EXPIRED, reason=EXPIRED)
                    self._store.finish(expired)
                    self._tell(expired, began=False)
                    continue
                self._store.lent.add(found.id)
                self._lent[found.id] = found
                break
        return found

    def take_back(self, told: Return) -> None:
        """What became of it. Raises UnknownUtterance for what was not lent."""
        utterance = self._lent.pop(told.id, None)
        if utterance is None:
            raise UnknownUtterance(f"the utterance {told.id} was not lent")
        try:
            if told.spoken:
                self._spoken(utterance, told)
            elif told.reason is not None:
                self._queue.drop(ids=[told.id], reason=told.reason)
        except IllegalTransition:
            log.info("dropped_while_lent", id=told.id)
        finally:
            self._store.lent.discard(told.id)
            self._wake()

    def _spoken(self, utterance: Utterance, told: Return) -> None:
        spoken = replace(
            self._how(utterance, State.SPOKEN), engine=told.engine, voice=told.voice, seconds=told.seconds
        )
        self._store.begin(utterance.id)
        self._store.finish(spoken)
        self._sink.publish(
            events.Begin(
                at=spoken.ended_at,
                id=utterance.id,
                source=utterance.source,
                text=utterance.text,
                engine=told.engine,
                voice=told.voice,
            )
        )
        self._tell(spoken, began=True)
        log.info("spoken_elsewhere", id=spoken.id, engine=told.engine, seconds=round(told.seconds, 2))

    def _how(self, utterance: Utterance, state: State, reason: str | None = None) -> Spoken:
        return Spoken(
            *(utterance.id, utterance.text, utterance.source, state, None, None),
            queued_at=utterance.queued_at,
            ended_at=self._clock.time(),
            reason=reason,
        )

    def _tell(self, spoken: Spoken, *, began: bool) -> None:
        for event in end_events(spoken, began=began):
            self._sink.publish(event)
        self._ended(spoken)
