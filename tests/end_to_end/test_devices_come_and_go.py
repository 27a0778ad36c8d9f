"""A device or its server goes away in the middle of a sentence: the whole daemon waits, and goes on at the sample.

The engine gives known noise, so that what two recordings heard, before and after, is put together sample for
sample.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from daemon_process import SPEAK_SECONDS, DaemonProcess, MakeDaemon
from soundserver import RATE, PipeWire, PulseAudio, Recording, SoundServer, noise, recording
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttsd.model import Samples

pytestmark = pytest.mark.cable

SECONDS = 4.0
CONFIG = """\
engines = ["command"]
[engine.command]
command = {command}
[[sources]]
path = "chat.log"
start = "beginning"
[[outputs]]
type = "pulse"
device = "ttsd"
latency = {latency}
[speech]
level = false
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""


@pytest.fixture(params=[PulseAudio, PipeWire], ids=["pulseaudio", "pipewire"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    kind: type[SoundServer] = request.param
    if reason := kind.missing():
        pytest.skip(reason)
    made = kind(tmp_path / "server")
    yield made
    made.kill()


@pytest.fixture
def speaker(server: SoundServer, make_daemon: MakeDaemon, tmp_path: Path) -> DaemonProcess:
    """A daemon, not started, whose only sentence is the noise, into the sink `ttsd`."""
    wave = tmp_path / "noise.wav"
    soundfile.write(wave, noise(SECONDS), RATE, subtype="PCM_16")
    command = json.dumps(shlex.join(["cat", str(wave)]))
    made = make_daemon(CONFIG.format(command=command, latency=server.LATENCY))
    made.environment["PULSE_SERVER"] = server.address
    return made


def loud(samples: Samples) -> int:
    return int(np.count_nonzero(samples))


def spoken(recorded: Recording, server: SoundServer) -> Samples:
    """What was recorded of the noise, to its last sample; zeros are where a busy machine was late.

    Cycles that the server itself lost on a busy machine are put back.
    """
    sound = noise(SECONDS)
    end = sound[-8:]

    def heard() -> Samples:
        left = recorded.frames()[:, 0]
        sounding: Samples = left[left != 0]
        return sounding

    wait_for(lambda: np.array_equal(heard()[-8:], end), "the last sample", timeout=SPEAK_SECONDS)
    return without_gaps(heard(), sound, server.CYCLE) if server.CYCLE else heard()


def without_gaps(heard: Samples, sound: Samples, cycle: int) -> Samples:
    """*heard*, the end of *sound*, with whole cycles put back that are missing before its end."""
    for _ in range(10):
        known = min(len(heard), len(sound))
        differ = np.flatnonzero(heard[len(heard) - known :] != sound[len(sound) - known :])
        if not differ.size:
            break
        at = known - 1 - int(differ[-1])  # so many before the end are as they should be
        for missing in range(cycle, 5 * cycle, cycle):
            upto, source = len(heard) - at, len(sound) - at - missing
            before = min(upto, source, 64)
            if before == 64 and np.array_equal(heard[upto - 64 : upto], sound[source - 64 : source]):
                heard = np.concatenate([heard[:upto], sound[source : source + missing], heard[upto:]])
                break
        else:
            break
    return heard


def test_what_is_put_back_is_whole_cycles() -> None:
    sound = noise(0.2)
    lost = np.concatenate([sound[:3000], sound[4024:6000], sound[8048:]])
    assert np.array_equal(without_gaps(lost, sound, 1024), sound)
    for ours in (np.concatenate([sound[:3000], sound[3500:]]), sound[1024:], -sound):
        assert not np.array_equal(without_gaps(ours, sound, 1024), sound)


FADE = RATE // 10
"""Samples at the beginning that are not compared: speech goes on by a short ramp."""


def sink_goes(server: SoundServer) -> None:
    server.remove_sink("ttsd")


def sink_returns(server: SoundServer) -> None:
    server.add_sink("ttsd")


def server_dies(server: SoundServer) -> None:
    server.kill()


def server_returns(server: SoundServer) -> None:
    server.start()


def is_missed(daemon: DaemonProcess) -> bool:
    return bool(daemon.status()["outputs"][0]["error"])


@pytest.mark.parametrize(
    ("goes", "returns"),
    [(sink_goes, sink_returns), (server_dies, server_returns)],
    ids=["sink removed", "server killed"],
)
def test_what_is_lost_in_the_middle_goes_on_at_the_sample_and_nowhere_else(
    server: SoundServer,
    speaker: DaemonProcess,
    goes: Callable[[SoundServer], None],
    returns: Callable[[SoundServer], None],
) -> None:
    server.start()
    speaker.start()
    with recording(server) as first, recording(server, "other") as astray:
        speaker.append("a line")
        wait_for(lambda: loud(first.frames()) > RATE, "some of it to be heard", timeout=SPEAK_SECONDS)
        goes(server)
        wait_for(lambda: is_missed(speaker), "the output to be missed")
        heard = first.heard()
        assert not loud(astray.frames())
    speaker.call("pause")  # so that the second recording runs before it goes on
    returns(server)
    with recording(server) as second:
        speaker.call("resume")
        rest = spoken(second, server)
    sound = noise(SECONDS)
    at = len(sound) - len(rest)
    assert np.array_equal(rest[FADE:], sound[at + FADE :])
    unrecorded = server.RECORDING_MS * RATE // 1000  # sounded, and died with the recording
    assert at <= len(heard) + unrecorded, "samples between the two were never heard"
    assert len(heard) - at < RATE, "more than a second is heard twice"


def test_a_server_that_starts_after_the_daemon_hears_the_whole_line(
    server: SoundServer, speaker: DaemonProcess
) -> None:
    speaker.append("a line")
    speaker.start()
    wait_for(lambda: speaker.status()["queue"]["queued"], "the line to wait", timeout=SPEAK_SECONDS)
    wait_for(lambda: is_missed(speaker), "the server to be missed")
    speaker.call("pause")
    server.start()
    with recording(server) as heard:
        speaker.call("resume")
        whole = spoken(heard, server)
    at = len(noise(SECONDS)) - len(whole)
    assert at <= 1  # a ramp begins with a zero
    assert np.array_equal(whole[FADE:], noise(SECONDS)[at + FADE :])
