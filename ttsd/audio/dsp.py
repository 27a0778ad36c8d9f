"""What is done to sound between an engine and an output: rates, ramps and faults.

Invariants: everything is mono float32; streams may be cut into pieces anywhere without changing the
result; what comes out is finite. numpy and soxr are imported when first used, never by `import`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import soxr

    from ttsd.model import Samples

BEEP_RATE = 24_000
"""Frames per second of a beep that no voice has sounded before."""
_LOUDEST = 8.0
"""+18 dBFS: more than that is a fault of the engine; it is cut before it can upset a filter."""


def silence(frames: int) -> Samples:
    """Zeros, shape (frames,)."""
    import numpy as np

    return np.zeros(frames, dtype=np.float32)


def beep(rate: int, *, seconds: float = 0.3, pitch: float = 1000.0, level: float = 0.1) -> Samples:
    """A tone in place of a word, faded at both ends. *rate*: frames per second; *pitch*: Hz."""
    import numpy as np

    frames = np.arange(round(seconds * rate), dtype=np.float32)
    tone = np.float32(level) * np.sin(2 * np.pi * pitch / rate * frames, dtype=np.float32)
    edge = round(0.01 * rate)
    return fade_out(fade_in(tone, edge), edge)


def join(pieces: list[Samples]) -> Samples:
    """The pieces one after the other; no piece: no frames."""
    import numpy as np

    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else silence(0)


def clean(samples: Samples) -> Samples:
    """Mono float32 without NaN, infinity or absurd peaks; the same array if there is nothing to mend."""
    import numpy as np

    samples = np.asarray(samples, dtype=np.float32)
    if not samples.size:
        return samples
    # NaN compares false, so this one expression sees every fault.
    if float(samples.min()) >= -_LOUDEST and float(samples.max()) <= _LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)


def ramp(samples: Samples, start: float, stop: float) -> Samples:
    """A copy whose gain goes linearly from *start* to *stop*, both reached."""
    import numpy as np

    return samples * np.linspace(start, stop, len(samples), dtype=np.float32)


def fade_in(samples: Samples, frames: int | None = None) -> Samples:
    """A copy whose first *frames* (default: all) rise linearly from silence."""
    import numpy as np

    count = samples.size if frames is None else min(frames, samples.size)
    faded = samples.copy()
    faded[:count] *= np.arange(count, dtype=np.float32) / np.float32(max(count, 1))
    return faded


def fade_out(samples: Samples, frames: int | None = None) -> Samples:
    """A copy whose last *frames* (default: all) fall linearly to silence."""
    count = samples.size if frames is None else min(frames, samples.size)
    faded = samples.copy()
    faded[samples.size - count :] = fade_in(samples[samples.size - count :][::-1])[::-1]
    return faded


class Resampler:
    """One utterance's way from one rate to another: band-limited (soxr), without loss at either end."""

    def __init__(self, source: int, target: int, quality: str = "HQ") -> None:
        """*source* and *target*: frames per second; *quality*: soxr's QQ, LQ, MQ, HQ or VHQ.

        HQ looks about 50 ms ahead: that much sound has to go in before the first comes out.
        """
        self.source = source
        self.target = target
        self._quality = quality
        self._stream: soxr.ResampleStream | None = None

    def push(self, samples: Samples) -> Samples:
        """Frames at the target rate that are certain by now; may be none."""
        samples = clean(samples)
        if self.source == self.target or not samples.size:
            return samples
        return self._resample(samples, last=False)

    def flush(self) -> Samples:
        """The rest; what is pushed afterwards begins a new stream."""
        if self._stream is None:
            return silence(0)
        rest = self._resample(silence(0), last=True)
        self._stream.clear()
        return rest

    def _resample(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            import soxr

            self._stream = soxr.ResampleStream(
                self.source, self.target, 1, dtype="float32", quality=self._quality
            )
        return clean(self._stream.resample_chunk(samples, last=last))
