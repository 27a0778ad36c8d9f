"""From settings to outputs; and what `auto` makes of a machine with and without audio."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeClock

from ttsd.audio import libpulse
from ttsd.audio.auto import AutoOutput
from ttsd.audio.build import make, make_all
from ttsd.audio.file import FileOutput
from ttsd.audio.null import NullOutput
from ttsd.errors import BetterDevice, OutputError
from ttsd.model import SAY, Spoken, State, Utterance, UtteranceId
from ttsd.settings import OutputSettings

if TYPE_CHECKING:
    from pathlib import Path

    from soundserver import SoundServer


class Device(NullOutput):
    """A device that can be plugged in."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, rate=1000, wait=clock.advance)
        self.there = False

    def open(self) -> None:
        if not self.there:
            raise OutputError("unplugged")


def test_names_are_stable_and_unique(tmp_path: Path) -> None:
    settings = [
        OutputSettings(),
        OutputSettings(type="pulse", device="ttsd"),
        OutputSettings(type="pulse"),
        OutputSettings(type="portaudio", device="Speakers"),
        OutputSettings(type="file", path=tmp_path / "a" / "spoken"),
        OutputSettings(type="file", path=tmp_path / "b" / "spoken"),
        OutputSettings(type="file"),
        OutputSettings(type="null"),
        OutputSettings(type="null", device="untimed"),
    ]
    made = make_all(settings, folder=tmp_path / "kept")
    assert [output.name for output in made] == [
        "auto",
        "pulse:ttsd",
        "pulse:default",
        "portaudio:Speakers",
        "file:spoken",
        "file:spoken#2",
        "file:kept",
        "null",
        "null:untimed",
    ]
    assert all(output.describe() for output in made)


def test_auto_keeps_files_where_there_is_no_audio_and_says_so(tmp_path: Path) -> None:
    output = make(OutputSettings(), folder=tmp_path / "kept", server="unix:/nowhere")
    output.open()
    assert output.rate is None
    assert not output.live
    assert "no audio on this machine" in output.describe()
    assert str(tmp_path / "kept") in output.describe()
    output.close()


@pytest.mark.cable
def test_auto_is_the_default_device_where_there_is_one(tmp_path: Path, pulseaudio: SoundServer) -> None:
    output = make(OutputSettings(), folder=tmp_path / "kept", server=pulseaudio.address)
    output.open()
    assert output.rate == 48000
    assert output.live
    assert "other" in output.describe()
    output.close()
    assert not (tmp_path / "kept").exists()


def speak(output: AutoOutput, number: int) -> None:
    id = UtteranceId(number)
    output.begin(Utterance(id=id, text="hello", source=SAY, queued_at=1))
    output.write(np.ones(10, np.float32), output.rate or 1000)
    output.end(
        Spoken(
            id=id,
            text="hello",
            source=SAY,
            state=State.SPOKEN,
            engine=None,
            voice=None,
            queued_at=1,
            ended_at=2,
        )
    )


def test_auto_moves_to_a_device_that_appears_and_then_stays_with_devices(tmp_path: Path) -> None:
    clock = FakeClock()
    device, files = Device(clock), FileOutput(tmp_path)
    output = AutoOutput([device], files, clock)
    output.open()
    speak(output, 1)
    device.there = True
    assert output.played() == 10  # not asked again yet
    clock.advance(10)
    output.begin(Utterance(id=UtteranceId(2), text="b", source=SAY, queued_at=1))
    assert output.played() == 10  # an utterance ends where it began
    speak(output, 3)
    clock.advance(10)
    with pytest.raises(BetterDevice):
        output.played()
    output.close()
    output.open()
    assert output.live
    assert output.rate == 1000
    device.there = False
    output.close()
    with pytest.raises(OutputError, match="unplugged"):
        output.open()
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["000001.wav", "000002.wav"]


def test_a_missing_pulse_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise OSError("not found")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(OutputError) as raised:
        libpulse.load()
    assert "libpulse0" in (raised.value.next_step or "")


def test_importing_the_room_stays_light() -> None:
    heavy = ("numpy", "soxr", "soundfile", "sounddevice", "cffi")
    code = (
        "import sys, ttsd.audio.build, ttsd.audio.dsp, ttsd.audio.trim, ttsd.audio.limiter, ttsd.audio.loudness;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_fallback_device_speaks_while_the_first_is_gone_and_gives_back_between_utterances() -> None:
    clock = FakeClock()
    first, second = Device(clock), Device(clock)
    second.there = True
    output = AutoOutput([first], second, clock, name="pulse:ttsd", faithful=False, why="pulse:ttsd is gone")
    said = Utterance(UtteranceId(1), "hello", SAY, clock.time())
    output.open()
    assert output.describe().startswith("pulse:ttsd is gone")
    output.begin(said)
    first.there = True
    clock.advance(10)
    output.write(np.ones(10, np.float32), 1000)
    assert output.played() <= 10, "nothing changes within an utterance"
    output.end(
        Spoken(said.id, said.text, said.source, State.SPOKEN, None, None, said.queued_at, clock.time())
    )
    clock.advance(10)
    with pytest.raises(BetterDevice):
        output.played()
    output.close()
    output.open()
    assert not output.describe().startswith("pulse:ttsd is gone")
    first.there = False
    output.close()
    output.open()
    assert output.describe().startswith("pulse:ttsd is gone"), "it falls back again"
