"""A cancelled sentence that goes on: another process speaks the next one, and one process is left."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_parts import entry, host, seconds
from waiting import wait_for

from ttsd.engines.engine import Request
from ttsd.errors import EngineCancelled

if TYPE_CHECKING:
    from collections.abc import Generator

    from ttsd.engines.host import EngineHost
    from ttsd.model import Chunk

FOREVER = 60.0
"""Seconds of grace that no test here waits for."""
URGENT = Request("fire")

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


def interrupted(adapter: str, folder: Path, grace: float = FOREVER) -> EngineHost:
    """An engine that is told to stop in the middle of a sentence."""
    engine = host(adapter, folder, known=entry(cancel_grace=grace))
    sentence = engine.synthesize(Request("a sentence that goes on"))
    next(sentence)
    engine.cancel()
    with pytest.raises(EngineCancelled):
        next(sentence)
    return engine


def opened(folder: Path) -> list[int]:
    """The processes that were started, in order."""
    return [int(pid) for pid in (folder / "opened").read_text().split()]


def lives(pid: int) -> bool:
    """It runs: what nobody reaped yet is dead all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def living(folder: Path) -> list[int]:
    """Those of them that run."""
    return [pid for pid in opened(folder) if lives(pid)]


def begin(engine: EngineHost) -> Generator[Chunk, None, None]:
    """A sentence whose first sound is there."""
    sentence: Generator[Chunk, None, None] = engine.synthesize(URGENT)  # type: ignore[assignment]  # it is a generator
    next(sentence)
    return sentence


def test_the_next_sentence_begins_in_another_process_before_the_old_one_has_ended(tmp_path: Path) -> None:
    engine = interrupted("SecondWaits", tmp_path)
    wait_for(lambda: len(living(tmp_path)) == 2, "the second process, for which nobody asked yet")
    first, second = opened(tmp_path)
    assert engine.status().stopping
    begun: list[Generator[Chunk, None, None]] = []
    thread = threading.Thread(target=lambda: begun.append(begin(engine)))
    began = time.monotonic()
    thread.start()
    assert lives(first), "it goes on, whatever it is told"
    assert engine.status().pid == first
    (tmp_path / "go").touch()
    thread.join(FOREVER / 2)
    assert time.monotonic() - began < FOREVER / 2, "it waited for the old one's grace"
    assert (engine.status().pid, engine.status().state) == (second, "busy")
    assert not engine.status().stopping
    wait_for(lambda: living(tmp_path) == [second], "its memory to be given back")
    begun[0].close()
    engine.close()
    assert opened(tmp_path) == [first, second]
    assert living(tmp_path) == []


def test_it_is_replaced_though_nobody_asks_for_anything(tmp_path: Path) -> None:
    engine = interrupted("Uncancellable", tmp_path)
    first = engine.status().pid
    wait_for(lambda: engine.status().pid not in (None, first), "another process to take its place")
    wait_for(lambda: not engine.status().stopping, "it to be said")
    assert engine.status().state == "ready"
    begin(engine)
    engine.close()


def test_one_that_stops_before_the_other_is_ready_is_kept(tmp_path: Path) -> None:
    engine = interrupted("StopsLate", tmp_path)
    wait_for(lambda: len(living(tmp_path)) == 2, "the second process")
    first, _ = opened(tmp_path)
    thread = threading.Thread(target=lambda: list(engine.synthesize(URGENT)))
    thread.start()
    (tmp_path / "stop").touch()
    thread.join(FOREVER / 2)
    assert not thread.is_alive()
    assert engine.status().pid == first
    wait_for(lambda: living(tmp_path) == [first], "the second one to be ended")
    engine.close()


def test_one_that_stops_at_once_needs_no_other(tmp_path: Path) -> None:
    engine = interrupted("Counted", tmp_path)
    assert seconds(list(engine.synthesize(URGENT))) == pytest.approx(0.4)
    engine.close()
    assert len(opened(tmp_path)) == 1


def test_where_a_second_one_fails_the_old_one_has_its_grace_and_a_third_speaks(tmp_path: Path) -> None:
    engine = interrupted("SecondFails", tmp_path, grace=1.0)
    wait_for(lambda: not engine.status().stopping, "the grace to be over")
    wait_for(lambda: not living(tmp_path), "both to end")
    begin(engine)
    assert engine.status().pid == opened(tmp_path)[2]
    engine.close()


def test_who_waits_for_one_of_the_two_can_be_cancelled(tmp_path: Path) -> None:
    engine = interrupted("SecondWaits", tmp_path)
    wait_for(lambda: len(living(tmp_path)) == 2, "the second process")
    faults: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(EngineCancelled) as caught:
            begin(engine)
        faults.append(caught.value)

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():  # it may not wait yet
        engine.cancel()
        thread.join(0.01)
    assert faults
    (tmp_path / "go").touch()
    begin(engine)
    assert len(opened(tmp_path)) == 2, "the one that was loading was not given up"
    engine.close()


@pytest.mark.parametrize("how", ["close", "unload"])
def test_let_go_of_in_the_middle_nothing_of_the_two_is_left(tmp_path: Path, how: str) -> None:
    engine = interrupted("SecondWaits", tmp_path)
    wait_for(lambda: len(living(tmp_path)) == 2, "the second process")
    began = time.monotonic()
    getattr(engine, how)()
    assert time.monotonic() - began < FOREVER / 2
    assert living(tmp_path) == []
    assert not engine.status().stopping
    engine.close()
