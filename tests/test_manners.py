"""Other programs make room for speech and come back; speech makes room for people.

On real sound servers: another program is `pacat`, a microphone is the monitor of a sink that it plays to.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock
from soundserver import PipeWire, PulseAudio, SoundServer, noise
from waiting import wait_for

from ttsd import events
from ttsd.audio.pulse import PulseOutput
from ttsd.daemon.manners import Manners
from ttsd.model import Priority, SourceName, State, Utterance, UtteranceId
from ttsd.settings.manners import DuckSettings, HoldSettings
from ttsd.settings.marks import Duration
from ttsd.speech.channel import Begin, Channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.clock import Clock

HALF = DuckSettings(level=50)
NOTHING = HoldSettings()


@pytest.fixture(params=[PulseAudio, PipeWire], ids=["pulseaudio", "pipewire"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    kind: type[SoundServer] = request.param
    if reason := kind.missing():
        pytest.skip(reason)
    made = kind(tmp_path / "server")
    made.start()
    yield made
    made.kill()


@contextmanager
def playing(server: SoundServer, sound: Path, *, name: str = "music", sink: str = "other") -> Iterator[None]:
    """A program that plays a sound over and over."""
    loop = (
        'while cat "$1"; do :; done | exec pacat --raw --format=float32le --rate=48000 --channels=1 "${@:2}"'
    )
    process = subprocess.Popen(
        ["bash", "-c", loop, "bash", str(sound), f"--client-name={name}", f"--device={sink}"],
        env=server.environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(
            lambda: volumes(server).get(name), f"{name} to play"
        )  # PipeWire tells of it before its volume
        yield
    finally:
        subprocess.run(["pkill", "-s", str(process.pid)], check=False)
        process.wait(10)
        wait_for(lambda: name not in volumes(server), f"{name} to end")


def volumes(server: SoundServer) -> dict[str, int]:
    """Per cent of each program's stream."""
    found = {}
    for block in server.pactl("list", "sink-inputs").split("Sink Input #")[1:]:
        name = re.search(r'application\.name = "(.*)"', block)
        volume = re.search(r"Volume:.*?(\d+)%", block)
        if name and volume:
            found[name[1]] = int(volume[1])
    return found


def index_of(server: SoundServer, name: str) -> str:
    blocks = server.pactl("list", "sink-inputs").split("Sink Input #")[1:]
    return next(block.split()[0] for block in blocks if f'application.name = "{name}"' in block)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    file = tmp_path / "sound.raw"
    file.write_bytes(noise(0.5).tobytes())
    return file


class Held:
    """Whether what waits is kept back."""

    def __init__(self) -> None:
        self.now = False
        self.changes = 0

    def __call__(self, kept: bool) -> None:
        self.now, self.changes = kept, self.changes + 1


def died(stage: str, error: BaseException) -> None:
    raise AssertionError(f"{stage} died") from error


@contextmanager
def manners(
    server: SoundServer,
    folder: Path,
    duck: DuckSettings,
    hold: HoldSettings = NOTHING,
    *,
    held: Held | None = None,
    clock: Clock | None = None,
) -> Iterator[Manners]:
    """Manners that nobody steps but the test."""
    made = Manners(
        *(duck, hold, folder / "lowered.json", clock or FakeClock()),
        keep_back=held or Held(),
        died=died,
        server=server.address,
    )
    yield made
    made.close()


def begin(id: int = 1) -> events.Event:
    return events.Begin(at=0, id=UtteranceId(id), source=SourceName("say"), text="x")


def end(id: int = 1) -> events.Event:
    return events.End(at=0, id=UtteranceId(id), source=SourceName("say"), state=State.SPOKEN, seconds=1)


def step(made: Manners) -> None:
    """One round that waits for nothing."""
    made.wake()
    made.step()


# ---- lowering


@pytest.mark.cable
def test_others_are_lowered_while_ttsd_speaks_and_come_back(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    clock = FakeClock()
    with playing(server, sound), manners(server, tmp_path, HALF, clock=clock) as made:
        step(made)
        assert volumes(server) == {"music": 100}
        made.notice(begin())
        step(made)
        assert volumes(server) == {"music": 50}
        made.notice(end())
        step(made)
        assert volumes(server) == {"music": 50}  # the next utterance may follow at once
        clock.advance(0.6)
        step(made)
        assert volumes(server) == {"music": 100}
        assert not (tmp_path / "lowered.json").exists()


@pytest.mark.cable
def test_what_cannot_be_noted_is_not_lowered_and_speech_goes_on(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    clock, full = FakeClock(), tmp_path / "full"
    full.write_text("there is no room for a folder here")
    with playing(server, sound), manners(server, full, HALF, clock=clock) as made:
        made.notice(begin())
        step(made)
        assert volumes(server) == {"music": 100}
        full.unlink()
        clock.advance(6)
        step(made)
        assert volumes(server) == {"music": 50}
        made.notice(end())
        clock.advance(1)
        step(made)
        assert volumes(server) == {"music": 100}


@pytest.mark.cable
def test_who_begins_to_play_meanwhile_is_lowered_too(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    clock = FakeClock()
    with manners(server, tmp_path, HALF, clock=clock) as made:
        made.notice(begin())
        step(made)
        with playing(server, sound):
            clock.advance(1.1)
            step(made)
            assert volumes(server) == {"music": 50}
            made.notice(events.Paused(at=0))
            clock.advance(0.6)
            step(made)
            assert volumes(server) == {"music": 100}


@pytest.mark.cable
def test_ttsd_itself_and_who_is_spared_are_left_alone(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    output = PulseOutput("ttsd", server=server.address, latency=0.2)
    output.open()
    output.write(noise(0.1), 48_000)
    duck = DuckSettings(level=50, spare=("call",))
    with playing(server, sound, name="call"), manners(server, tmp_path, duck) as made:
        made.notice(begin())
        step(made)
        assert volumes(server) == {"ttsd": 100, "call": 100}
    output.close()


@pytest.mark.cable
def test_what_somebody_has_moved_meanwhile_stays_where_it_was_put(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    with playing(server, sound), manners(server, tmp_path, HALF) as made:
        made.notice(begin())
        step(made)
        server.pactl("set-sink-input-volume", index_of(server, "music"), "80%")
        made.close()
        assert volumes(server) == {"music": 80}


@pytest.mark.cable
def test_after_a_crash_they_come_back_at_the_next_start(
    server: SoundServer, sound: Path, tmp_path: Path
) -> None:
    with playing(server, sound):
        with manners(server, tmp_path, HALF) as killed:
            killed.notice(begin())
            step(killed)
            note = (tmp_path / "lowered.json").read_text()
        server.pactl("set-sink-input-volume", index_of(server, "music"), "50%")
        (tmp_path / "lowered.json").write_text(note)  # as the killed one has left it
        assert volumes(server) == {"music": 50}
        with manners(server, tmp_path, DuckSettings()) as made:
            step(made)
            assert volumes(server) == {"music": 100}


def test_a_note_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "{}", '[{"before": 3}]', json.dumps([{"before": {"index": 1}}])):
        (tmp_path / "lowered.json").write_text(text)
        made = Manners(HALF, NOTHING, tmp_path / "lowered.json", FakeClock(), keep_back=Held(), died=died)
        made.close()


def test_without_a_sound_server_speech_goes_on(tmp_path: Path) -> None:
    held = Held()
    made = Manners(
        *(HALF, HoldSettings(microphone="default"), tmp_path / "lowered.json", FakeClock()),
        keep_back=held,
        died=died,
        server=f"unix:{tmp_path}/nobody",
    )
    made.notice(begin())
    step(made)
    assert not held.now
    made.close()


# ---- holding

MICROPHONE = HoldSettings(microphone="ttsd.monitor", release=Duration(1.0))


def listen(made: Manners, clock: FakeClock, until: bool) -> None:
    """Steps until it is held, or is not; a tenth of a second each."""

    def reached() -> bool:
        clock.advance(0.1)
        made.step()
        return made.live is until

    wait_for(reached, f"held: {until}", timeout=20)


@pytest.mark.cable
def test_what_waits_is_held_while_somebody_speaks(server: SoundServer, sound: Path, tmp_path: Path) -> None:
    clock, held = FakeClock(), Held()
    with manners(server, tmp_path, DuckSettings(), MICROPHONE, held=held, clock=clock) as made:
        for _ in range(3):
            made.step()
        assert held.changes == 0
        with playing(server, sound, sink="ttsd"):
            listen(made, clock, until=True)
            assert held.now
            assert made.holding == "somebody speaks into the microphone ttsd.monitor"
        listen(made, clock, until=False)
        assert not held.now


@pytest.mark.cable
def test_nothing_is_held_for_longer_than_it_may_be(server: SoundServer, sound: Path, tmp_path: Path) -> None:
    clock, held = FakeClock(), Held()
    hold = HoldSettings(microphone="ttsd.monitor", longest=Duration(5.0))
    with manners(server, tmp_path, DuckSettings(), hold, held=held, clock=clock) as made:
        with playing(server, sound, sink="ttsd"):
            listen(made, clock, until=True)
            listen(made, clock, until=False)
            for _ in range(20):
                clock.advance(0.1)
                made.step()
            assert held.changes == 2  # not again before it was quiet
        for _ in range(20):  # until it has been quiet for long enough
            clock.advance(0.1)
            made.step()
        with playing(server, sound, sink="ttsd"):
            listen(made, clock, until=True)


@pytest.mark.cable
def test_a_microphone_that_goes_holds_nothing(server: SoundServer, sound: Path, tmp_path: Path) -> None:
    clock, held = FakeClock(), Held()
    server.add_sink("booth")
    hold = HoldSettings(microphone="booth.monitor")
    with manners(server, tmp_path, DuckSettings(), hold, held=held, clock=clock) as made:
        with playing(server, sound, sink="booth"):
            listen(made, clock, until=True)
            server.remove_sink("booth")
            listen(made, clock, until=False)
        assert not held.now


def utterance(id: int, priority: Priority = Priority.NORMAL) -> Utterance:
    return Utterance(id=UtteranceId(id), text="x", source=SourceName("say"), queued_at=0.0, priority=priority)


def test_an_utterance_is_begun_when_it_is_no_longer_kept_back() -> None:
    channel = Channel(10.0)
    reader = channel.reader(leads=True)
    channel.begin_from(Priority.URGENT)
    channel.put(Begin(utterance(1)))
    assert reader.take(0) is None
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(reader.take(10)))
    thread.start()
    channel.begin_from(Priority.LOW)
    thread.join(10)
    assert taken == [Begin(utterance(1))]


def test_what_is_urgent_is_not_kept_back() -> None:
    channel = Channel(10.0)
    reader = channel.reader(leads=True)
    channel.begin_from(Priority.URGENT)
    channel.put(Begin(utterance(1, Priority.URGENT)))
    assert reader.take(0) == Begin(utterance(1, Priority.URGENT))
