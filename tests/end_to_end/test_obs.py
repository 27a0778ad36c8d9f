"""What ttsd says into its cable is what a streamer's OBS records."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import obs
import pytest
import soundfile
from daemon_process import DaemonProcess
from obs import Obs
from soundserver import PulseAudio
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundserver import SoundServer

    from ttsd.model import Samples

pytestmark = pytest.mark.obs

CONFIG = """\
engines = ["hibari"]
[[sources]]
path = "chat.log"
start = "beginning"
[[outputs]]
type = "pulse"
device = "cable"
[[outputs]]
type = "file"
path = "spoken"
rate = 48000
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""
LINE = "Welcome to the stream: the next song is called morning rain."
NEXT = "This is heard while the recording's buffers take the line before it."
ALIKE = 0.98
"""Correlation; AAC at 320 kbit/s has 0.99999."""
LEAST = 0.9
TENTH = obs.RATE // 10
OFF = obs.RATE // 4
SILENT = 1e-5 * TENTH
"""Sum of squares of a tenth of a second at -50 dBFS."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SoundServer]:
    if why := PulseAudio.missing() or obs.missing():
        pytest.skip(why)
    made = PulseAudio(tmp_path / "server")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def daemon(tmp_path: Path, server: SoundServer) -> Iterator[DaemonProcess]:
    made = DaemonProcess(tmp_path / "d", CONFIG)
    made.environment |= {"PULSE_SERVER": server.address}
    yield made
    made.close()


def found(recorded: Samples, spoken: Samples) -> float:
    """Share of *spoken*'s tenths of a second that *recorded* has, each within 250 ms of its place.

    On a busy machine OBS itself loses some milliseconds now and then, and is late from there on.
    """
    size = 1 << (len(recorded) + len(spoken)).bit_length()
    both = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(spoken, size)), size)
    place = int(np.argmax(both[: len(recorded)]))
    tenths = [
        _likeness(recorded[max(place + at - OFF, 0) : place + at + TENTH + OFF], spoken[at : at + TENTH])
        for at in range(0, len(spoken) - TENTH, TENTH)
    ]
    return float(np.mean([likeness > ALIKE for likeness in tenths]))


def _likeness(recorded: Samples, tenth: Samples) -> float:
    """Correlation where *tenth* fits *recorded* best; 1 for a tenth that is silent."""
    energy = float(tenth @ tenth)
    if energy < SILENT:
        return 1.0
    if len(recorded) < len(tenth):
        return 0.0
    squares = np.concatenate([[0.0], np.cumsum(recorded.astype(np.float64) ** 2)])
    energies = squares[len(tenth) :] - squares[: -len(tenth)]
    fits = np.correlate(recorded, tenth, "valid") / np.sqrt(np.maximum(energies, SILENT) * energy)
    return float(fits.max())


@pytest.mark.parametrize(
    ("source", "device"), [("pulse_output_capture", "cable.monitor"), ("pulse_input_capture", "cable_mic")]
)
def test_obs_records_what_was_said(
    tmp_path: Path, server: SoundServer, daemon: DaemonProcess, source: str, device: str
) -> None:
    words = [sys.executable, "-m", "ttsd", "cable", "create", "--name", "cable"]
    subprocess.run(words, env=daemon.environment, check=True, timeout=60)
    (tmp_path / "obs").mkdir()
    streamer = Obs(tmp_path / "obs", server.environment(), source, device)
    try:
        streamer.wait_until_it_records()
        daemon.start()
        daemon.append(LINE, NEXT)
        wait_for(lambda: daemon.texts() == [LINE, NEXT], "both lines to be spoken", timeout=60)
        recorded = streamer.stop()
    finally:
        streamer.close()
    spoken, rate = soundfile.read(daemon.folder / "spoken" / daemon.spoken()[0]["wav"], dtype="float32")
    assert rate == obs.RATE
    share = found(recorded, spoken)
    assert share >= LEAST, f"{share:.2f} of it was recorded:\n{streamer.log()[-3000:]}"


def test_the_measure_tells_what_was_lost() -> None:
    spoken = np.random.default_rng(1).normal(0, 0.1, 20 * TENTH + 7).astype(np.float32)
    silence = np.zeros(4 * TENTH, np.float32)
    assert found(np.concatenate([silence, spoken, silence]), spoken) == 1.0
    late = np.concatenate([silence, spoken[: 5 * TENTH], silence[:900], spoken[5 * TENTH :], silence])
    assert found(late, spoken) == 1.0
    assert found(np.concatenate([silence, spoken[: 15 * TENTH], silence]), spoken) == 0.75
    assert found(np.concatenate([silence, spoken[::-1], silence]), spoken) < LEAST
