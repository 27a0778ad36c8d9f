"""A sentence's sound, looked at on its way out of the worker, where the floats are.

Numbers that are none, silence, nothing, a changed rate, an engine that does not stop and one that stops long
before the end of the sentence are faults.
Invariant: nothing goes out before something can be heard, so that a silent engine is passed over
before anybody has waited through its silence. Beyond -1 … 1 is counted and passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import EngineRefused, EngineSilent

if TYPE_CHECKING:
    from ttsd.model import Chunk

AUDIBLE = 1e-4
"""-80 dBFS: what never rises above it is silence."""
ABSURD = 64.0
"""+36 dBFS: no voice is that loud; numbers that large are a fault of the engine."""
SHORT = 40
"""Letters and digits of a text below which no length of sound is too short: it may be a name."""
LONGEST_SILENCE = 20.0
"""Seconds of silence before the first sound that are waited for."""


class SoundCheck:
    """Feed it every chunk; what it returns may go out."""

    def __init__(self, text: str, fastest: float | None = None, *, of: Chunk | None = None) -> None:
        """*text*: the sentence, whose length bounds the length of its sound, as *of* does, the sound that it is
        made of. *fastest*: letters and digits a second that the engine never exceeds; None: no bound."""
        self._limit = 30.0 + len(text) + (of.samples.size / of.rate if of is not None else 0.0)
        # "aaaaaaah" is one sound, however long it is written.
        self._spoken = sum(now.isalnum() and now != last for now, last in zip(text, f" {text}", strict=False))
        self._fastest = fastest
        self._held: list[Chunk] = []
        self._audible = False
        self._rate: int | None = None
        self.seconds = 0.0
        """Length of the sound so far."""
        self.clipped = 0
        """Samples beyond -1 … 1."""

    def feed(self, chunk: Chunk) -> list[Chunk]:
        """Chunks that may go out now. Raises EngineSilent, EngineRefused."""
        samples = chunk.samples
        if samples.size == 0:
            return []
        peak = max(float(samples.max()), -float(samples.min()))  # no copy of the sound, as abs() makes
        if not peak <= ABSURD:  # NaN compares false
            raise EngineSilent("gave samples that are not numbers" if peak != peak else "gave absurd samples")
        if self._rate not in (None, chunk.rate):
            raise EngineRefused(f"changed its rate from {self._rate} to {chunk.rate} inside a sentence")
        self._rate = chunk.rate
        self.seconds += chunk.samples.size / chunk.rate
        if self.seconds > self._limit:
            raise EngineRefused(f"went on for more than {self._limit:.0f} s and did not stop")
        if peak > 1:
            self.clipped += int(((samples > 1) | (samples < -1)).sum())
        self._held.append(chunk)
        if not self._audible and peak < AUDIBLE:
            if self.seconds > LONGEST_SILENCE:
                raise EngineSilent("gave nothing but silence")
            return []
        self._audible = True
        ready, self._held = self._held, []
        return ready

    def finish(self) -> None:
        """The sentence is complete. Raises EngineSilent if nothing, or much too little, could be heard."""
        if not self._audible:
            raise EngineSilent("gave nothing but silence" if self.seconds else "gave no sound at all")
        if self._fastest and self._spoken >= SHORT and self.seconds * self._fastest < self._spoken:
            raise EngineSilent(f"stopped after {self.seconds:.1f} s of {self._spoken} letters")
