"""A voice is taken only from a recording that has one."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from recordings import hiss, speech, tone

from ttsd.audio.recording import LEVEL, LONGEST, RATE, RecordingError, checked, read

if TYPE_CHECKING:
    from ttsd.model import Samples


def test_a_good_recording_is_made_mono_at_one_rate_and_level() -> None:
    found = checked(speech(8, 44_100), 44_100)
    assert found.samples.dtype == np.float32
    assert found.samples.ndim == 1
    assert len(found.samples) / RATE == pytest.approx(found.seconds, abs=0.01)
    assert (found.rate, found.notes) == (44_100, ())
    loud = found.samples[np.abs(found.samples) > 0.003]
    assert 20 * np.log10(np.sqrt(np.mean(loud**2))) == pytest.approx(LEVEL, abs=4)
    assert float(np.abs(found.samples).max()) < 0.9


def test_silence_at_its_ends_is_left_out() -> None:
    silence = np.zeros(5 * RATE, np.float32)
    found = checked(np.concatenate([silence, speech(5), silence]), RATE)
    assert 4.5 < found.seconds < 5.5


def test_what_is_too_long_is_cut_and_told() -> None:
    found = checked(speech(LONGEST + 20), RATE)
    assert found.seconds == LONGEST
    assert found.notes == ("only its first 60 s are kept",)


def test_a_rate_that_could_be_better_is_told() -> None:
    assert "more would sound better" in checked(speech(8, 16_000), 16_000).notes[0]


@pytest.mark.parametrize(
    ("sound", "rate", "what"),
    [
        (speech(8, 8000), 8000, "8000 samples a second"),
        (np.zeros(0, np.float32), RATE, "nothing to be heard"),
        (np.zeros(8 * RATE, np.float32), RATE, "nothing to be heard"),
        (speech(1.5), RATE, "s of voice"),
        (speech(8, level=0.005, noise=0.0), RATE, "nothing to be heard|too quiet"),
        (np.clip(speech(8, level=3.0), -1, 1), RATE, "peaks are cut off"),
        (hiss(8), RATE, "no speech"),
        (tone(8), RATE, "no speech"),
        (speech(8, noise=0.05), RATE, "above the noise"),
        (np.full(8 * RATE, np.nan, np.float32), RATE, "no numbers"),
    ],
    ids=["rate", "empty", "silence", "short", "quiet", "clipped", "noise", "tone", "noisy", "nan"],
)
def test_each_fault_is_named_with_what_to_do(sound: Samples, rate: int, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        checked(sound, rate)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_any_usual_format_also_as_an_upload(kind: str, tmp_path: Path) -> None:
    stereo = np.stack([speech(6)] * 2, axis=1)
    file = tmp_path / f"voice.{kind.lower()}"
    soundfile.write(file, stereo, RATE, format=kind)
    assert read(file).seconds == pytest.approx(6, abs=0.5)
    assert read(io.BytesIO(file.read_bytes())).seconds == pytest.approx(6, abs=0.5)


def test_what_is_no_sound_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    for source in (tmp_path / "text.wav", tmp_path / "nowhere.wav", tmp_path, io.BytesIO(b"x" * 100)):
        with pytest.raises(RecordingError, match="no recording that can be read") as refused:
            read(source)
        assert "object at" not in refused.value.what


@pytest.mark.voice
def test_real_speech_passes(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    (tmp_path / "ttsd.toml").write_text('engines = ["hibari"]')
    text = "The quick brown fox jumps over the lazy dog, and then it sleeps. It was a long day after all."
    words = ["say", "--out", "voice.wav", "--config", "ttsd.toml", text]
    subprocess.run([sys.executable, "-m", "ttsd", *words], cwd=tmp_path, check=True, timeout=60)
    assert read(tmp_path / "voice.wav").seconds > 3
