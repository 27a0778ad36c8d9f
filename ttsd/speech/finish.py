"""A sentence made ready for the outputs: silence trimmed, the voice levelled, peaks limited.

Streaming: what is pushed comes out as soon as it is certain, a few milliseconds later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ttsd.audio.dsp import join
from ttsd.audio.limiter import Limiter
from ttsd.audio.trim import Trim

if TYPE_CHECKING:
    from ttsd.engines.chain import Heard
    from ttsd.model import Samples, WordTime
    from ttsd.speech.levels import Levels


class Finish:
    """One sentence's way from one engine's voice to the channel."""

    def __init__(self, heard: Heard, levels: Levels, gain: float = 0.0) -> None:
        """*heard*: the sentence's first chunk tells engine, voice and rate; *gain*: dB over the level."""
        self._engine, self._voice, self._rate = heard.engine, heard.voice, heard.chunk.rate
        self._levels = levels
        self._gain = np.float32(levels.gain(heard.engine, heard.voice) * 10 ** (gain / 20))
        self._trim = Trim(self._rate)
        self._limiter = Limiter(self._rate)
        self._measured: list[Samples] | None = [] if levels.wants(heard.engine, heard.voice) else None

    def fits(self, heard: Heard) -> bool:
        """Whether *heard* is more of the same voice."""
        return (heard.engine, heard.voice, heard.chunk.rate) == (self._engine, self._voice, self._rate)

    def push(self, samples: Samples) -> Samples:
        """What is ready by now; may be no frames."""
        return self._limiter.push(self._level(self._trim.push(samples)))

    def flush(self) -> Samples:
        """The rest of the sentence."""
        rest = join([self._limiter.push(self._level(self._trim.flush())), self._limiter.flush()])
        if self._measured is not None:
            self._levels.learn(self._engine, self._voice, join(self._measured), self._rate)
        return rest

    def shifted(self, words: tuple[WordTime, ...]) -> tuple[WordTime, ...]:
        """The words' times counted from the first sample that is left."""
        cut = self._trim.removed / self._rate
        return tuple(
            replace(word, start=max(0.0, word.start - cut), end=max(0.0, word.end - cut)) for word in words
        )

    def _level(self, samples: Samples) -> Samples:
        if self._measured is not None:
            self._measured.append(samples)
        return samples * self._gain if self._gain != 1 else samples
