"""Speech on a real sound server: every sample, on the named sink and on no other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from soundserver import RATE, noise, recording
from waiting import wait_for

from ttsd.audio.pulse import PulseOutput
from ttsd.audio.pulse_client import PulseClient
from ttsd.errors import OutputError
from ttsd.model import SAY, Spoken, State, UtteranceId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundserver import SoundServer

    from ttsd.model import Samples

pytestmark = pytest.mark.cable


@pytest.fixture
def output(server: SoundServer) -> Iterator[PulseOutput]:
    made = PulseOutput("ttsd", server=server.address, latency=server.LATENCY)
    yield made
    made.close()


def write(output: PulseOutput, sound: Samples) -> None:
    for start in range(0, sound.size, RATE // 100):
        output.write(sound[start : start + RATE // 100], RATE)


def drain(output: PulseOutput) -> None:
    wait_for(lambda: output.played() == output.written(), "everything to be heard")


def write_until_lost(output: PulseOutput) -> None:
    for _ in range(1000):
        write(output, noise(0.02))
        output.played()


def test_every_sample_arrives_once_in_order_and_without_a_gap(server: SoundServer) -> None:
    sound = noise(1.0)
    output = PulseOutput("ttsd", server=server.address, latency=0.5)  # a busy machine must not starve it
    output.open()
    assert output.rate == RATE
    with recording(server) as heard:
        write(output, sound)
        drain(output)
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= sound.size, "the end in the recording")
        left = heard.heard()
        assert np.array_equal(left[left != 0], sound)
        # PipeWire takes whole blocks: what does not fill one may come a block later.
        assert np.all(left[: sound.size - 4096])
        frames = heard.frames()
        assert np.array_equal(frames[:, 0], frames[:, 1])
    output.close()


def test_a_stream_that_ran_dry_loses_nothing_of_the_next_utterance(
    server: SoundServer, output: PulseOutput
) -> None:
    output.open()
    with recording(server) as heard:
        for seed, seconds in enumerate((0.3, 0.004, 0.25, 0.1)):
            write(output, noise(seconds, seed))
            drain(output)
        expected = sum(noise(seconds, seed).size for seed, seconds in enumerate((0.3, 0.004, 0.25, 0.1)))
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= expected, "all in the recording")
        left = heard.frames()[:, 0]
        spoken = np.concatenate([noise(s, seed) for seed, s in enumerate((0.3, 0.004, 0.25, 0.1))])
        assert np.array_equal(left[left != 0], spoken)


def test_played_never_goes_back_and_is_true_to_the_device(server: SoundServer, output: PulseOutput) -> None:
    output.open()
    assert (output.written(), output.played()) == (0, 0)
    sound, seen, begun = noise(0.5), [0], time.monotonic()
    for start in range(0, sound.size, 480):
        output.write(sound[start : start + 480], RATE)
        seen.append(output.played())
        assert output.written() - seen[-1] <= (server.LATENCY + 0.06) * RATE
    drain(output)
    took = time.monotonic() - begun
    assert seen == sorted(seen)
    assert output.played() == output.written() == sound.size
    assert took >= 0.49  # not merely handed over


def test_a_sink_that_goes_is_an_error_and_nothing_lands_elsewhere(
    server: SoundServer, output: PulseOutput
) -> None:
    output.open()
    with recording(server, "other") as astray:
        write(output, noise(0.1))
        drain(output)
        server.remove_sink("ttsd")
        with pytest.raises(OutputError) as raised:
            write_until_lost(output)
        assert raised.value.where == "pulse:ttsd"
        assert raised.value.next_step
        assert 0.1 * RATE <= output.played() <= output.written()
        with pytest.raises(OutputError, match="no sink ttsd"):
            output.open()
        server.add_sink("ttsd")
        output.open()
        assert (output.written(), output.played()) == (0, 0)
        write(output, noise(0.1))
        drain(output)
        before = astray.file.stat().st_size
        wait_for(lambda: astray.file.stat().st_size > before, "the other sink's recording to go on")
        assert not astray.heard().size


def test_a_killed_server_is_an_error_and_its_successor_is_used(
    server: SoundServer, output: PulseOutput
) -> None:
    output.open()
    write(output, noise(0.1))
    server.kill()
    with pytest.raises(OutputError):
        write_until_lost(output)
    with pytest.raises(OutputError, match="no sound server answers"):
        output.open()
    server.start()
    output.open()
    write(output, noise(0.1))
    drain(output)


def test_a_server_that_starts_late_is_found(stopped_server: SoundServer) -> None:
    output = PulseOutput("ttsd", server=stopped_server.address)
    with pytest.raises(OutputError):
        output.open()
    assert "not open" in output.describe()
    stopped_server.start()
    output.open()
    output.open()
    assert "sink ttsd, 48000 Hz" in output.describe()
    output.close()
    output.close()


def test_a_short_latency_bounds_what_still_sounds(server: SoundServer) -> None:
    output = PulseOutput("ttsd", server=server.address, latency=0.02)
    output.open()
    write(output, noise(0.3))
    assert output.written() - output.played() <= 0.05 * RATE
    output.close()


def test_without_a_name_the_default_sink_is_taken(server: SoundServer) -> None:
    output = PulseOutput(server=server.address)
    output.open()
    assert "other" in output.describe()
    with recording(server, "other") as heard:
        write(output, noise(0.05))
        drain(output)
        wait_for(lambda: heard.heard().size >= 0.05 * RATE, "the sound on the default sink")
    output.close()


def test_a_sinks_number_is_not_its_name(server: SoundServer) -> None:
    client = PulseClient(server.address)
    assert {"ttsd", "other"} <= {sink.name for sink in client.sinks()}
    index = next(sink.index for sink in client.sinks() if sink.name == "ttsd")
    assert client.sink(str(index)) is None
    default = client.sink(None)
    assert default is not None
    assert default.name == "other"
    client.close()


def said() -> Spoken:
    return Spoken(
        id=UtteranceId(1),
        text="hello",
        source=SAY,
        state=State.SPOKEN,
        engine=None,
        voice=None,
        queued_at=0,
        ended_at=1,
    )


def test_the_sink_may_sleep_between_utterances_and_wakes_for_the_next(
    server: SoundServer, output: PulseOutput
) -> None:
    def running() -> bool:
        sinks = server.pactl("list", "short", "sinks").splitlines()
        return any("RUNNING" in sink for sink in sinks if "\tttsd\t" in sink)

    output.open()
    write(output, noise(0.1))
    wait_for(running, "the sink to run")
    drain(output)
    output.end(said())
    output.rest()
    wait_for(lambda: not running(), "the sink to rest")
    output.end(said())
    output.rest()
    with recording(server) as heard:
        write(output, noise(0.1, 2))
        drain(output)
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= 0.1 * RATE, "all in the recording")
        left = heard.frames()[:, 0]
        assert np.array_equal(left[left != 0], noise(0.1, 2))


def test_an_utterance_that_still_sounds_is_not_cut_by_the_end_of_another(
    server: SoundServer, output: PulseOutput
) -> None:
    output.open()
    with recording(server) as heard:
        write(output, noise(0.1))
        output.end(said())
        output.rest()
        drain(output)
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= 0.1 * RATE, "all in the recording")


def test_a_lead_in_wakes_the_device_before_the_first_sample(server: SoundServer) -> None:
    output = PulseOutput("ttsd", server=server.address, latency=server.LATENCY, lead_in=0.2)
    output.open()
    with recording(server) as heard:
        begun = time.monotonic()
        write(output, noise(0.1))
        drain(output)
        assert time.monotonic() - begun >= 0.25
        assert output.written() == 0.1 * RATE
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= 0.1 * RATE, "all in the recording")
        left = heard.frames()[:, 0]
        assert np.array_equal(left[left != 0], noise(0.1))
        output.end(said())
        output.rest()
        begun = time.monotonic()
        write(output, noise(0.1))
        assert time.monotonic() - begun < 0.2, "it has not been idle: there is nothing to wake"
        drain(output)
        wait_for(lambda: np.count_nonzero(heard.frames()[:, 0]) >= 0.2 * RATE, "the rest in the recording")
    output.close()


def test_another_rate_is_resampled_by_the_server(server: SoundServer) -> None:
    output = PulseOutput("ttsd", server=server.address, rate=22050, channels=1)
    output.open()
    assert output.rate == 22050
    with pytest.raises(OutputError):
        output.write(noise(0.01), RATE)
    output.write(np.full(2205, 0.25, dtype=np.float32), 22050)
    drain(output)
    output.close()
