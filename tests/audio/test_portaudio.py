"""PortAudio against a real sound server (through ALSA's Pulse device)."""

from __future__ import annotations

import ctypes.util
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from soundserver import RATE, noise, recording
from waiting import wait_for

from ttsd.audio.portaudio import PortAudio, PortAudioOutput
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundserver import SoundServer


@pytest.fixture
def output(pulseaudio: SoundServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PortAudioOutput]:
    if ctypes.util.find_library("portaudio") is None:
        pytest.skip("PortAudio missing: apt install libportaudio2")
    pulseaudio.pactl("set-default-sink", "ttsd")
    for key in ("HOME", "XDG_RUNTIME_DIR", "PULSE_SERVER"):
        monkeypatch.setenv(key, pulseaudio.environment()[key])
    library = PortAudio()
    if "pulse" not in library.names():
        pytest.skip("ALSA has no Pulse device: apt install libasound2-plugins")
    made = PortAudioOutput("pulse", library=library, rate=RATE)
    yield made
    made.close()


@pytest.mark.cable
def test_every_sample_arrives_also_of_a_word_shorter_than_the_buffer(
    pulseaudio: SoundServer, output: PortAudioOutput
) -> None:
    output.open()
    parts = [noise(seconds, seed) for seed, seconds in enumerate((0.3, 0.004, 0.2, 0.005))]
    with recording(pulseaudio) as heard:
        for part in parts:
            for start in range(0, part.size, 480):
                output.write(part[start : start + 480], RATE)
            wait_for(lambda: output.played() == output.written(), "everything to be heard")
        spoken = np.concatenate(parts)
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= spoken.size, "all in the recording")
        left = heard.frames()[:, 0]
        assert np.array_equal(left[left != 0], spoken)


@pytest.mark.cable
def test_played_follows_the_device(output: PortAudioOutput) -> None:
    output.open()
    sound, seen, begun = noise(0.5), [0], time.monotonic()
    for start in range(0, sound.size, 480):
        output.write(sound[start : start + 480], RATE)
        seen.append(output.played())
        assert 0 <= output.written() - seen[-1] <= 0.1 * RATE
    wait_for(lambda: output.played() == output.written(), "everything to be heard")
    assert time.monotonic() - begun >= 0.45
    assert seen == sorted(seen)
    output.close()
    assert output.played() == output.written() == sound.size


@pytest.mark.cable
def test_a_device_that_is_not_there_is_named_with_those_that_are(output: PortAudioOutput) -> None:
    del output
    with pytest.raises(OutputError, match="no output device Nowhere") as raised:
        PortAudioOutput("Nowhere", library=PortAudio()).open()
    assert "pulse" in (raised.value.next_step or "")


@pytest.mark.cable
def test_a_killed_server_is_an_error(pulseaudio: SoundServer, output: PortAudioOutput) -> None:
    output.open()
    output.write(noise(0.02), RATE)
    pulseaudio.kill()

    def speak() -> None:
        for _ in range(100):
            output.write(noise(0.02), RATE)

    with pytest.raises(OutputError):
        speak()
    with pytest.raises(OutputError):
        output.open()
    pulseaudio.start()
    output.open()
    output.write(noise(0.02), RATE)
    wait_for(lambda: output.played() == output.written(), "sound again")


def test_without_the_library_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    with pytest.raises(OutputError) as raised:
        PortAudioOutput(library=PortAudio()).open()
    assert "libportaudio2" in (raised.value.next_step or "")
