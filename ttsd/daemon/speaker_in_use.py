"""The speaker in use, and the one that follows it when the outputs change: one at a time is heard.

The main thread's, but for what says otherwise; the old speaker finishes its sentence beside it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.daemon.mailbox import Died, Done
from ttsd.speech.restraint import NONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.beside import Beside
    from ttsd.daemon.mailbox import Mailbox
    from ttsd.engines.chain import Chain
    from ttsd.events import Event
    from ttsd.model import UtteranceId
    from ttsd.settings import Settings, SpeechSettings
    from ttsd.speech.flight import Now
    from ttsd.speech.players import OutputStatus
    from ttsd.speech.reading import Reading
    from ttsd.speech.restraint import Restraint
    from ttsd.speech.speaker import Speaker
    from ttsd.speech.stage import Stage


class SpeakerInUse:
    """See the module."""

    def __init__(
        self,
        make: Callable[[Settings], Speaker],
        clock: Clock,
        beside: Beside,
        mailbox: Mailbox,
        publish: Callable[[Event], None],
        free: Callable[[], None],
        *,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """*make*: a speaker as settings say, not started; *free*: the chain before this one is used no more;
        called from any thread; *prepare*: imports what `make` needs."""
        self._make, self._clock, self._beside, self._mailbox = make, clock, beside, mailbox
        self._prepare = prepare
        self._publish, self._free = publish, free
        self.speaker: Speaker | None = None
        """The one that is heard; None: not yet, and behind the end. Any thread may read it."""
        self._successor: Speaker | None = None
        self.paused = False
        """Whether `pause` is in force."""
        self._restraint = NONE
        self._restraining = threading.Lock()

    # ---- its life

    def start(self, settings: Callable[[], Settings]) -> None:
        """Begin to speak, when what that needs is imported: commands are answered meanwhile.

        *settings*: those in force then. What `make` raises ends the main thread's `then`.
        """

        def begin() -> None:
            self.speaker = self._make(settings())
            self._begin(self.speaker)

        def prepare() -> None:
            try:
                self._prepare()
            except ImportError as error:
                self._mailbox.put(Died("speaker", error))
            else:
                self._mailbox.put(Done(begin))

        self._beside.run("import-speaker", prepare)

    def stop(self, speech: SpeechSettings) -> None:
        """Finish or cut what is heard, and speak no more; idempotent."""
        speaker, self.speaker = self.speaker, None
        if speaker is not None:
            speaker.stop(finish=speech.on_stop == "finish", timeout=speech.stop_timeout)

    def succeed(self, settings: Settings, timeout: float) -> None:
        """Have a new one follow, which has the outputs of *settings*. Raises TtsdError; then nothing changes.

        The old one finishes what it says in *timeout* seconds and gives its outputs back.
        """
        old = self.speaker
        if old is None:
            return  # the first one is not made yet
        waiting, self._successor = self._successor, self._make(settings)
        if waiting is not None:
            return  # the old one is finishing already: it makes room for the newest

        def take_over() -> None:
            self.speaker, self._successor = self._successor, None
            if self.speaker is not None:
                self.speaker.inherit(old)
                self._begin(self.speaker)
            self._free()

        def retire() -> None:
            try:
                old.stop(finish=True, timeout=timeout)
            finally:  # somebody has to speak
                self._mailbox.put(Done(take_over))

        self._beside.run("retire-speaker", retire)

    # ---- what it speaks by

    def adopt(self, speech: SpeechSettings) -> None:
        """Speak by these settings from the next utterance on."""
        for speaker in self._both():
            speaker.adopt(speech)

    def use_reading(self, reading: Reading) -> None:
        """Read by these rules."""
        for speaker in self._both():
            speaker.use_reading(reading)

    def use_chain(self, chain: Chain) -> None:
        """Speak with this chain from the next utterance on."""
        for speaker in self._both():
            speaker.use_chain(chain, released=self._free)

    def set_volume(self, volume: float) -> None:
        """See Speaker."""
        for speaker in self._both():
            speaker.set_volume(volume)

    def restrain(self, restraint: Restraint) -> None:
        """See Speaker; from any thread."""
        with self._restraining:
            self._restraint = restraint
            for speaker in self._both():
                speaker.restrain(restraint)

    # ---- commands

    def pause(self, *, paused: bool) -> None:
        """Fall silent, keeping the place, or go on."""
        if self.paused == paused:
            return
        self.paused = paused
        if self.speaker is not None:
            if paused:
                self.speaker.pause()
            else:
                self.speaker.resume()
        kind = events.Paused if paused else events.Resumed
        self._publish(kind(at=self._clock.time()))

    def skip(self) -> UtteranceId | None:
        """End what is heard (or would be next) and go on; None: there was nothing."""
        return self.speaker.skip() if self.speaker else None

    def give_up(self) -> UtteranceId | None:
        """Fall silent and end what is heard; None: there was nothing. What waits is kept."""
        self.pause(paused=True)  # first: nothing begins in between
        return self.speaker.skip(heard=True) if self.speaker else None

    # ---- how it is

    @property
    def settled(self) -> bool:
        """Whether every output stands, or is known to be gone and looked for."""
        return self.speaker is not None and self.speaker.settled

    @property
    def trouble(self) -> str | None:
        """Why the queue does not move; None: it does, or there is none."""
        return self.speaker.trouble if self.speaker else None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The threads that must make progress."""
        return self.speaker.stages if self.speaker is not None else ()

    def now(self) -> Now | None:
        """What is heard."""
        return self.speaker.now if self.speaker else None

    def levels(self) -> dict[str, float]:
        """How loud each output sounds just now, in dB of full scale; empty: nothing sounds."""
        return self.speaker.levels() if self.speaker else {}

    def outputs(self) -> tuple[OutputStatus, ...]:
        """How each output is."""
        return self.speaker.outputs() if self.speaker else ()

    def _begin(self, speaker: Speaker) -> None:
        """Have it speak as all is now: it may have changed since it was made."""
        with self._restraining:
            speaker.restrain(self._restraint)
        if self.paused:
            speaker.pause()
        speaker.start()

    def _both(self) -> list[Speaker]:
        return [speaker for speaker in (self.speaker, self._successor) if speaker is not None]
