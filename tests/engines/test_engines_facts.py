"""What is told of engines is declared, seen or measured; what nobody measured is null, never invented."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines import catalog, installed, memory
from ttsd.engines.engine import EngineStatus
from ttsd.engines.facts import gather
from ttsd.engines.figures import Figures
from ttsd.engines.measured import Measured, Measurements, keep
from ttsd.engines.memory import Memory
from ttsd.engines.side_by_side import SideBySide
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings

TONE, XTTS, BOX = EngineName("tone"), EngineName("xtts"), EngineName("gpu-box")
READY = EngineStatus(
    TONE,
    "ready",
    voice="tone",
    load_seconds=0.5,
    first_audio_seconds=0.1,
    real_time_factor=0.2,
    idle_seconds=1.0,
    voices=3,
    memory_bytes=50_000_000,
)


def test_what_was_measured_is_kept_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "state" / "engines.json"
    measured = Measurements(file)
    assert measured.of(TONE) == Measured()
    assert not measured.note(replace(READY, load_seconds=None), 9.0), "not loaded: nothing is measured"
    assert measured.note(READY, 10.0)
    keep(file, measured.take())
    assert measured.take() == {}
    kept = Measurements(file).of(TONE)
    assert kept == Measured("tone", 0.5, 0.1, 0.2, 50_000_000, None, 3, 10.0)
    # The same status again is no news; a sentence is, and counts beside those before it.
    assert not measured.note(READY, 11.0)
    assert measured.note(replace(READY, first_audio_seconds=0.2, real_time_factor=0.4), 12.0)
    assert measured.of(TONE).first_audio_seconds == pytest.approx(0.13)
    assert measured.of(TONE).real_time_factor == pytest.approx(0.26)
    # Another voice is measured anew.
    assert measured.note(replace(READY, voice="other", real_time_factor=0.9), 13.0)
    assert measured.of(TONE).real_time_factor == 0.9
    # What somebody else wrote meanwhile stays.
    keep(file, {XTTS: Measured(load_seconds=30.0)})
    keep(file, measured.take())
    assert Measurements(file).of(XTTS).load_seconds == 30.0
    assert Measurements(file).of(TONE).voice == "other"


@pytest.mark.parametrize("text", ["{", "[]", '{"tone": 3}', '"x"', "", "null"])
def test_a_file_that_cannot_be_read_is_measured_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "engines.json"
    file.write_text(text)
    measured = Measurements(file)
    assert measured.of(TONE) == Measured()
    assert measured.note(READY, 1.0)
    keep(file, measured.take())
    assert Measurements(file).of(TONE).load_seconds == 0.5


@given(
    st.dictionaries(
        st.sampled_from(["voice", "load_seconds", "voices", "at", "x"]),
        st.none() | st.text("ab", max_size=3) | st.floats(),
    )
)
def test_no_file_makes_up_a_figure(told: dict[str, object]) -> None:
    from ttsd.engines.measured import _one

    one = _one(told)
    assert one.voice is None or isinstance(told["voice"], str)
    for name in ("load_seconds", "voices", "at"):
        value = getattr(one, name)
        assert value is None or value is told[name]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_figures(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the folder's place")
    keep(tmp_path / "state" / "engines.json", {TONE: Measured(load_seconds=1.0)})


def test_without_a_daemon_nothing_is_loaded_and_nothing_invented(tmp_path: Path) -> None:
    listing = gather(Settings(engines=(TONE, XTTS)), tmp_path, (), lambda _: Measured())
    assert listing.chain == (TONE, XTTS)
    assert [one.name for one in listing.engines[:2]] == ["tone", "xtts"]
    assert [one.in_chain for one in listing.engines[:3]] == [1, 2, None]
    assert {one.name for one in listing.engines} == {entry.name for entry in catalog.entries()}
    for one in listing.engines:
        assert not one.loaded
        assert {one.memory_bytes, one.vram_bytes, one.voices, one.load_seconds, one.measured_at} == {None}
        assert {one.first_audio_seconds, one.real_time_factor, one.last_error} == {None}
        assert one.code_licence
        assert one.weights_licence
    tone, xtts = listing.engines[:2]
    assert (tone.installed, tone.state, tone.healthy) == (True, "installed", None)
    assert (xtts.installed, xtts.state, xtts.next_step) == (False, "missing", "ttsd engine install xtts")


def test_a_running_engine_tells_what_it_holds_and_an_old_venv_what_to_run(tmp_path: Path) -> None:
    made = installed.Installed("tone", "venv-1", "cpu", ("old==1",), "3.11.2", "0.0.1", 99, 0.0)
    python = installed.interpreter(installed.folder(tmp_path, "tone") / "venv-1")
    python.parent.mkdir(parents=True)
    python.touch()
    installed.write(tmp_path, made)
    settings = Settings(engines=(TONE, BOX), engine={BOX: EngineSettings(uri="tcp://gpu-box:10200")})
    known = Measured(load_seconds=0.4, real_time_factor=0.1, at=5.0)
    listing = gather(settings, tmp_path, (READY,), lambda name: known if name == TONE else Measured())
    tone, box = listing.engines[:2]
    assert (tone.loaded, tone.healthy, tone.memory_bytes, tone.voices) == (True, True, 50_000_000, 3)
    assert (tone.load_seconds, tone.real_time_factor, tone.measured_at) == (0.4, 0.1, 5.0)
    assert tone.own_venv
    assert "protocol was 99" in str(tone.outdated)
    assert tone.next_step == "ttsd engine upgrade tone"
    assert (box.name, box.installed, box.detail) == ("gpu-box", True, "tcp://gpu-box:10200")


@pytest.mark.parametrize("state", ["resting", "failed"])
def test_an_engine_that_failed_is_not_well(tmp_path: Path, state: str) -> None:
    status = EngineStatus(TONE, state, "it hangs", last_error="it hangs", idle_seconds=3.0)
    (tone, *_) = gather(Settings(engines=(TONE,)), tmp_path, (status,), lambda _: Measured()).engines
    assert (tone.healthy, tone.detail, tone.last_error) == (False, "it hangs", "it hangs")
    assert tone.loaded, "its process is there"


def test_memory_is_that_of_a_process_that_is_there() -> None:
    figures = Figures(load_seconds=1.0, memory=Memory(5, 6), voices=2)
    ready = figures.in_status(EngineStatus(TONE, "ready"))
    assert (ready.memory_bytes, ready.vram_bytes, ready.voices) == (5, 6, 2)
    ended = figures.in_status(EngineStatus(TONE, "installed"))
    assert (ended.memory_bytes, ended.vram_bytes, ended.voices) == (None, None, 2)


def test_several_workers_hold_what_all_of_them_hold() -> None:
    class Member:
        name = TONE

        def __init__(self, status: EngineStatus) -> None:
            self._status = status

        def status(self) -> EngineStatus:
            return self._status

    other = replace(READY, memory_bytes=7)
    unloaded = EngineStatus(TONE, "installed")
    both = SideBySide(TONE, [Member(READY), Member(other), Member(unloaded)])  # type: ignore[list-item]  # status alone
    assert both.status().memory_bytes == 50_000_007
    assert both.status().vram_bytes is None


def test_this_process_tells_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform in ("linux", "win32"):
        resident = memory.used().resident
        assert resident is not None
        assert 5e6 < resident < 64e9
    cards = SimpleNamespace(
        is_initialized=lambda: True, device_count=lambda: 2, memory_reserved=lambda device: 10 + device
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cards))
    assert memory.used().card == 21
    cards.is_initialized = lambda: False
    assert memory.used().card is None
    monkeypatch.delitem(sys.modules, "torch")
    assert memory.used().card is None


def test_the_listing_is_plain_data(tmp_path: Path) -> None:
    from ttsd.schema import plain

    listing = gather(Settings(engines=(TONE,)), tmp_path, (READY,), lambda _: Measured())
    assert json.loads(json.dumps(plain(listing)))["engines"][0]["name"] == "tone"
