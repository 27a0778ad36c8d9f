"""Sound as the bytes of a format, piece by piece while it is made.

Invariant: what `push` and `finish` return, one after the other, is the whole file; nothing in it depends on
what comes later, so that the first bytes can be heard before the last are made. A WAV that streams says
that its length is unknown.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Protocol

from ttsd.errors import UsageError
from ttsd.frozen import frozen
from ttsd.http.tape import Tape

if TYPE_CHECKING:
    from ttsd.model import Samples

SUBTYPES: dict[str, tuple[str, ...]] = {
    "wav": ("PCM_16", "PCM_24", "FLOAT"),
    "flac": ("PCM_16", "PCM_24"),
    "ogg": ("VORBIS", "OPUS"),
    "mp3": ("MPEG_LAYER_III",),
    "pcm": ("PCM_16", "PCM_24", "FLOAT"),
}
"""Sample formats of each format; the first is the default."""
MEDIA = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "pcm": "audio/pcm",
}
RATES = {
    "OPUS": (8000, 12000, 16000, 24000, 48000),
    "MPEG_LAYER_III": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
}
"""Frames per second that a sample format takes; others take any."""
LOWEST_RATE, HIGHEST_RATE = 8000, 192_000
_UNKNOWN = 0xFFFFFFFF
HELD_SECONDS = 1.5
"""How long a FLAC is held back, so that its header can tell its length."""
MP3_LEVEL = 0.6
"""Between the largest bit rate (0) and the smallest (1) of an MP3."""
WAV_HEADER = 44
"""Bytes of a WAV's header."""


@frozen
class Form:
    """How sound is to be sent."""

    format: str = "wav"
    rate: int | None = None
    """Frames per second; None: the engine's."""
    subtype: str | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for what no encoder makes."""
        known = SUBTYPES.get(self.format)
        if known is None:
            raise UsageError(f"there is no format {self.format}", next_step=f"one of {', '.join(SUBTYPES)}")
        if self.subtype is not None and self.subtype not in known:
            raise UsageError(
                f"{self.format} has no subtype {self.subtype}", next_step=f"one of {', '.join(known)}"
            )
        rates = RATES.get(self.kind)
        if self.rate is not None and rates is not None and self.rate not in rates:
            taken = ", ".join(map(str, rates))
            raise UsageError(f"{self.kind} takes no rate of {self.rate}", next_step=f"one of {taken}")

    @property
    def kind(self) -> str:
        """The sample format."""
        return self.subtype or SUBTYPES[self.format][0]

    @property
    def media(self) -> str:
        """The media type."""
        return MEDIA[self.format]

    def rate_for(self, rate: int) -> int:
        """The rate at which sound of *rate* is sent: the same, unless another is wanted or must be."""
        rates = RATES.get(self.kind)
        if self.rate is not None:
            return self.rate
        return rate if rates is None else next((r for r in rates if r >= rate), rates[-1])


class Encoder(Protocol):
    """Turns samples into bytes. One thread."""

    def push(self, samples: Samples) -> bytes:
        """What is certain by now; may be nothing."""
        ...

    def finish(self) -> bytes:
        """The rest."""
        ...


def encoder(form: Form, rate: int) -> Encoder:
    """For sound of *rate* frames per second, mono float32."""
    target = form.rate_for(rate)
    made: Encoder
    if form.format in ("wav", "pcm"):
        made = _Plain(form.kind, target, header=form.format == "wav")
    else:
        made = _Compressed(form, target)
    return made if target == rate else _Resampled(made, rate, target)


def sized(wav: bytes) -> bytes:
    """A whole WAV that was streamed, with its length in its header."""
    return header_of(wav[:WAV_HEADER], len(wav)) + wav[WAV_HEADER:]


def header_of(header: bytes, size: int) -> bytes:
    """The header of a streamed WAV that has *size* bytes in all."""
    return header[:4] + struct.pack("<I", size - 8) + header[8:40] + struct.pack("<I", size - WAV_HEADER)


class _Plain:
    """Samples as they are, with or without a WAV's header."""

    def __init__(self, kind: str, rate: int, *, header: bool) -> None:
        self._kind = kind
        self._header = _wav_header(kind, rate) if header else b""

    def push(self, samples: Samples) -> bytes:
        """See Encoder."""
        header, self._header = self._header, b""
        return header + self._bytes(samples)

    def finish(self) -> bytes:
        """See Encoder."""
        header, self._header = self._header, b""
        return header

    def _bytes(self, samples: Samples) -> bytes:
        import numpy as np

        if self._kind == "FLOAT":
            return samples.astype("<f4").tobytes()
        clipped = np.clip(samples, -1.0, 1.0)
        if self._kind == "PCM_16":
            return (clipped * 32767).round().astype("<i2").tobytes()
        whole = (clipped.astype(np.float64) * 8_388_607).round().astype("<i4")
        return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _wav_header(kind: str, rate: int) -> bytes:
    width = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[kind]
    tag = 3 if kind == "FLOAT" else 1
    return (
        struct.pack("<4sI4s4sI", b"RIFF", _UNKNOWN, b"WAVE", b"fmt ", 16)
        + struct.pack("<HHIIHH", tag, 1, rate, rate * width, width, 8 * width)
        + struct.pack("<4sI", b"data", _UNKNOWN)
    )


class _Compressed:
    """What libsndfile encodes.

    A FLAC whose length is unknown is one that some readers refuse: it is held back for a moment, and what
    is short is whole by then.
    """

    def __init__(self, form: Form, rate: int) -> None:
        import soundfile

        self._tape = Tape()
        self._due = time.monotonic() + (HELD_SECONDS if form.format == "flac" else 0.0)
        self._file = soundfile.SoundFile(
            self._tape,
            "w",
            samplerate=rate,
            channels=1,
            format=form.format.upper(),
            subtype=form.kind,
            # An MP3 tells no length; of one with a constant bit rate its size does.
            bitrate_mode="CONSTANT" if form.format == "mp3" else None,
            compression_level=MP3_LEVEL if form.format == "mp3" else None,
        )

    def push(self, samples: Samples) -> bytes:
        """See Encoder."""
        self._file.write(samples)
        return self._tape.take() if time.monotonic() >= self._due else b""

    def finish(self) -> bytes:
        """See Encoder."""
        self._file.close()
        return self._tape.take()


class _Resampled:
    """At another rate first."""

    def __init__(self, made: Encoder, rate: int, target: int) -> None:
        from ttsd.audio.dsp import Resampler

        self._made = made
        self._resampler = Resampler(rate, target)

    def push(self, samples: Samples) -> bytes:
        """See Encoder."""
        return self._made.push(self._resampler.push(samples))

    def finish(self) -> bytes:
        """See Encoder."""
        return self._made.push(self._resampler.flush()) + self._made.finish()
