"""A voice made into another one: each sentence goes through a converter, and is heard as it comes out.

Invariants: nothing is lost and nothing said twice. If the converter fails (it is not there, ends with an
error, gives no sound, is late), what of the sentence has not come out of it is passed on as the engine made
it, and the log says so; then it rests, longer each time, and sentences go by it meanwhile. When a sentence
is over, failed or cancelled, nothing of its run is left.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.errors import EngineCancelled, EngineError
from ttsd.logger import Logger
from ttsd.speech.converter import ProgramRun, Run, WorkerRun

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, MutableMapping

    from ttsd.clock import Clock
    from ttsd.engines.chain import Heard
    from ttsd.engines.conversions import Conversion
    from ttsd.model import Samples, WordTime

log = Logger("ttsd.speech")

TIMEOUT = 10.0
"""Seconds a program is waited for, unless configured. A converter's process has time-outs of its own."""
LEAST = 0.5
"""A converter that gives less than this part of what it got has not converted it."""
SILENCE = 1e-3
"""What never rises above it is silence."""


class Converters:
    """The conversions of one stage. `converted` is for one thread, `cancel` for any."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._run: Run | None = None

    def converted(
        self,
        pieces: Iterator[Heard],
        conversion: Conversion | None,
        voice: str | None,
        trace: MutableMapping[str, float] | None = None,
    ) -> Generator[Heard, None, None]:
        """A sentence's pieces, as *conversion* makes them if there is one. Closing it cancels; *pieces*
        are the caller's to close. *voice*: what to call the one that is made.

        *trace*: gets the times of the first piece and of the first converted one. Raises what *pieces*
        raise, and EngineCancelled after `cancel`.
        """
        if conversion is None:
            yield from pieces
            return
        trace = {} if trace is None else trace
        breaker = conversion.breaker
        sentence: _Sentence | None = None
        fault: EngineError | None = None
        try:
            try:
                for heard in pieces:
                    trace.setdefault("first_chunk", self._clock.time())
                    if sentence is not None and not sentence.fits(heard):  # another engine took over
                        yield from self._traced(sentence.finish(), trace)
                        self._settle(sentence, conversion)
                        sentence = None
                    if sentence is None:
                        if breaker.left(self._clock.monotonic()) > 0:
                            yield heard
                            continue
                        sentence = self._begin(heard, voice, conversion)
                    yield from self._traced(sentence.push(heard), trace)
            except EngineCancelled:
                raise
            except EngineError as error:  # no engine can go on: what they had said is said
                fault = error
            if sentence is not None:
                yield from self._traced(sentence.finish(), trace)
                self._settle(sentence, conversion)
                sentence = None
            if fault is not None:
                raise fault
        finally:
            with self._lock:
                self._run = None
            if sentence is not None:
                sentence.end()

    def cancel(self) -> None:
        """From any thread: end what runs; what waits for it ends with EngineCancelled."""
        with self._lock:
            if self._run is not None:
                self._run.cancel()

    def _begin(self, heard: Heard, voice: str | None, conversion: Conversion) -> _Sentence:
        sentence = _Sentence(heard, voice, conversion, self._clock)
        with self._lock:
            self._run = sentence.run
        return sentence

    def _settle(self, sentence: _Sentence, conversion: Conversion) -> None:
        conversion.last_error = sentence.failure
        if sentence.failure is None:
            conversion.breaker.succeeded()
            return
        rest = conversion.breaker.failed(self._clock.monotonic(), self._clock.monotonic() - sentence.began)
        log.warning(
            "conversion_failed",
            voice=sentence.voice,
            converter=conversion.name,
            reason=sentence.failure,
            next_step=sentence.next_step,
            converted_seconds=round(sentence.given, 2),
            rest_seconds=round(rest, 1),
        )

    def _traced(
        self, pieces: Iterator[tuple[Heard, bool]], trace: MutableMapping[str, float]
    ) -> Iterator[Heard]:
        for heard, converted in pieces:
            if converted:
                trace.setdefault("converted", self._clock.time())
            yield heard


class _Sentence:
    """One sentence of one engine's voice on its way through the converter."""

    def __init__(self, first: Heard, voice: str | None, conversion: Conversion, clock: Clock) -> None:
        """*voice*: what to call the converted one."""
        self._first, self.voice = first, voice
        self._patience = conversion.settings.timeout or TIMEOUT
        self._raw: list[Samples] = []
        """What the engine made, in case it is needed."""
        self._words: tuple[WordTime, ...] = ()
        self.began = clock.monotonic()
        self.given = 0.0
        """Seconds of converted sound."""
        self._audible = False
        """Something of it was no silence."""
        self.failure: str | None = None
        self.next_step: str | None = None
        """What would mend it."""
        self.run: Run | None = None
        try:
            self.run = _run(conversion, first.chunk.rate)
        except OSError as error:
            self.failure = f"it cannot be started: {error.strerror}"

    def fits(self, heard: Heard) -> bool:
        """Whether *heard* is more of the same."""
        mine = self._first
        return (heard.engine, heard.voice, heard.chunk.rate) == (mine.engine, mine.voice, mine.chunk.rate)

    def push(self, heard: Heard) -> Iterator[tuple[Heard, bool]]:
        """What there is by now, and whether it is converted."""
        if self.run is None:
            yield heard, False
            return
        self._raw.append(heard.chunk.samples)
        self._words += heard.chunk.words
        self.run.feed(heard.chunk.samples)
        yield from self._out(0.0)

    def finish(self) -> Iterator[tuple[Heard, bool]]:
        """The rest of the sentence."""
        if self.run is not None:
            self.run.feed(None)
            yield from self._out(self._patience)
        self.end()

    def end(self) -> None:
        """Leave nothing of the run; idempotent."""
        run, self.run = self.run, None
        if run is not None:
            run.end()

    def _out(self, patience: float) -> Iterator[tuple[Heard, bool]]:
        """What has come out of the converter; with *patience*, until its end."""
        while self.run is not None:
            try:
                chunk = self.run.take(patience)
            except EngineCancelled:
                raise
            except EngineError as error:
                self.next_step = error.next_step
                yield from self._fail(error.what)
                return
            if chunk is None:
                if patience and not self._audible and self.given:
                    self.given = 0.0  # nobody heard it: all of the sentence is still to be said
                    yield from self._fail("it gave silence")
                elif patience and self.given < LEAST * self._seconds():
                    yield from self._fail(f"it gave {self.given:.1f} s of {self._seconds():.1f} s")
                return
            self.given += chunk.samples.size / chunk.rate
            self._audible = self._audible or bool(chunk.samples.size and abs(chunk.samples).max() > SILENCE)
            words, self._words = self._words, ()
            yield replace(self._first, chunk=replace(chunk, words=words), voice=self.voice), True

    def _seconds(self) -> float:
        """Of what the engine made."""
        return sum(map(len, self._raw)) / self._first.chunk.rate

    def _fail(self, why: str) -> Iterator[tuple[Heard, bool]]:
        """Pass on, as the engine made it, what has not come out."""
        import numpy as np

        run, rate = self.run, self._first.chunk.rate
        self.end()
        said = run.last_line if run is not None else ""
        self.failure = f"{why}; it said: {said}" if said else why
        rest = np.concatenate(self._raw)[round(self.given * rate) :]
        self._raw.clear()
        if len(rest) or self._words:
            words, self._words = self._words, ()
            yield replace(self._first, chunk=replace(self._first.chunk, samples=rest, words=words)), False


def _run(conversion: Conversion, rate: int) -> Run:
    """Raises OSError if it cannot be started."""
    if conversion.engine is None:
        return ProgramRun(conversion.settings, rate)
    return WorkerRun(conversion.engine, conversion.options, rate)
