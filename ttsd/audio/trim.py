"""Silence cut from the ends of an utterance while it streams; silence inside it is left alone.

Engines pad what they say by up to half a second: heard as a late start and a long pause.
Invariant: the result is the input's loud part, from first to last loud sample and everything between,
with at most `keep` seconds of what surrounded it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.audio.dsp import clean, fade_in, fade_out, join, silence

if TYPE_CHECKING:
    from ttsd.model import Samples

_LONGEST_HOLD = 10.0
"""Seconds of silence held back at most; more than that is let through as it is."""


class Trim:
    """One stream's silence cutter; after `flush` it is ready for the next stream."""

    def __init__(self, rate: int, *, threshold_db: float = -50.0, keep: float = 0.005) -> None:
        """*rate*: frames per second; *threshold_db*: dBFS up to which a sample counts as silent;
        *keep*: seconds left standing at either end (faded where they were cut)."""
        self._threshold = 10.0 ** (threshold_db / 20)
        self._keep = round(keep * rate)
        self._longest = round(_LONGEST_HOLD * rate)
        self.removed = 0
        """Frames taken from the beginning of the stream so far."""
        self._reset()

    def _reset(self) -> None:
        self.removed = 0
        self._started = False
        self._cut = False
        self._held: list[Samples] = []
        self._held_frames = 0

    def push(self, samples: Samples) -> Samples:
        """What is certain not to be the utterance's silent end; may be no frames."""
        import numpy as np

        samples = clean(samples)
        loud = np.flatnonzero(np.abs(samples) > self._threshold)
        if not loud.size:
            return self._quiet(samples)
        first, behind = int(loud[0]), int(loud[-1]) + 1
        if self._started:
            ready = [*self._held, samples[:behind]]
        else:
            ready = [self._lead(samples[:first]), samples[first:behind]]
            self._started = True
        self._held = [samples[behind:]]
        self._held_frames = samples.size - behind
        return join(ready)

    def flush(self) -> Samples:
        """The end that is kept. A stream without a loud sample gives nothing at all."""
        tail = join(self._held) if self._started else silence(0)
        if tail.size > self._keep:
            tail = fade_out(tail[: self._keep])
        self._reset()
        return tail

    def _lead(self, before: Samples) -> Samples:
        lead = join([*self._held, before])
        self.removed += max(lead.size - self._keep, 0)
        if self._cut or lead.size > self._keep:
            return fade_in(lead[max(lead.size - self._keep, 0) :])
        return lead

    def _quiet(self, samples: Samples) -> Samples:
        self._held.append(samples)
        self._held_frames += samples.size
        if not self._started:
            held = join(self._held)
            self._cut = self._cut or held.size > self._keep
            self.removed += max(held.size - self._keep, 0)
            self._held = [held[max(held.size - self._keep, 0) :]]
            self._held_frames = self._held[0].size
        elif self._held_frames > self._longest:
            ready, self._held, self._held_frames = join(self._held), [], 0
            return ready
        return silence(0)
