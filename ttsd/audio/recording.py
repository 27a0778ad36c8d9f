"""A recording of somebody's voice: is it one that a voice can be taken from? Checked, then converted.

What engines take a voice from decides how all of it sounds, and they take silence, noise or a tune without
a word; so each fault is found here, told with what to do, and nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ttsd.errors import TtsdError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ttsd.model import Samples

RATE = 24_000
"""Frames per second of what is kept: what cloning engines work at, or a little more."""
SHORTEST, LONGEST = 3.0, 60.0
"""Seconds of voice that are needed, and that are kept."""
LARGEST = 600.0
"""Seconds of a recording that is looked at."""
LOWEST_RATE = 16_000
"""Below it the voice has no consonants worth copying."""
QUIETEST = -45.0
"""dBFS of the voice itself."""
CLEAREST_NOISE = 15.0
"""dB that the voice must stand above the pauses."""
CLIPPED = 0.001
"""Part of the samples that may lie at full scale."""
VOICED = 0.2
"""Part of the loud frames in which a pitch must be heard."""
LEVEL = -23.0
"""dBFS of the voice in what is kept."""
_PEAK = 0.89
_FRAME = 0.032
"""Seconds."""
_PITCH_RATE = 8000
_PITCHES = (70.0, 400.0)
"""Hertz."""
_PERIODIC = 0.5
"""Autocorrelation from which a frame has a pitch."""
_LIVELY = 0.02
"""Spread of the pitch, in octaves, below which it is a tone and no voice."""


class RecordingError(TtsdError):
    """No voice can be taken from this recording."""

    code = "recording"


@frozen
class Recording:
    """A voice ready to be kept."""

    samples: Samples
    """Mono at RATE."""
    seconds: float
    level: float
    """dBFS of the voice as it was recorded."""
    rate: int
    """Frames per second of the original."""
    noise: float
    """dB between the voice and its pauses."""
    notes: tuple[str, ...] = ()
    """What was changed, for people."""


def read(source: Path | BinaryIO) -> Recording:
    """Read, check and convert. Raises RecordingError with what is wrong and what to do."""
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            rate = int(file.samplerate)
            sound = file.read(int(LARGEST * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (OSError, soundfile.LibsndfileError, TypeError) as error:
        why = (
            error.error_string if isinstance(error, soundfile.LibsndfileError) else error
        )  # without the file
        raise RecordingError(
            f"is no recording that can be read: {why}"[:200], next_step="a WAV, FLAC, OGG or MP3 file"
        ) from error
    return checked(sound, rate)


def checked(sound: Samples, rate: int) -> Recording:
    """The same of samples. Raises RecordingError."""
    if rate < LOWEST_RATE:
        raise RecordingError(
            f"has {rate} samples a second",
            next_step=f"record with {RATE} or more; {LOWEST_RATE} is the least",
        )
    if not np.isfinite(sound).all():
        raise RecordingError("has samples that are no numbers")
    levels = _levels(sound, rate)
    if not levels.size or levels.max() < QUIETEST:
        raise RecordingError("there is nothing to be heard in it", next_step="record it louder")
    loud = levels > levels.max() - 30
    sound = _trimmed(sound, loud, rate)
    levels = _levels(sound, rate)
    loud = levels > levels.max() - 30
    seconds = sound.size / rate
    if seconds < SHORTEST:
        raise RecordingError(
            f"has {seconds:.1f} s of voice", next_step=f"{SHORTEST:.0f} s are the least, ten are good"
        )
    level = float(10 * np.log10(np.mean(10 ** (levels[loud] / 10))))
    if level < QUIETEST:
        raise RecordingError(f"is too quiet: {level:.0f} dB", next_step="record it louder, above -30 dB")
    if np.mean(np.abs(sound) >= 0.999) > CLIPPED:
        raise RecordingError("is too loud: its peaks are cut off", next_step="record it softer")
    noise = level - float(np.percentile(levels, 5))
    _check_speech(sound, rate, noise)
    notes = []
    if seconds > LONGEST:
        sound = sound[: int(LONGEST * rate)]
        notes.append(f"only its first {LONGEST:.0f} s are kept")
    if rate < RATE:
        notes.append(f"it was recorded with {rate} samples a second; more would sound better")
    return Recording(_converted(sound, rate, level), sound.size / rate, level, rate, noise, tuple(notes))


def _levels(sound: Samples, rate: int) -> NDArray[np.float64]:
    """dBFS of each frame."""
    size = int(rate * _FRAME)
    frames = sound[: sound.size - sound.size % size].reshape(-1, size).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return levels


def _trimmed(sound: Samples, loud: NDArray[np.bool_], rate: int) -> Samples:
    """Without the silence at its ends, but for a tenth of a second."""
    at = np.flatnonzero(loud)
    size, margin = int(rate * _FRAME), int(rate * 0.1)
    return sound[max(0, int(at[0]) * size - margin) : (int(at[-1]) + 1) * size + margin]


def _check_speech(sound: Samples, rate: int, noise: float) -> None:
    """Raises RecordingError for what is no speech, or speech in noise."""
    pitches, loud = _pitches(sound, rate)
    if pitches.size < VOICED * loud or np.std(np.log2(pitches)) < _LIVELY:
        raise RecordingError(
            "no speech is heard in it", next_step="record somebody who speaks, without music behind"
        )
    if noise < CLEAREST_NOISE:
        raise RecordingError(
            f"the voice stands only {noise:.0f} dB above the noise",
            next_step=f"record it in a quieter room; {CLEAREST_NOISE:.0f} dB are the least",
        )


def _pitches(sound: Samples, rate: int) -> tuple[NDArray[np.float64], int]:
    """The pitch in hertz of each frame that has one, and the number of loud frames."""
    import soxr

    low = soxr.resample(sound, rate, _PITCH_RATE)
    size = 512
    frames = np.lib.stride_tricks.sliding_window_view(low, size)[:: size // 2].astype(np.float64)
    energy = np.mean(frames**2, axis=1)
    frames = frames[energy > energy.max() * 1e-3]
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, :size]
    # A frame has the fewer samples in common with itself the further it is moved.
    correlation = correlation / (correlation[:, :1] + 1e-12) / (1 - np.arange(size) / size)
    first, last = (int(_PITCH_RATE / pitch) for pitch in reversed(_PITCHES))
    window = correlation[:, first : last + 1]
    highest = window.max(axis=1)
    # The first of the peaks: what repeats after ten milliseconds repeats after twenty, too.
    best = (window >= 0.9 * highest[:, np.newaxis]).argmax(axis=1)
    periodic = highest > _PERIODIC
    return _PITCH_RATE / (first + best[periodic]), len(frames)


def _converted(sound: Samples, rate: int, level: float) -> Samples:
    import soxr

    converted: Samples = soxr.resample(sound, rate, RATE) if rate != RATE else sound
    gain = 10 ** ((LEVEL - level) / 20)
    peak = float(np.abs(converted).max())
    return (converted * min(gain, _PEAK / peak)).astype(np.float32)
