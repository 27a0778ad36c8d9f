"""The speaking pipeline as one thing: it owns the stages, and obeys skip, pause, switch and reload.

    store -> Synth -> Channel -> Player (one an output) -> Ledger -> store

Everything here may be called from any thread and returns soon; `stop` alone waits.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ttsd.errors import StoreError
from ttsd.events import DeviceChanged
from ttsd.logger import Logger
from ttsd.model import Priority, State
from ttsd.speech.channel import Channel, End
from ttsd.speech.endings import EXPIRED
from ttsd.speech.ledger import Ledger
from ttsd.speech.levels import Levels
from ttsd.speech.players import Players
from ttsd.speech.precedence import in_the_way
from ttsd.speech.stage import Stage
from ttsd.speech.synth import Synth

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.engines.chain import Chain
    from ttsd.events import Event
    from ttsd.model import Spoken, Utterance, UtteranceId
    from ttsd.settings import SpeechSettings
    from ttsd.speech.flight import Now
    from ttsd.speech.players import Outlet, OutputStatus
    from ttsd.speech.reading import Reading
    from ttsd.speech.restraint import Restraint
    from ttsd.speech.right_of_way import RightOfWay
    from ttsd.store import Store

log = Logger("ttsd.speech")

CUT_SECONDS = 1.0
"""Longest wait until a cut voice has faded and its end is recorded."""


class Speaker:
    """Speaks the queue."""

    def __init__(
        self,
        store: Store,
        chain: Chain,
        outlets: Sequence[Outlet],
        settings: SpeechSettings,
        reading: Reading,
        clock: Clock,
        *,
        publish: Callable[[Event], None],
        died: Callable[[str, BaseException], None],
        levels_path: Path | None = None,
        ended: Callable[[Spoken], None] = lambda _: None,
        announce: Callable[[], None] = lambda: None,
        way: RightOfWay | None = None,
    ) -> None:
        """*died*: told when a stage ends by a fault; *levels_path*: where the voices' loudness is kept; *announce*: tells what was queued."""
        self._lock = threading.Lock()
        """One command at a time, and choosing the next utterance is one."""
        self._store = store
        self._interrupts, self._reading = settings.interrupt, reading
        self._begin_from: int = Priority.LOW
        self._stopped = False
        self._over = threading.Event()
        """It has stopped."""
        self._hasty = threading.Event()
        """What sounds is not to be finished, whatever an earlier stop meant."""
        self._publish, self._clock = publish, clock
        self._ledger = Ledger(
            store,
            clock,
            publish,
            ended,
            returned=lambda: self._synth.wake(),  # noqa: PLW0108 - there is no synth yet
            announce=announce,
        )
        self._channel = Channel(settings.ahead)
        self._synth = Synth(
            self._ledger,
            self._channel,
            chain,
            clock,
            Levels(settings.loudness if settings.level else None, levels_path),
            reading,
            sentence_pause=settings.sentence_pause_ms / 1000,
            choosing=self._lock,
            way=way,
        )
        self._players = Players(
            outlets,
            self._channel,
            self._ledger,
            clock,
            pause=settings.pause_ms / 1000,
            expire=self._expire,
        )
        self._ledger.attend(self._players)
        notes = self._ledger.notes
        self._stages = (
            Stage(
                "synth",
                self._synth.step,
                interrupt=self._synth.stop,
                died=died,
                prod=self._synth.wake,
                waits=lambda: self._synth.waits,
            ),
            *self._players.stages(died),
            Stage("record", notes.record, interrupt=notes.stop, died=died, prod=notes.nudge),
        )

    def start(self) -> None:
        """Begin to speak."""
        for stage in self._stages:
            stage.start()

    # ---- commands

    def wake(self) -> None:
        """There is something new in the queue: it may be more urgent than what is under way. Raises StoreError."""
        with self._lock:
            flying = self._ledger.flying()
            top = self._store.next(exclude=[u.id for u in flying]) if flying else None
            early, hindering = in_the_way(flying, top)
            self._withdraw({one.id for one in early})
            if self._begin_from <= Priority.URGENT:
                for one in hindering:
                    self._interrupt(one)
        self._synth.wake()

    @contextmanager
    def editing(self, which: Callable[[Utterance], bool]) -> Iterator[tuple[UtteranceId, ...]]:
        """Within it the queue may be edited: nothing of *which* is prepared, and nothing is chosen.

        Gives the ids of all that is on its way nevertheless, begun or about to end: not to be touched.
        """
        with self._lock:
            wanted = {u.id for u in self._ledger.flying() if which(u)}
            gone = self._channel.withdraw(lambda id: id in wanted)
            self._synth.abandon(gone)
            try:
                yield tuple(self._store.in_flight.difference(gone))
            finally:
                self._ledger.release(gone)
        self._synth.wake()

    def rethink(self) -> None:
        """The queue's order has changed: what was prepared and not begun is chosen anew."""
        with self._lock:
            self._withdraw()
        self._synth.wake()

    def use_reading(self, reading: Reading) -> None:
        """Read by other rules from the next utterance on; what was prepared is read anew."""
        self._reading = reading
        self._synth.use_reading(reading)
        self.rethink()

    def adopt(self, settings: SpeechSettings) -> None:
        """Speak as *settings* say from the next utterance on; what sounds sounds on."""
        with self._lock:
            self._interrupts = settings.interrupt
            self._channel.set_ahead(settings.ahead)
            self._synth.adopt(settings)
            self._players.set_pause(settings.pause_ms / 1000)
            self._withdraw()
        self._synth.wake()

    def inherit(self, other: Speaker) -> None:
        """Go on where *other*, which was stopped, was cut."""
        self._ledger.inherit(other._ledger)

    def skip(self, *, heard: bool = False) -> UtteranceId | None:
        """End what is heard (or, unless *heard*, would be heard next) and go on; None: there was nothing."""
        with self._lock:
            for utterance in self._ledger.unfinished():
                if heard and not self._ledger.began(utterance.id):
                    continue
                if self._cut(utterance, State.SKIPPED, "skipped"):
                    return utterance.id
        return None

    def take_back(self, which: Callable[[Utterance], bool], reason: str) -> tuple[Utterance, ...]:
        """End what of *which* is on its way, heard or not; its text is kept nowhere. Returns all of it."""
        with self._lock:
            gone = tuple(filter(which, self._ledger.flying(ending=True)))
            for utterance in gone:
                self._ledger.take_back(utterance.id, reason)
                self._cut(utterance, State.DROPPED, reason)
        return gone

    def pause(self) -> None:
        """Fall silent; what is heard keeps its place."""
        self._players.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self._players.resume()

    def restrain(self, restraint: Restraint) -> None:
        """Hold back so far; what sounds goes on, if without a sound, unless something urgent waited for this."""
        freed = restraint.begin_from < self._begin_from
        self._begin_from = restraint.begin_from
        self._channel.begin_from(restraint.begin_from)
        self._players.sound_from(restraint.sound_from)
        if freed:
            try:
                self.wake()
            except StoreError as error:  # the synthesis meets the same trouble and tells
                log.warning("cannot_look_at_the_queue", error=str(error))

    def set_volume(self, volume: float) -> None:
        """*volume*: a factor, 1.0 as synthesised, 0.0 mute; reached by a ramp."""
        self._players.set_volume(volume)

    def use_chain(self, chain: Chain, released: Callable[[], None] = lambda: None) -> None:
        """Speak with *chain* from the next utterance on; *released* is called when the old one is free.

        What was synthesised ahead with the old chain is made again with the new one.
        """
        with self._lock:
            self._synth.use_chain(chain, released)
            self._withdraw()

    def stop(self, *, finish: bool, timeout: float) -> None:
        """End speaking; idempotent. What is heard is finished in *timeout* seconds, or cut and queued again.

        Not to finish holds for a stop that is under way in another thread, too; both end together.
        """
        if not finish:
            self._hasty.set()
            self._ledger.hurry()
        with self._lock:
            first, self._stopped = not self._stopped, True
        if not first:
            self._over.wait()
            return
        try:
            self._stop(finish=finish, timeout=timeout)
        finally:
            self._over.set()

    def _stop(self, *, finish: bool, timeout: float) -> None:
        self._channel.hold()
        self._synth.hold()
        with self._lock:
            self._withdraw()
        if finish and not self._players.paused and self._players.well:
            self._ledger.wait_until_landed(timeout, unless=self._hasty)
        with self._lock:
            for utterance in self._ledger.flying():
                self._cut(utterance, State.QUEUED, "stopped", resume=True)
        if self._ledger.wait_until_landed(CUT_SECONDS):
            self._channel.wait_until_empty(CUT_SECONDS)  # outputs that nobody waits for note their ends, too
        self._channel.close()
        for stage in self._stages:
            stage.stop()
        for player in self._players:
            player.close()
            closed = DeviceChanged(at=self._clock.time(), output=player.output.name, state="closed")
            self._publish(closed)
        self._ledger.drain()

    # ---- what it does

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Its threads, which must make progress."""
        return self._stages

    @property
    def settled(self) -> bool:
        """Whether every output stands, or is known to be gone and looked for."""
        return self._players.settled

    @property
    def now(self) -> Now | None:
        """What is heard; None: nothing."""
        return self._ledger.now

    @property
    def paused(self) -> bool:
        """Whether `pause` is in force."""
        return self._players.paused

    @property
    def trouble(self) -> str | None:
        """Why the queue does not move; None: it does, or there is none."""
        return self._synth.trouble or (str(error) if (error := self._ledger.notes.error) else None)

    def levels(self) -> dict[str, float]:
        """How loud each output sounds just now, in dB of full scale; empty: nothing sounds."""
        if self.now is None or self._players.paused:
            return {}
        return self._players.levels()

    def outputs(self) -> tuple[OutputStatus, ...]:
        """How each output is."""
        return self._players.statuses()

    # ---- inside

    def _cut(self, utterance: Utterance, state: State, reason: str, *, resume: bool = False) -> bool:
        """End *utterance* at once; False: it is over already, or not yet on its way."""
        if not (self._channel.knows(utterance.id) or self._ledger.began(utterance.id)):
            return False
        spoken = self._ledger.cut(utterance, state, reason, resume=resume)
        if spoken is None:
            return False
        self._channel.cut(End(spoken))
        self._synth.abandon({utterance.id})
        self._players.fade_out(spoken)
        return True

    def _interrupt(self, utterance: Utterance) -> None:
        match self._reading.interrupts(utterance.source) or self._interrupts:
            case "resume" | "queue" as how:
                self._cut(utterance, State.QUEUED, "interrupted", resume=how == "resume")
            case "drop":
                self._cut(utterance, State.DROPPED, "interrupted by something urgent")

    def _expire(self, utterance: Utterance) -> None:
        """Its turn came too late; from an output's thread."""
        with self._lock:
            gone = self._channel.withdraw(lambda id: id == utterance.id)
            for _ in gone:  # else another output has begun it
                self._ledger.settle(self._ledger.unspoken(utterance, State.EXPIRED, EXPIRED))
            self._synth.abandon(gone)

    def _withdraw(self, ids: Collection[UtteranceId] | None = None) -> None:
        gone = self._channel.withdraw(lambda id: ids is None or id in ids)
        self._ledger.release(gone)
        self._synth.abandon(gone)
