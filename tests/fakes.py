"""Hand-written stand-ins for the edges: they behave, they do not record calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ttsd.engines.engine import EngineStatus
from ttsd.errors import EngineCancelled, OutputError
from ttsd.model import Chunk, EngineName, Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.engines.engine import Request
    from ttsd.errors import EngineError
    from ttsd.model import Samples, Spoken, Utterance, UtteranceId


class FakeClock:
    """A clock that moves when the test says so."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._time = now
        self._monotonic = 100.0

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self._time += seconds
        self._monotonic += seconds

    def monotonic(self) -> float:
        """See ttsd.clock.Clock."""
        return self._monotonic

    def time(self) -> float:
        """See ttsd.clock.Clock."""
        return self._time


class FakeEngine:
    """An engine whose sound is known: a constant level for so many frames per character."""

    def __init__(self, name: str = "fake", *, rate: int = 8000, frames_per_char: int = 80) -> None:
        self.name = EngineName(name)
        self.rate = rate
        self.frames_per_char = frames_per_char
        self.failure: EngineError | None = None
        """Raised instead of making sound."""
        self.spoken: list[str] = []
        self.cancelled = False

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        if self.failure is not None:
            raise self.failure
        self.cancelled = False
        self.spoken.append(request.text)
        for _ in request.text:
            if self.cancelled:
                raise EngineCancelled("cancelled")
            yield Chunk(np.full(self.frames_per_char, 0.5, np.float32), self.rate)

    def cancel(self) -> None:
        self.cancelled = True

    def load(self) -> None:
        if self.failure is not None:
            raise self.failure

    def voices(self) -> tuple[Voice, ...]:
        return (Voice("plain", "en"),)

    def status(self) -> EngineStatus:
        return EngineStatus(self.name, "ready", voice="plain")

    def unload(self, idle: float = 0.0) -> bool:
        return False

    def close(self) -> None:
        pass


class FakeOutput:
    """An output whose device is the test: it is heard as far as `hear` says."""

    def __init__(self, name: str = "fake", *, rate: int | None = 8000, live: bool = True) -> None:
        self.name, self.rate, self.live = name, rate, live
        self.sound = np.zeros(0, np.float32)
        """Everything written since the test began."""
        self.begun: list[UtteranceId] = []
        self.ended: list[Spoken] = []
        self.rests: list[int] = []
        """How many frames were written each time that it was told to rest."""
        self.gone: OutputError | None = None
        self.instant = not live
        """Played as soon as it is written."""
        self._opened_at = 0
        self._heard = 0
        self._is_open = False

    def hear(self, frames: int | None = None) -> None:
        """Let *frames* more frames be heard; None: all that was written."""
        self._heard = len(self.sound) if frames is None else min(len(self.sound), self._heard + frames)

    def lose(self) -> None:
        """The device is unplugged: what was not heard is lost with it."""
        self.gone = OutputError("unplugged", where=self.name)
        self.sound = self.sound[: self._heard]

    def open(self) -> None:
        if self.gone is not None:
            raise self.gone
        if not self._is_open:
            self._is_open, self._opened_at = True, len(self.sound)
            self._heard = len(self.sound)

    def describe(self) -> str:
        return "a fake"

    def begin(self, utterance: Utterance) -> None:
        self.begun.append(utterance.id)

    def write(self, samples: Samples, rate: int) -> None:
        if self.gone is not None:
            raise self.gone
        assert self._is_open, "written before it was opened"
        assert rate == (self.rate or rate)
        self.sound = np.concatenate([self.sound, samples])
        if self.instant:
            self.hear()

    def end(self, spoken: Spoken) -> None:
        self.ended.append(spoken)

    def rest(self) -> None:
        self.rests.append(len(self.sound))

    def written(self) -> int:
        return len(self.sound) - self._opened_at

    def played(self) -> int:
        if self.gone is not None:
            raise self.gone
        return self._heard - self._opened_at

    def close(self) -> None:
        self._is_open = False
