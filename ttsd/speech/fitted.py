"""Sound that waits to be written to an output: at the output's rate, with the pauses that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ttsd.audio.dsp import Resampler, silence
from ttsd.audio.gap import Gap

if TYPE_CHECKING:
    from ttsd.model import Samples


class Fitted:
    """Sound in order; `len` is in frames."""

    def __init__(self, rate: int) -> None:
        """*rate*: the output's; 0: that of the sound."""
        self.rate = rate
        """Frames per second; 0: not known yet."""
        self._samples = silence(0)
        self._resampler: Resampler | None = None
        self._gap = Gap()

    def __len__(self) -> int:
        return len(self._samples)

    # ---- putting in

    def begin(self, samples: Samples, rate: int, pause: float) -> float:
        """*samples* at *rate*, not put in yet, begin a sentence: put in what is missing of *pause* seconds; returns that."""
        self.rate = self.rate or rate
        missing = self._gap.begin(samples, rate, pause)
        self._append(silence(round(missing * self.rate)))
        return missing

    def push(self, samples: Samples, rate: int) -> None:
        """Put *samples* at *rate* in; all between two `flush` have the same."""
        self.rate = self.rate or rate
        if rate == self.rate:
            self._pass(samples)
        else:
            self._resampler = self._resampler or Resampler(rate, self.rate)
            self._pass(self._resampler.push(samples))

    def flush(self) -> None:
        """Put in what the resampling holds back: the next sound may have another rate."""
        if self._resampler is not None:
            self._pass(self._resampler.flush())
            self._resampler = None

    def end(self, pause: float) -> None:
        """The utterance is over: put in what is certain of the *pause* behind it, in seconds."""
        self._append(silence(round(self._gap.end(pause) * self.rate)))

    def put_back(self, samples: Samples) -> None:
        """Put *samples* before all others: they were taken, and are to be written again."""
        self._samples = np.concatenate([samples, self._samples])

    def _pass(self, samples: Samples) -> None:
        self._gap.passed(samples, self.rate)
        self._append(samples)

    def _append(self, samples: Samples) -> None:
        self._samples = np.concatenate([self._samples, samples]) if len(self._samples) else samples

    # ---- taking out

    def take(self, frames: int) -> Samples:
        """Take out *frames* frames, or as many as there are."""
        taken, self._samples = self._samples[:frames], self._samples[frames:]
        return taken

    def ahead(self, frames: int) -> Samples:
        """What `take` would return."""
        return self._samples[:frames]

    def clear(self) -> None:
        """Let go of everything."""
        self._samples, self._resampler, self._gap = silence(0), None, Gap()

    def refit(self, rate: int) -> None:
        """Be for an output with *rate* from now on, what waits included."""
        before = self.rate
        if before in (0, rate):
            self.rate = rate
            return
        way = Resampler(before, rate)
        self.flush()
        self.rate = rate
        self._samples = np.concatenate([way.push(self._samples), way.flush()])
