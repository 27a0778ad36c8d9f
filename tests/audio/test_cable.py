"""A cable is made once, removed wholly, and never becomes everybody's loudspeaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from soundserver import RATE, noise
from waiting import wait_for

from ttsd.audio import cable
from ttsd.audio.cable import Cable, CableStatus
from ttsd.audio.devices import list_devices
from ttsd.audio.pulse import PulseOutput
from ttsd.audio.pulse_client import PulseClient
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundserver import SoundServer

pytestmark = pytest.mark.cable
LEAD = Cable(sink="lead", microphone="lead_mic")


@pytest.fixture
def client(server: SoundServer) -> Iterator[PulseClient]:
    made = PulseClient(server.address)
    yield made
    made.close()


def modules(server: SoundServer) -> int:
    return sum("lead" in line for line in server.pactl("list", "short", "modules").splitlines())


def test_a_cable_is_made_once_and_removed_wholly(server: SoundServer, client: PulseClient) -> None:
    assert cable.status(client, LEAD) == CableStatus(sink=False, microphone=False)
    assert cable.create(client, LEAD).complete
    made = modules(server)
    assert cable.create(client, LEAD).complete
    assert modules(server) == made == 2
    assert client.server().default_sink == "other"
    assert cable.remove(client, LEAD) == CableStatus(sink=False, microphone=False)
    assert modules(server) == 0
    assert cable.remove(client, LEAD) == CableStatus(sink=False, microphone=False)


def test_what_is_missing_of_a_cable_is_mended(server: SoundServer, client: PulseClient) -> None:
    server.add_sink("lead")
    assert cable.status(client, LEAD) == CableStatus(sink=True, microphone=False)
    assert cable.create(client, LEAD).complete
    assert modules(server) == 2


def test_what_is_spoken_into_the_cable_is_heard_at_its_microphone(
    server: SoundServer, client: PulseClient
) -> None:
    cable.create(client, LEAD)
    output = PulseOutput("lead", server=server.address, latency=0.2)
    output.open()
    sound = noise(0.3)
    with server.record("lead_mic") as heard:
        for start in range(0, sound.size, 480):
            output.write(sound[start : start + 480], RATE)
        wait_for(lambda: output.played() == output.written(), "everything to be heard")
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= sound.size, "all at the microphone")
        left = heard.frames()[:, 0]
        assert np.array_equal(left[left != 0], sound)
    output.close()


def test_a_refusal_of_the_server_is_told(pulseaudio: SoundServer) -> None:
    client = PulseClient(pulseaudio.address)
    with pytest.raises(OutputError, match="module-null-sink cannot be loaded"):
        cable.create(client, Cable(sink="lead", microphone="m", rate=-5))
    client.close()


def test_devices_are_listed_as_they_are_now(server: SoundServer) -> None:
    def named() -> dict[str, bool]:
        found = list_devices(server=server.address).devices
        return {device.name: device.default for device in found if device.kind == "pulse"}

    assert named() == {"ttsd": False, "other": True}
    server.add_sink("lead")
    assert set(named()) == {"ttsd", "other", "lead"}
    server.remove_sink("lead")
    wait_for(lambda: set(named()) == {"ttsd", "other"}, "the sink to leave the list")
    server.kill()
    listing = list_devices(server=server.address)
    assert "pulse" not in {device.kind for device in listing.devices}
    assert [problem.where for problem in listing.problems] == ["sound server"]
