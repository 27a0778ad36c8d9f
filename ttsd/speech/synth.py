"""Synthesis ahead of playing: next utterance -> sentences -> chain -> channel.

Invariants
- Nothing here changes the database for an utterance that can be spoken: until its first sample is
  heard it is `queued`, and what was synthesised ahead can be thrown away and made again.
- An utterance enters the channel with one `Begin` and leaves it with one `End`, whatever happens.
- A sentence that no engine can speak just now (none installed, all resting) waits. One that engines
  were tried on `ATTEMPTS` times in vain fails its utterance, but never two in a row: then the engines
  are at fault, and the queue waits for them.

One thread calls `step`; `wake`, `abandon`, `use_chain`, `hold` and `stop` may be used from any.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ttsd.engines.chain import ChainFailed
from ttsd.engines.engine import Request
from ttsd.errors import EngineCancelled, EngineError, StoreError
from ttsd.logger import Logger
from ttsd.model import Chunk, Priority, State
from ttsd.speech.channel import Begin, End, SentenceStart, Sound
from ttsd.speech.convert import Converters
from ttsd.speech.earcons import sound_of
from ttsd.speech.finish import Finish
from ttsd.speech.reading import Reading, Refusal
from ttsd.speech.right_of_way import RightOfWay
from ttsd.speech.script import Script

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ttsd.clock import Clock
    from ttsd.engines.chain import Chain, Heard
    from ttsd.model import EngineName, Samples, Utterance, UtteranceId, WordTime
    from ttsd.settings import SpeechSettings
    from ttsd.speech.channel import Channel, Item
    from ttsd.speech.ledger import Ledger
    from ttsd.speech.levels import Levels

log = Logger("ttsd.speech")

ATTEMPTS = 3
"""Tries at a sentence before its utterance fails."""
STOPPING_SECONDS = 0.03
"""How long something urgent waits for an engine to stop what it interrupts, before another one speaks."""
RETRY_SECONDS = 1.0
"""Wait before a sentence is tried again, and before a store that failed is asked again."""


class _WithdrawnError(Exception):
    """The utterance left the channel while it was being made."""


@dataclass(slots=True)
class _Work:
    """The utterance being synthesised."""

    utterance: Utterance
    chain: Chain
    """The same for the whole utterance: a voice does not change between two sentences."""
    rate: int = 0
    """Of the last sound; 0: there was none."""
    seconds: float = 0.0
    engine: EngineName | None = None
    voice: str | None = None
    words: tuple[WordTime, ...] = ()
    """Known before the sound that they belong to."""
    trace: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.trace = {"committed": self.utterance.queued_at}
        if self.utterance.appended_at is not None:
            self.trace = {"appended": self.utterance.appended_at, **self.trace}


class Synth:
    """Turns claimed utterances into items of the channel."""

    def __init__(
        self,
        ledger: Ledger,
        channel: Channel,
        chain: Chain,
        clock: Clock,
        levels: Levels,
        reading: Reading,
        *,
        sentence_pause: float,
        choosing: threading.Lock | None = None,
        way: RightOfWay | None = None,
    ) -> None:
        """*sentence_pause*: seconds of silence between two sentences; *choosing*: held while the next
        utterance is chosen, so that who holds it sees it in the queue or in the channel; *way*: taken
        while an engine works, so that others wait."""
        self._way = way or RightOfWay()
        self._choosing = choosing or threading.Lock()
        self._reading = reading
        self._chain = chain
        self._sentence_pause = sentence_pause
        self.trouble: str | None = None
        """Why nothing can be synthesised just now; None: all is well."""
        self._converters = Converters(clock)
        self._ledger, self._channel, self._clock, self._levels = ledger, channel, clock, levels
        self._poke = threading.Event()
        self._held = False
        self._lock = threading.Lock()
        """So that a cancel reaches the work that it is meant for."""
        self._work: _Work | None = None
        self._worked = True
        """A sentence was spoken since the last one that was given up."""
        self._released: list[Callable[[], None]] = []
        self.waits = False
        """Whether it waits for an engine (which has time-outs), for room in the channel or for the next try."""

    # ---- from any thread

    def wake(self) -> None:
        """Something changed that may let an utterance be spoken: the queue, the chain, the store."""
        self._poke.set()

    def abandon(self, ids: Collection[UtteranceId]) -> None:
        """These left the channel; if one of them is being made, stop making it."""
        with self._lock:
            if self._work is not None and self._work.utterance.id in ids:
                self._work.chain.cancel()
                self._converters.cancel()
        self.wake()

    def use_chain(self, chain: Chain, released: Callable[[], None]) -> None:
        """The next utterance is spoken with *chain*; *released* is called when the old one is free."""
        with self._lock:
            self._chain = chain
            self._released.append(released)
        self.wake()

    def use_reading(self, reading: Reading) -> None:
        """The next utterance is read by these rules."""
        self._reading = reading

    def adopt(self, settings: SpeechSettings) -> None:
        """Pause and loudness of the sentences from now on."""
        self._sentence_pause = settings.sentence_pause_ms / 1000
        self._levels.target = settings.loudness if settings.level else None

    def hold(self) -> None:
        """Claim nothing more; what is being made is made to its end. The channel must be held first."""
        self._held = True
        self.wake()

    def stop(self) -> None:
        """Make the running `step` return soon. The channel must be closed first."""
        self.hold()
        with self._lock:
            if self._work is not None:
                self._work.chain.cancel()
                self._converters.cancel()

    # ---- the thread's side

    def step(self) -> None:
        """Synthesise one utterance, or wait for one."""
        self._poke.clear()
        self._let_go()
        if self._held:
            self._poke.wait()
            return
        try:
            work = self._begin()
        except StoreError as error:
            self._trouble(str(error))
            self._poke.wait(RETRY_SECONDS)
            return
        if work is None:
            self._poke.wait()
            return
        try:
            self._synthesize(work)
        except _WithdrawnError:
            log.debug("withdrawn", id=work.utterance.id)
        finally:
            with self._lock:
                self._work = None

    def _begin(self) -> _Work | None:
        """Choose the next utterance; None: there is none. Raises StoreError."""
        with self._choosing:
            utterance = self._ledger.claim()
            if utterance is None:
                return None
            work = _Work(utterance, self._chain)
            with self._lock:
                self._work = work
            if self._channel.put(Begin(utterance)):
                return work
            self._ledger.release([utterance.id])  # it stops
            return None

    def _let_go(self) -> None:
        with self._lock:
            released, self._released = self._released, []
        for callback in released:
            callback()

    def _synthesize(self, work: _Work) -> None:
        utterance = work.utterance
        end = self._ledger.unspoken(utterance, State.SPOKEN, "")
        state, reason = State.SPOKEN, None
        try:
            match self._reading.read(utterance):
                case Refusal(state=refused, reason=why):
                    state, reason = refused, why
                case Script() as script:
                    self._speak(work, script)
        except EngineError as error:
            log.error("cannot_speak", id=utterance.id, error=str(error))
            state, reason = State.FAILED, str(error)
        self._put(
            End(
                replace(
                    end,
                    state=state,
                    reason=reason,
                    engine=work.engine,
                    voice=work.voice,
                    seconds=work.seconds,
                    trace=work.trace,
                )
            )
        )

    def _speak(self, work: _Work, script: Script) -> None:
        first = min(self._ledger.first_sentence(work.utterance.id), len(script.sentences) - 1)
        for index, sentence in enumerate(script.sentences[first:], first):
            earcon = sound_of(sentence, work.rate)
            if earcon is not None:
                sound, work.rate = earcon
                self._put_sound(work, sound)
            else:
                self._persist(work, script, index, sentence)

    def _persist(self, work: _Work, script: Script, index: int, sentence: str) -> None:
        """Have a sentence spoken, trying again for as long as that makes sense. Raises EngineRefused."""
        attempts = 0
        while True:
            if not self._channel.wants(work.utterance.id):
                raise _WithdrawnError
            try:
                self._say(work, script, index, sentence)
            except EngineCancelled as cancelled:
                raise _WithdrawnError from cancelled
            except ChainFailed as error:
                self._trouble(str(error))
                attempts += error.tried
                # Is it the sentence or the engines? If others were spoken meanwhile, it is the sentence.
                if attempts >= ATTEMPTS and self._worked:
                    self._worked = False
                    raise
                sentence = error.rest
                self._poke.clear()
                with self._waiting():
                    self._poke.wait(max(RETRY_SECONDS, error.retry_in))
                work.chain = self._chain
            else:
                self._worked = True
                self._trouble(None)
                return

    def _say(self, work: _Work, script: Script, index: int, sentence: str) -> None:
        request = Request(sentence, voice=script.voice, language=script.language)
        finish: Finish | None = None

        def adapt(request: Request, engine: EngineName) -> Request:
            adapted = script.adapt(request, engine)
            work.trace.setdefault("requested", self._clock.time())
            return adapted

        with (
            closing(work.chain.speak(request, self._first(work, script), adapt=adapt)) as spoken,
            closing(
                self._converters.converted(
                    spoken, work.chain.conversion(script.voice), script.voice, work.trace
                )
            ) as pieces,
        ):
            for heard in self._patiently(pieces):
                chunk = heard.chunk
                work.trace.setdefault("first_chunk", self._clock.time())
                if finish is not None and not finish.fits(heard):  # another engine took over
                    self._put_sound(work, finish.flush())
                    finish = None
                if finish is None:
                    finish = Finish(heard, self._levels, script.gain)
                    work.rate = chunk.rate
                    self._start(work, index, sentence, heard)
                self._put_sound(work, finish.push(chunk.samples), finish.shifted(chunk.words))
        if finish is not None:
            self._put_sound(work, finish.flush())

    def _first(self, work: _Work, script: Script) -> EngineName | None:
        """The engine to try before the chain: what is urgent does not wait for one that does not stop."""
        if script.engine is not None or work.utterance.priority is not Priority.URGENT:
            return script.engine
        return work.chain.deputy(STOPPING_SECONDS)

    def _start(self, work: _Work, index: int, sentence: str, heard: Heard) -> None:
        pause = self._sentence_pause if work.seconds else 0.0
        work.seconds += pause
        work.engine, work.voice, work.words = heard.engine, heard.voice, ()
        self._put(SentenceStart(work.utterance.id, index, sentence, heard.engine, heard.voice, pause))

    def _put_sound(self, work: _Work, samples: Samples, words: tuple[WordTime, ...] = ()) -> None:
        work.words += words
        if len(samples):
            words, work.words = work.words, ()
            work.seconds += len(samples) / work.rate
            self._put(Sound(work.utterance.id, Chunk(samples, work.rate, words)))

    def _put(self, item: Item) -> None:
        with self._waiting():
            taken = self._channel.put(item)
        if not taken:
            raise _WithdrawnError

    def _patiently(self, pieces: Iterator[Heard]) -> Iterator[Heard]:
        while True:
            with self._waiting(), self._way.taken():
                heard = next(pieces, None)
            if heard is None:
                return
            yield heard

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self.waits = True
        try:
            yield
        finally:
            self.waits = False

    def _trouble(self, what: str | None) -> None:
        if what != self.trouble:
            self.trouble = what
            if what is None:
                log.info("can_speak_again")
            else:
                log.warning("cannot_speak_now", why=what)
