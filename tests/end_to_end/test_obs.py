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
LEAST = 0.98


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


def likeness(recorded: Samples, spoken: Samples) -> float:
    """Correlation where *spoken* fits *recorded* best."""
    size = 1 << (len(recorded) + len(spoken)).bit_length()
    both = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(spoken, size)), size)
    place = int(np.argmax(both[: len(recorded)]))
    part = recorded[place : place + len(spoken)]
    return float(np.corrcoef(part, spoken[: len(part)])[0, 1]) if len(part) == len(spoken) else 0.0


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
    assert likeness(recorded, spoken) > LEAST, streamer.log()[-3000:]
