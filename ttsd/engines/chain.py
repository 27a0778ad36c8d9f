"""The ordered engines: each sentence is spoken by the first that can, and a failure is not heard as one.

For a sentence
1. The preferred engine goes first, then the chain's order; who rests is passed over.
2. What an engine gives is passed on at once. If it fails, it rests, and the next engine gets what of
   the sentence was not heard.
3. An engine that lacks the voice asked for, or any voice for the text's language, is passed over without
   a rest. If the voice is a preset's, or one that another engine has, or may have, but cannot speak with
   now, those passed over speak it in their own voice for the language, and the log says so. A voice that
   every engine that is installed lacks is an error.
4. Nobody could: EngineRefused if every engine refused this sentence, else ChainFailed, with what is
   left to say and the seconds until it is worth another try.

Invariant: no sound is given twice, and none of another engine's silence is waited for twice: see Breaker.
One thread speaks; `status` may be called from any.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ttsd.clock import SystemClock
from ttsd.engines.breaker import Breaker
from ttsd.engines.remainder import remainder
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, EngineSilent, UnknownVoice
from ttsd.frozen import frozen
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from ttsd.clock import Clock
    from ttsd.engines.conversions import Conversion
    from ttsd.engines.engine import Engine, EngineStatus, Request
    from ttsd.model import Chunk, EngineName, WordTime

log = Logger("ttsd.engines")

_GLANCE = 0.002
"""Seconds between two looks at an engine that is stopping."""
REFUSALS = 3
"""Sentences refused in a row that make an engine rest: one may be the sentence's fault."""


Adapt: TypeAlias = "Callable[[Request, EngineName], Request]"
"""A sentence as an engine should get it. Raises UnknownVoice, VoiceElsewhere."""


def _as_it_is(request: Request, _: EngineName) -> Request:
    return request


def _seconds_to_load(status: EngineStatus) -> float:
    """Until this one can speak; infinite: nobody knows, or it cannot."""
    if status.state == "ready":
        return 0.0
    known = status.load_seconds if status.state == "installed" else None
    return math.inf if known is None else known


class VoiceElsewhere(UnknownVoice):
    """A preset that names no voice for this engine: another one's matter, or the engine speaks in its own."""


def voice_of(request: Request) -> str | None:
    """What to call the voice that a request asks for; None: the engine's own."""
    recording = request.options.get("speaker_wav")
    named = (request.voice, request.speaker, None if recording is None else Path(str(recording)).stem)
    return "/".join(name for name in named if name) or None


def _asked_for(request: Request) -> tuple[tuple[str, str | None], ...]:
    return (("voice", request.voice), ("speaker", request.speaker))


class ChainFailed(EngineError):
    """No engine could speak the sentence now; it may be tried again."""

    def __init__(
        self,
        reasons: Mapping[EngineName, str],
        rest: str,
        retry_in: float,
        *,
        tried: bool,
        next_step: str | None = None,
    ) -> None:
        """*reasons*: per engine; *rest*: the text not heard yet; *retry_in*: seconds;
        *tried*: an engine was at it; False: all of them rest, or are not installed."""
        told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        super().__init__(f"no engine can speak now: {told or 'the chain is empty'}", next_step=next_step)
        self.reasons = dict(reasons)
        self.rest = rest
        self.retry_in = retry_in
        self.tried = tried


@frozen
class Heard:
    """A chunk, and who spoke it."""

    chunk: Chunk
    engine: EngineName
    voice: str | None
    """None: the engine does not tell what its voice is called."""


@dataclass(slots=True)
class Health:
    """What a chain has learnt of an engine; a new chain over the same engine goes on with it."""

    breaker: Breaker = field(default_factory=Breaker)
    refusals: int = 0
    """In a row."""
    last_error: EngineError | None = None
    """Why it rests."""
    paces: dict[str | None, float] = field(default_factory=dict)
    """Characters per second of each voice."""
    passed_over: int = 0
    """Sentences in which it failed, and the next engine was asked."""


@dataclass(slots=True)
class _Sentence:
    """How far a sentence has come."""

    text: str
    """What is not heard yet."""
    seconds: float = 0.0
    """Sound given by the engine at work."""
    words: list[WordTime] = field(default_factory=list)
    tried: bool = False
    """An engine was at it in vain."""

    def heard(self, chunk: Chunk) -> None:
        self.seconds += chunk.samples.size / chunk.rate
        self.words += chunk.words

    def cut(self, pace: float | None) -> None:
        """The engine at work stopped here; another one gets the rest."""
        self.text = remainder(self.text, self.seconds, self.words, pace)
        self.seconds, self.words = 0.0, []


class Chain:
    """Engines in order. Does not own them: `Roster` makes and closes them."""

    def __init__(
        self,
        engines: Sequence[Engine],
        clock: Clock | None = None,
        *,
        health: Mapping[EngineName, Health] | None = None,
        conversions: Mapping[str, Conversion] | None = None,
    ) -> None:
        """*health*: what an earlier chain has learnt of these engines; *conversions*: of the voices that have one."""
        self.engines = tuple(engines)
        self.conversions = dict(conversions or {})
        self._clock = clock or SystemClock()
        self._health = {engine.name: (health or {}).get(engine.name) or Health() for engine in engines}

    @property
    def names(self) -> tuple[EngineName, ...]:
        """The engines' names in order."""
        return tuple(engine.name for engine in self.engines)

    def speak(
        self, request: Request, prefer: EngineName | None = None, *, adapt: Adapt = _as_it_is
    ) -> Generator[Heard, None, None]:
        """Yield the sentence's sound and who speaks it. Closing the iterator cancels.

        *prefer*: the engine to try first; *adapt*: the sentence as an engine should get it.
        Raises EngineCancelled, EngineRefused (this sentence cannot be spoken), ChainFailed (not now).
        """
        sentence = _Sentence(request.text)
        errors: dict[EngineName, EngineError] = {}
        order = self._order(prefer)
        yield from self._try(order, request, sentence, errors, adapt)
        if not sentence.text:
            return
        strangers = [engine for engine in order if isinstance(errors.get(engine.name), UnknownVoice)]
        absent = [engine for engine in order if isinstance(errors.get(engine.name), EngineMissing)]
        elsewhere = any(isinstance(error, VoiceElsewhere) for error in errors.values())
        asked_for = request.voice or request.speaker
        if strangers and asked_for and (elsewhere or len(strangers) + len(absent) < len(order)):
            log.warning("voice_replaced", voice=request.voice, by=[engine.name for engine in strangers])
            request = replace(request, voice=None, speaker=None)
            yield from self._try(strangers, request, sentence, errors, adapt)
        if sentence.text:
            raise self._failure(order, errors, request, sentence)

    def deputy(self, patience: float) -> EngineName | None:
        """Who speaks at once where the first engine goes on with a sentence that was cancelled.

        A second process of that engine is on its way then (see handover.py) and speaks in the same voice;
        somebody else is asked only if that is sooner: an engine that is ready, or one that was seen to load
        faster. None: the first has stopped within *patience* seconds, or its second process is soonest.
        """
        deadline = self._clock.monotonic() + patience
        while self.engines and (first := self.engines[0].status()).stopping:
            if self._clock.monotonic() >= deadline:
                others = {engine.name: _seconds_to_load(engine.status()) for engine in self.engines[1:]}
                soonest = min(others, key=others.__getitem__, default=None)
                here = first.pid is not None  # of an engine elsewhere there is no second process
                own = first.load_seconds if here and first.load_seconds is not None else math.inf
                return soonest if soonest is not None and others[soonest] < own else None
            threading.Event().wait(_GLANCE)
        return None

    def retry_in(self) -> float:
        """Seconds until an engine may be tried; 0: now."""
        now = self._clock.monotonic()
        return min((health.breaker.left(now) for health in self._health.values()), default=0.0)

    def forgive(self, name: EngineName) -> None:
        """From any thread: somebody has mended this engine or converter; whatever it rests for, it is tried at once."""
        if name in self._health:
            self._health[name].breaker.succeeded()
        for conversion in self.conversions.values():
            if conversion.name == name:
                conversion.breaker.succeeded()

    def cancel(self) -> None:
        """From any thread: end the running synthesis soon; `speak` raises EngineCancelled."""
        for engine in self.engines:
            engine.cancel()

    def status(self) -> tuple[EngineStatus, ...]:
        """Each engine's state in order, rests included; never blocks."""
        return tuple(self._status(engine) for engine in self.engines)

    @property
    def converters(self) -> tuple[Engine, ...]:
        """The processes that convert, each once."""
        engines = [one.engine for one in self.conversions.values()]
        return tuple({id(engine): engine for engine in engines if engine is not None}.values())

    def conversion(self, voice: str | None) -> Conversion | None:
        """What makes another voice of this one."""
        return None if voice is None else self.conversions.get(voice)

    def conversions_status(self) -> tuple[EngineStatus, ...]:
        """Of each voice that is converted, under its name; never blocks."""
        now = self._clock.monotonic()
        return tuple(one.status(voice, now) for voice, one in self.conversions.items())

    def health(self) -> dict[EngineName, Health]:
        """What was learnt, for a chain that follows this one."""
        return dict(self._health)

    def _order(self, prefer: EngineName | None) -> list[Engine]:
        return sorted(self.engines, key=lambda engine: engine.name != prefer)

    def _try(
        self,
        engines: Iterable[Engine],
        request: Request,
        sentence: _Sentence,
        errors: dict[EngineName, EngineError],
        adapt: Adapt,
    ) -> Generator[Heard, None, None]:
        """Let one after another speak what is left, until nothing is."""
        for engine in engines:
            left = self._health[engine.name].breaker.left(self._clock.monotonic())
            if left > 0:
                errors[engine.name] = self._resting(self._health[engine.name], left)
                continue
            began = self._clock.monotonic()
            asked = replace(request, text=sentence.text)
            try:
                asked = adapt(asked, engine.name)
                yield from self._one(engine, asked, sentence)
            except EngineCancelled:
                raise
            except EngineError as error:
                errors[engine.name] = error
                sentence.tried |= not isinstance(error, EngineMissing | UnknownVoice)
                self._note_failure(engine, error, self._clock.monotonic() - began, sentence)
                sentence.cut(self._pace(engine, asked))
            else:
                self._note_success(engine, asked, sentence)
                sentence.text = ""
            if not sentence.text:
                return

    def _one(self, engine: Engine, request: Request, sentence: _Sentence) -> Generator[Heard, None, None]:
        chunks = engine.synthesize(request)
        try:
            for chunk in chunks:
                sentence.heard(chunk)
                voice = voice_of(request) or chunk.voice or engine.status().voice
                yield Heard(chunk, engine.name, voice)
        finally:
            # Left early, it must stop now, not when the garbage is collected.
            if close := getattr(chunks, "close", None):
                close()
        if sentence.seconds == 0:
            raise EngineSilent("gave no sound at all", where=engine.name)

    def _note_success(self, engine: Engine, request: Request, sentence: _Sentence) -> None:
        health = self._health[engine.name]
        health.breaker.succeeded()
        health.refusals = 0
        voice = voice_of(request) or engine.status().voice
        pace = len(sentence.text) / sentence.seconds
        health.paces[voice] = 0.7 * health.paces.get(voice, pace) + 0.3 * pace

    def _note_failure(self, engine: Engine, error: EngineError, took: float, sentence: _Sentence) -> None:
        health = self._health[engine.name]
        # It did not even load: not the sentence's fault, and too dear to be tried with each of them.
        unfit = engine.status().state == "failed"
        if isinstance(error, UnknownVoice) and not unfit:
            return
        health.passed_over += 1
        health.refusals = health.refusals + 1 if isinstance(error, EngineRefused) else 0
        rest = 0.0
        if unfit or not health.refusals or health.refusals >= REFUSALS:
            rest = health.breaker.failed(self._clock.monotonic(), took)
            health.last_error = error
        log.warning(
            "engine_passed_over",
            engine=engine.name,
            code=error.code,
            reason=error.what,
            next_step=error.next_step,
            heard_seconds=round(sentence.seconds, 2),
            rest_seconds=round(rest, 1),
        )

    def _pace(self, engine: Engine, request: Request) -> float | None:
        return self._health[engine.name].paces.get(voice_of(request) or engine.status().voice)

    def _failure(
        self,
        order: Sequence[Engine],
        errors: Mapping[EngineName, EngineError],
        request: Request,
        sentence: _Sentence,
    ) -> EngineError:
        found = {engine.name: errors[engine.name] for engine in order if engine.name in errors}
        steps = "; ".join(dict.fromkeys(e.next_step for e in found.values() if e.next_step)) or None
        kinds = {type(error) for error in found.values()}
        if UnknownVoice in kinds and kinds <= {UnknownVoice, EngineMissing}:
            named = [f"the {kind} {name}" for kind, name in _asked_for(request) if name]
            wanted = " with ".join(named) or f"a voice for {request.language}"
            steps = "; ".join(f"{name}: {e.next_step}" for name, e in found.items() if e.next_step) or None
            return UnknownVoice(f"no engine has {wanted}", next_step=steps)
        reasons = {name: error.what for name, error in found.items()}
        if found and all(isinstance(error, EngineRefused | EngineSilent) for error in found.values()):
            told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            return EngineRefused(told, next_step=steps)
        return ChainFailed(reasons, sentence.text, self.retry_in(), tried=sentence.tried, next_step=steps)

    def _status(self, engine: Engine) -> EngineStatus:
        health = self._health[engine.name]
        status = replace(engine.status(), passed_over=health.passed_over)
        left = health.breaker.left(self._clock.monotonic())
        if left <= 0 or status.state in ("missing", "closed"):
            return status
        return replace(status, state="resting", detail=self._resting(health, left).what)

    @staticmethod
    def _resting(health: Health, left: float) -> EngineError:
        """Why it is not asked now; of the kind that made it rest, if that is one that lasts."""
        last = health.last_error
        kind = EngineMissing if isinstance(last, EngineMissing) else EngineError
        reason = "it failed" if last is None else last.what
        return kind(f"rests for {left:.0f} s: {reason}", next_step=last.next_step if last else None)
