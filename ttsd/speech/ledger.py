"""The ledger: which utterances are in flight, what was heard of them, and what the store is told.

Invariants
- An utterance is in flight from its claim until the store knows its end (or until it is released):
  so it is never claimed twice, however slow or full the disk is.
- `speaking` is written when its first sample was heard, its end when every required output has let
  its last sample be heard.
- Outputs only leave notes; the store is written by the thread that records them.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from ttsd import events
from ttsd.errors import IllegalTransition, UnknownUtterance
from ttsd.logger import Logger
from ttsd.model import Priority, Spoken, State
from ttsd.speech.channel import End, SentenceStart
from ttsd.speech.endings import EXPIRED, end_events
from ttsd.speech.flight import Flight, Now
from ttsd.speech.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ttsd.clock import Clock
    from ttsd.model import Utterance, UtteranceId
    from ttsd.speech.marks import Mark, Word
    from ttsd.speech.play import Player
    from ttsd.store import Store

log = Logger("ttsd.speech")

LATE_SECONDS = 0.02
"""A note that is not recorded after this time is waited for, even by a device: a commit takes a tenth of it."""
MOST_FLYING = 64
"""Utterances on their way at a time: those without a sound (filtered, too old) take no room in the channel."""
MOST_RESUMED = 100
"""Interrupted utterances whose place is remembered; another begins anew."""


class Ledger:
    """Claims utterances for synthesis and records what became of them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        publish: Callable[[events.Event], None],
        ended: Callable[[Spoken], None] = lambda _: None,
        returned: Callable[[], None] = lambda: None,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """*publish*: gets every event; *ended*: is told of every end, after the store; *returned*: when there is
        something to claim again; *announce*: tells what was queued, before more is told of it."""
        self._store, self._clock, self._publish, self._ended = store, clock, publish, ended
        self._returned, self._announce = returned, announce
        self._lock = threading.Lock()
        self._landed = threading.Condition(self._lock)
        self._flights: dict[UtteranceId, Flight] = {}
        self._resume_at: dict[UtteranceId, int] = {}
        """Where interrupted utterances go on; entries leave when they are claimed again."""
        self.notes = Notes(clock, self._nudge_players)
        self._players: tuple[Player, ...] = ()
        self.now: Now | None = None
        """What is heard now; replaced as a whole, so any thread may read it."""

    # ---- claims, from the synthesis thread

    def claim(self) -> Utterance | None:
        """The next utterance worth speaking, now in flight; None: nothing waits. Raises StoreError."""
        while True:
            if self.notes.error is not None:
                raise self.notes.error  # what cannot be recorded would be spoken again after a crash
            with self._lock:
                flying = tuple(self._flights)
                returning = [f.utterance.priority for f in self._flights.values() if f.returns]
            if len(flying) >= MOST_FLYING:
                return None  # `returned` tells when there is room
            utterance = self._store.take(exclude=flying)
            if utterance is None:
                return None
            if any(priority >= utterance.priority for priority in returning):
                self._store.in_flight.discard(utterance.id)
                return None  # what was interrupted goes on before its equals: `returned` tells when
            self._announce()
            with self._lock:
                first = self._resume_at.pop(utterance.id, 0)
                self._flights[utterance.id] = Flight(utterance, first=first)
            if utterance.expires_at is not None and utterance.expires_at <= self._clock.time():
                self.settle(self.unspoken(utterance, State.EXPIRED, EXPIRED))
            elif utterance.priority is Priority.LOW and flying:
                self.settle(
                    self.unspoken(utterance, State.DROPPED, "of low priority, and something else waited")
                )
            else:
                return utterance

    def release(self, ids: Collection[UtteranceId]) -> None:
        """These were withdrawn before anything was heard of them: they wait in the queue again."""
        with self._landed:
            for id in ids:
                flight = self._flights.get(id)
                if flight is not None and flight.first:
                    self._go_on_at(id, flight.first)
                self._land(id)

    def settle(self, spoken: Spoken) -> None:
        """An utterance in flight ended without reaching an output."""
        self.notes.put(partial(self._finish, spoken))

    def unspoken(self, utterance: Utterance, state: State, reason: str) -> Spoken:
        """How an utterance ends of which nothing (more) is to be heard."""
        with self._lock:
            flight = self._flights.get(utterance.id)
        start = flight.sentence if flight else None
        return Spoken(
            id=utterance.id,
            text=utterance.text,
            source=utterance.source,
            state=state,
            engine=start.engine if start else None,
            voice=start.voice if start else None,
            queued_at=utterance.queued_at,
            ended_at=self._clock.time(),
            reason=reason,
        )

    # ---- from any thread

    def flying(self, *, ending: bool = False) -> tuple[Utterance, ...]:
        """Utterances in flight whose end is open, oldest claim first. *ending*: all that are in flight."""
        with self._lock:
            flights = self._flights.values()
            return tuple(f.utterance for f in flights if ending or (f.waiting_for is None and f.cut is None))

    def unfinished(self) -> tuple[Utterance, ...]:
        """The same, and what has ended on some of the outputs that speech waits for, but not on all."""
        with self._lock:
            return tuple(f.utterance for f in self._flights.values() if f.cut is None and not f.ended)

    def began(self, id: UtteranceId) -> bool:
        """Whether something of it was heard."""
        with self._lock:
            flight = self._flights.get(id)
            return flight is not None and flight.began is not None

    def first_sentence(self, id: UtteranceId) -> int:
        """Index of the sentence with which an utterance in flight begins: more than 0 if it was interrupted."""
        with self._lock:
            return self._flights[id].first if id in self._flights else 0

    def cut(self, utterance: Utterance, state: State, reason: str, *, resume: bool = False) -> Spoken | None:
        """Decide its end; returns how it ends, or None if that is decided already. What some output has let
        be heard to its end is not queued again.

        *resume*: queued again, it goes on with the sentence that was heard last, not with its first.
        """
        spoken = self.unspoken(utterance, state, reason)
        with self._lock:
            flight = self._flights.get(utterance.id)
            if flight is None or flight.cut is not None or flight.ended:
                return None
            if flight.waiting_for is not None and state is State.QUEUED:
                return None
            flight.cut = spoken
            if resume:
                self._go_on_at(utterance.id, flight.sentence.index if flight.sentence else flight.first)
        return spoken

    def take_back(self, id: UtteranceId, reason: str) -> None:
        """Whatever its end, its text is not kept, and it is not queued again."""
        with self._lock:
            if id in self._flights:
                self._flights[id].taken_back = reason

    def wait_until_landed(self, timeout: float, *, unless: threading.Event | None = None) -> bool:
        """Wait until nothing is in flight; False: something is after *timeout* seconds, or *unless* is set."""
        with self._landed:
            return self._landed.wait_for(
                lambda: not self._flights or (unless is not None and unless.is_set()), timeout
            )

    def hurry(self) -> None:
        """Look at `unless` again."""
        with self._landed:
            self._landed.notify_all()

    def inherit(self, other: Ledger) -> None:
        """What was interrupted in *other*, which is over, goes on here where it was."""
        with self._lock:
            self._resume_at.update(other._resume_at)

    def drain(self) -> None:
        """Record the notes that are left; what never came to its end ends as decided, or is queued again.

        Nobody else steps.
        """
        while self.notes.step(timeout=0):
            pass
        for flight in tuple(self._flights.values()):
            self.settle(flight.cut or self.unspoken(flight.utterance, State.QUEUED, "stopped"))
        while self.notes.step(timeout=0):
            pass

    # ---- notes, from the outputs' threads

    def attend(self, players: Iterable[Player]) -> None:
        """From now on an utterance has ended when all of these that are required have reported it."""
        self._players = tuple(players)

    def written(self, player: Player, id: UtteranceId, at: float) -> None:
        """See `Listener`."""
        self.notes.put(partial(self._was_written, player, id, at))

    def heard(self, player: Player, mark: Mark, at: float) -> None:
        """See `Listener`."""
        match mark:
            case SentenceStart():
                note = partial(self._said, player, mark, at)
            case End():
                note = partial(self._end, player, mark.spoken)
            case _:
                note = partial(self._word, player, mark, at)
        self.notes.put(note, sounded=mark.spoken.id if isinstance(mark, End) else mark.id)

    def may_begin(self, player: Player, id: UtteranceId) -> bool:
        """See `Listener`. A device is not made to wait for a note that is just being recorded: it would be
        heard as a longer pause. Nobody hears a file wait."""
        return self.notes.are_kept(LATE_SECONDS if player.output.live else 0.0, but=id)

    def _nudge_players(self) -> None:
        for player in self._players:
            player.nudge()

    def changed(self, player: Player, state: Literal["open", "changed", "lost"], detail: str) -> None:
        """See `Listener`."""
        at = self._clock.time()
        change = events.DeviceChanged(at=at, output=player.output.name, state=state, detail=detail)
        self.notes.put(partial(self._output_changed, change))

    # ---- the recording thread

    def _was_written(self, player: Player, id: UtteranceId, at: float) -> None:
        if id in self._flights:
            self._flights[id].written.setdefault(player, at)

    def _said(self, player: Player, start: SentenceStart, at: float) -> None:
        flight = self._flights.get(start.id)
        if flight is None or flight.taken_back is not None:
            return  # withdrawn meanwhile: nothing more is told of it
        if player is not (flight.lead or player) or not self._may_lead(player):
            return  # another output leads
        utterance = flight.utterance
        if flight.state is State.QUEUED:
            try:
                self._store.begin(start.id)
            except (IllegalTransition, UnknownUtterance) as error:
                log.error("ended_already", id=start.id, error=str(error))
                return
            flight.state, flight.lead, flight.began = State.SPEAKING, player, at
            log.info("speaking", id=start.id, source=utterance.source, engine=start.engine, voice=start.voice)
            log.debug("speaking_text", id=start.id, text=utterance.text)
            self._tell(
                flight,
                events.Begin(
                    at=at,
                    id=start.id,
                    source=utterance.source,
                    text=utterance.text,
                    engine=start.engine,
                    voice=start.voice,
                ),
            )
        flight.sentence = start
        self.now = Now(utterance, start.engine, start.voice, start.index, start.text, flight.began or at)
        self._tell(
            flight,
            events.SentenceBegin(at=at, id=start.id, index=start.index, text=start.text, engine=start.engine),
        )

    def _may_lead(self, player: Player) -> bool:
        """Whether what *player* lets be heard is what people hear: a file is written ahead of the device."""
        return player.output.live or not any(other.output.live and not other.error for other in self._players)

    def _word(self, player: Player, mark: Word, at: float) -> None:
        flight = self._flights.get(mark.id)
        if flight is None or flight.lead is not player or flight.sentence is None:
            return
        self._tell(
            flight,
            events.Word(
                at=at,
                id=mark.id,
                sentence=flight.sentence.index,
                text=mark.word.text,
                start=mark.word.start,
                end=mark.word.end,
            ),
        )

    def _tell(self, flight: Flight, event: events.Event) -> None:
        """Publish what was heard, unless it was taken back, be it this moment: that is told last of all."""
        with self._lock:
            if flight.taken_back is None:
                self._publish(event)

    def _end(self, player: Player, spoken: Spoken) -> None:
        flight = self._flights.get(spoken.id)
        required = {player for player in self._players if player.required}
        if flight is None or (required and player not in required):
            return  # who has it before those that speech waits for ends it for nobody
        if flight.waiting_for is None:
            flight.waiting_for = required
        flight.waiting_for.discard(player)
        if not flight.waiting_for:
            self._finish(spoken)

    def _finish(self, spoken: Spoken) -> None:
        flight = self._flights.get(spoken.id)
        if flight is None:
            return
        spoken = replace(spoken, trace={**spoken.trace, **flight.heard(spoken.ended_at)})
        if flight.taken_back is not None:
            state = State.DROPPED if spoken.state is State.QUEUED else spoken.state
            spoken = replace(spoken, text="", state=state, reason=flight.taken_back)
        try:
            self._write_down(flight, spoken)
        except (IllegalTransition, UnknownUtterance) as error:  # somebody edits the database: go on
            log.error("ended_already", id=spoken.id, error=str(error))
        if self.now is not None and self.now.utterance.id == spoken.id:
            self.now = None
        log.info(
            str(spoken.state),
            id=spoken.id,
            source=spoken.source,
            engine=spoken.engine,
            seconds=round(spoken.seconds, 3),
            reason=spoken.reason,
        )
        for event in end_events(spoken, began=flight.began is not None):
            self._publish(event)
        self._ended(spoken)
        with self._landed:
            full = len(self._flights) >= MOST_FLYING
            self._land(spoken.id)
        if full or spoken.state is State.QUEUED:
            self._returned()

    def _write_down(self, flight: Flight, spoken: Spoken) -> None:
        """Tell the store how it ended. Raises StoreError, IllegalTransition."""
        if spoken.state is State.SPOKEN and flight.state is State.QUEUED:  # there was no sound in it
            self._store.begin(spoken.id)
            flight.state = State.SPEAKING  # stands even if the next note to the store is refused
        if spoken.state is not State.QUEUED:
            self._store.finish(spoken)
        elif flight.state is State.SPEAKING:
            self._store.requeue(spoken.id)

    def _land(self, id: UtteranceId) -> None:
        """It is in flight no more; under the lock."""
        self._flights.pop(id, None)
        self._store.in_flight.discard(id)
        self._landed.notify_all()

    def _go_on_at(self, id: UtteranceId, sentence: int) -> None:
        """Where it begins when it is claimed again; under the lock."""
        self._resume_at[id] = sentence
        if len(self._resume_at) > MOST_RESUMED:  # the oldest one was dropped from the queue long ago
            self._resume_at.pop(next(iter(self._resume_at)))

    def _output_changed(self, change: events.DeviceChanged) -> None:
        match change.state:
            case "lost":
                log.warning("output_lost", output=change.output, error=change.detail)
            case "changed":
                log.info("output_changed", output=change.output, device=change.detail)
            case _:
                log.info("output_open", output=change.output, device=change.detail)
        self._publish(change)
