"""Sound that arrives in pieces: the same samples wherever the pieces end, and no half sound taken for whole."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapters.pcm import Pcm, PcmReader, WavReader
from ttsd.errors import EngineRefused

SOUND = np.sin(np.arange(300) / 5).astype(np.float32) * 0.5


def read(reader: PcmReader | WavReader, data: bytes, cuts: list[int]) -> np.ndarray:
    """All of *data*, in pieces."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    chunks = [c for a, b in pairwise(edges) for c in reader.feed(data[a:b])]
    reader.finish()
    return np.concatenate([chunk.samples for chunk in chunks])


def wav(subtype: str = "PCM_16", channels: int = 1, kind: str = "WAV") -> bytes:
    """SOUND as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, np.stack([SOUND] * channels, 1), 24000, subtype, format=kind)
    return file.getvalue()


@given(
    st.sampled_from(["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]),
    st.integers(1, 3),
    st.sampled_from(["WAV", "WAVEX"]),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_a_wav_is_the_same_wherever_it_is_cut(
    subtype: str, channels: int, kind: str, cuts: list[int]
) -> None:
    heard = read(WavReader(), wav(subtype, channels, kind), cuts)
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, SOUND, atol=0.01 if subtype == "PCM_U8" else 1e-4)


@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_raw_sound_carries_odd_bytes_from_piece_to_piece(cuts: list[int]) -> None:
    data = (SOUND * 32767).astype("<i2").tobytes()
    np.testing.assert_allclose(read(PcmReader(Pcm(24000)), data, cuts), SOUND, atol=1e-4)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36])
def test_a_wav_that_does_not_know_its_length_goes_on_to_the_end(size: int) -> None:
    data = bytearray(wav())
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    np.testing.assert_allclose(read(WavReader(), bytes(data), [50, 333]), SOUND, atol=1e-4)


def test_what_follows_the_samples_is_no_sound() -> None:
    data = wav() + b"LIST\x04\x00\x00\x00INFO"
    assert read(WavReader(), data, []).size == SOUND.size


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "gave no WAV"),
        (b"RIFF", "ends in its header"),
        (b"<html>", "what is no WAV"),
        (b"RIFF\0\0\0\0AVI ", "what is no WAV"),
        (wav()[:-7], "stopped in the middle: 7 bytes"),
        (wav("ULAW"), "cannot be read: format 7"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "does not tell its format"),
        (b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0ab" + b"data\0\0\0\0", "does not tell its format"),
        (b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\x7f" + b"\0" * (1 << 21), "does not begin"),
    ],
)
def test_what_is_no_whole_wav_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(EngineRefused, match=words):
        read(WavReader(), data, [])


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_and_nothing_else(data: bytes) -> None:
    for head in (b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"):
        reader = WavReader()
        try:
            reader.feed(head + data)
            reader.finish()
        except EngineRefused:
            pass


def test_raw_sound_that_ends_inside_a_sample_is_refused() -> None:
    with pytest.raises(EngineRefused, match="inside a sample"):
        read(PcmReader(Pcm(8000)), b"\0\1\2", [])
