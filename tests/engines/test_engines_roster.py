"""Engines are made from settings, shared between an old and a new chain, and closed when they went."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from engine_parts import BAD_ADAPTERS
from fakes import FakeClock

from ttsd.engines.chain import Chain
from ttsd.engines.connect import Place
from ttsd.engines.engine import Request
from ttsd.engines.roster import Roster
from ttsd.errors import EngineCrashed, EngineError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings

TONE, PIPER, XTTS = EngineName("tone"), EngineName("piper"), EngineName("xtts")


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    """A roster in folders of its own."""
    return Roster(FakeClock(), Place(tmp_path, tmp_path / "data", tmp_path / "cache"))


def test_the_chain_is_as_the_settings_say_and_nothing_is_started(roster: Roster) -> None:
    chain = roster.build(Settings(engines=(XTTS, TONE)))
    assert [(status.name, status.state) for status in chain.status()] == [
        ("xtts", "missing"),
        ("tone", "installed"),
    ]
    assert "ttsd engine install xtts" in (chain.status()[0].detail or "")
    roster.close()


def test_a_missing_engine_is_passed_over_by_a_real_one(roster: Roster) -> None:
    chain = roster.build(Settings(engines=(XTTS, TONE)))
    assert {heard.engine for heard in chain.speak(Request("hello there"))} == {"tone"}
    roster.close()


def test_engines_that_did_not_change_are_shared_and_those_that_did_are_new(roster: Roster) -> None:
    old = roster.build(Settings(engines=(TONE, PIPER)))
    turned = roster.build(Settings(engines=(PIPER, TONE)))
    assert turned.engines == old.engines[::-1]
    louder = EngineSettings(options={"frequency": 880.0})
    changed = roster.build(Settings(engines=(TONE, PIPER), engine={TONE: louder}))
    assert changed.engines[1] is old.engines[1]
    assert changed.engines[0] is not old.engines[0]
    assert roster.keep(changed) == (old.engines[0],)
    assert roster.keep(changed) == ()
    roster.close()
    assert {engine.status().state for engine in changed.engines} == {"closed"}
    assert old.engines[0].status().state == "installed"  # it was handed back, not closed
    roster.close()


def test_a_switch_goes_on_with_the_same_process(roster: Roster) -> None:
    settings = Settings(engines=(TONE,))
    old = roster.build(settings)
    list(old.speak(Request("hello")))
    pid = old.status()[0].pid
    new = roster.build(replace(settings, engines=(PIPER, TONE)))
    roster.keep(new)
    assert {status.name: status.pid for status in new.status()}[TONE] == pid is not None
    roster.close()


def test_what_is_put_at_the_head_is_tried_at_once(roster: Roster) -> None:
    chain = roster.build(Settings(engines=(TONE, PIPER)))
    health = chain.health()[PIPER]
    health.breaker.failed(FakeClock().monotonic(), 100)
    assert roster.build(Settings(engines=(TONE, PIPER))).status()[1].state in ("resting", "missing")
    assert roster.build(Settings(engines=(PIPER, TONE))).status()[0].state != "resting"
    roster.close()


def test_a_name_nobody_knows_is_an_error_with_a_guess(roster: Roster) -> None:
    with pytest.raises(EngineError, match='did you mean "piper"'):
        roster.build(Settings(engines=(EngineName("pipper"),)))
    roster.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_switch_gives_the_memory_of_the_old_engine_back(tmp_path: Path) -> None:
    large = f"{BAD_ADAPTERS}:Large"
    roster = Roster(place=Place(tmp_path, tmp_path / "data", tmp_path / "cache", adapter=large))
    old = roster.build(Settings(engines=(XTTS,)))
    list(old.speak(Request("hello there")))
    (before,) = old.status()
    assert before.pid is not None
    assert before.memory_bytes is not None
    assert before.memory_bytes > 200e6
    new = roster.build(Settings(engines=(TONE,)))
    for engine in roster.keep(new):
        engine.close()
    assert not Path(f"/proc/{before.pid}").exists()
    (after,) = old.status()
    assert (after.state, after.pid, after.memory_bytes) == ("closed", None, None)
    list(new.speak(Request("hello there")))
    assert new.status()[0].state == "ready"
    roster.close()


def test_a_name_twice_is_one_engine(roster: Roster) -> None:
    assert roster.build(Settings(engines=(TONE, TONE))).names == (TONE,)
    roster.close()


def test_by_default_the_folders_are_the_users_and_the_settings_files(tmp_path: Path) -> None:
    roster = Roster()
    chain = roster.build(Settings(engines=(TONE,), path=tmp_path / "ttsd.toml"))
    assert list(chain.speak(Request("hello")))
    roster.close()


def test_importing_the_daemons_side_brings_no_numpy() -> None:
    code = "import sys, ttsd.engines.roster; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "platformdirs", "onnxruntime"} & set(done.stdout.split())


def test_a_crash_while_idle_in_a_shared_engine_is_mended_in_the_new_chain(roster: Roster) -> None:
    chain = roster.build(Settings(engines=(TONE,)))
    list(chain.speak(Request("hello")))
    health = chain.health()
    again = Chain(chain.engines, FakeClock(), health=health)
    assert {heard.engine for heard in again.speak(Request("hello again"))} == {"tone"}
    assert not isinstance(chain.status()[0].last_error, EngineCrashed)
    roster.close()
