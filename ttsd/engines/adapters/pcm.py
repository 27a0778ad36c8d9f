"""Bytes that arrive in pieces, turned into samples: raw PCM, and WAV whose sizes may be unknown.

Programs and servers write sound while they make it: pieces end anywhere, also inside a sample, and a
WAV's header is written before its length is known. A length that *is* told and not reached is a fault.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ttsd.errors import EngineRefused
from ttsd.frozen import frozen
from ttsd.model import Chunk

if TYPE_CHECKING:
    from ttsd.model import Samples

KINDS = {"u8": 1, "s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4, "f64le": 8}
"""Sample formats and their bytes."""
ENDLESS = 0x7FFF0000
"""From here a WAV's length is not one: 0xFFFFFFFF, 0x7FFFFFFF and their like of those who stream."""
LONGEST_HEADER = 1 << 20
"""Bytes before a WAV's samples."""
_EXTENSIBLE = 0xFFFE
_TYPES = {"u8": "u1", "s16le": "<i2", "s32le": "<i4", "f32le": "<f4", "f64le": "<f8"}
_FULL = {"u8": 128.0, "s16le": 2.0**15, "s32le": 2.0**31}


@frozen
class Pcm:
    """How samples are written."""

    rate: int
    """Frames per second."""
    channels: int = 1
    kind: str = "s16le"
    """One of KINDS."""

    @property
    def frame(self) -> int:
        """Bytes of a frame."""
        return KINDS[self.kind] * self.channels


class PcmReader:
    """Raw PCM."""

    def __init__(self, form: Pcm) -> None:
        self._form = form
        self._rest = b""

    def feed(self, data: bytes) -> list[Chunk]:
        """What is complete with *data*; the rest of a frame waits for the next piece."""
        data = self._rest + data
        whole = len(data) - len(data) % self._form.frame
        self._rest = data[whole:]
        return [Chunk(_samples(data[:whole], self._form), self._form.rate)] if whole else []

    def finish(self) -> None:
        """All has come. Raises EngineRefused if it ended inside a sample."""
        if self._rest:
            raise EngineRefused("its sound ended inside a sample")


class WavReader:
    """A WAV of any integer or float format, as long as it says or, if it says nothing, until the end."""

    def __init__(self) -> None:
        self._header = b""
        self._inner: PcmReader | None = None
        self._left: int | None = None
        """Bytes of samples still to come; None: not told."""

    def feed(self, data: bytes) -> list[Chunk]:
        """What is complete with *data*. Raises EngineRefused for what is no WAV that can be read."""
        if self._inner is None:
            self._header += data
            parsed = _parse(self._header)
            if parsed is None:
                if len(self._header) > LONGEST_HEADER:
                    raise EngineRefused("gave a WAV whose sound does not begin")
                return []
            form, start, size = parsed
            data, self._header = self._header[start:], b""
            self._inner = PcmReader(form)
            if size is not None:
                self._left = size - size % form.frame
        if self._left is not None:
            data = data[: self._left]  # what follows are other chunks: titles and the like
            self._left -= len(data)
        return self._inner.feed(data)

    def finish(self) -> None:
        """All has come. Raises EngineRefused if there was no WAV, or less of it than it told."""
        if self._inner is None:
            raise EngineRefused("gave no WAV" if not self._header else "gave a WAV that ends in its header")
        if self._left:
            raise EngineRefused(f"its sound stopped in the middle: {self._left} bytes are missing")
        self._inner.finish()


def is_wav(data: bytes) -> bool:
    """Whether *data*, four bytes or more, begins a WAV."""
    return data[:4] in (b"RIFF", b"RF64")


def _parse(header: bytes) -> tuple[Pcm, int, int | None] | None:
    """Format, where the samples begin and their bytes (None: not told); None: more is needed."""
    if not (is_wav(header) or b"RIFF".startswith(header[:4]) or b"RF64".startswith(header[:4])):
        raise EngineRefused("gave what is no WAV")
    if len(header) < 12:
        return None
    if header[8:12] != b"WAVE":
        raise EngineRefused("gave what is no WAV")
    at, form = 12, None
    while len(header) >= at + 8:
        name, size = struct.unpack_from("<4sI", header, at)
        at += 8
        if name == b"data":
            if form is None:
                raise EngineRefused("gave a WAV that does not tell its format")
            return form, at, None if size == 0 or size >= ENDLESS else size
        if name == b"fmt ":
            if len(header) < at + size:
                return None
            form = _format(header[at : at + size])
        at += size + size % 2
    return None


def _format(chunk: bytes) -> Pcm:
    if len(chunk) < 16:
        raise EngineRefused("gave a WAV that does not tell its format")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    kinds = {(1, 8): "u8", (1, 16): "s16le", (1, 24): "s24le", (1, 32): "s32le"}
    kinds |= {(3, 32): "f32le", (3, 64): "f64le"}
    kind = kinds.get((tag, bits))
    if kind is None or not 1 <= channels <= 32 or not 1000 <= rate <= 768000:
        raise EngineRefused(
            f"gave a WAV that cannot be read: format {tag}, {bits} bits, {channels} channels, {rate} Hz"
        )
    return Pcm(rate, channels, kind)


def _samples(data: bytes, form: Pcm) -> Samples:
    """Mono float32 of whole frames; several channels are averaged."""
    import numpy as np

    kind = form.kind
    if kind == "s24le":
        bytes_of = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(bytes_of), 4), np.uint8)
        wide[:, 1:] = bytes_of  # the upper three bytes of 32 bits, so that the sign is right
        data, kind = wide.tobytes(), "s32le"
    sound: Samples = np.frombuffer(data, _TYPES[kind]).astype(np.float32)
    if kind == "u8":
        sound -= np.float32(128)
    if kind in _FULL:
        sound /= np.float32(_FULL[kind])
    return sound if form.channels == 1 else sound.reshape(-1, form.channels).mean(1, np.float32)
