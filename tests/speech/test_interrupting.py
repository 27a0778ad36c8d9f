"""An urgent message: what it interrupts is silent at once, and it does not wait for an engine that cannot stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from engine_parts import entry, host

from ttsd.engines.chain import Chain
from ttsd.engines.engine import Request
from ttsd.engines.side_by_side import SideBySide
from ttsd.errors import EngineCancelled
from ttsd.model import EngineName
from ttsd.settings import OutputSettings
from ttsd.speech.play import BLOCK_SECONDS, FADE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

GRACE = 60.0
"""Seconds that an engine may take to stop, in this test."""


def test_what_still_sounds_of_a_voice_that_is_cut_fits_into_the_fifty_milliseconds_promised() -> None:
    """`scripts/bench interrupt` measures it; this is what it is made of, with 10 ms left for the computer."""
    assert OutputSettings().latency + BLOCK_SECONDS + FADE_SECONDS <= 0.040


def test_where_one_process_cannot_stop_the_other_one_speaks(tmp_path: Path) -> None:
    slow_to_stop = entry(cancel_grace=GRACE)
    workers = [host("Uncancellable", tmp_path / name, known=slow_to_stop) for name in ("one", "two")]
    engine = SideBySide(EngineName("xtts"), workers)
    engine.load()
    interrupted = engine.synthesize(Request("a sentence that goes on"))
    next(interrupted)
    busy = [one.status().pid for one in workers if one.status().state == "busy"]
    engine.cancel()
    with pytest.raises(EngineCancelled):
        next(interrupted)
    began = time.monotonic()
    urgent = engine.synthesize(Request("fire"))
    next(urgent)
    assert time.monotonic() - began < GRACE / 2, "it waited for the other one to stop"
    assert busy[0] in [one.status().pid for one in workers], "which goes on as ever"
    urgent.close()  # type: ignore[attr-defined]  # it is a generator
    engine.close()


def test_of_several_processes_one_that_does_not_stop_is_left_alone(tmp_path: Path) -> None:
    slow_to_stop = entry(cancel_grace=GRACE)
    first = host("SecondWaits", tmp_path, known=slow_to_stop)
    engine = SideBySide(EngineName("xtts"), [first, host("Good", tmp_path)])
    interrupted = engine.synthesize(Request("a sentence that goes on"))
    next(interrupted)
    engine.cancel()
    with pytest.raises(EngineCancelled):
        next(interrupted)
    for _ in range(3):  # its turn comes
        assert list(engine.synthesize(Request("fire")))
    assert first.status().stopping, "somebody waited for it"
    engine.close()


def test_where_the_only_process_cannot_stop_the_next_engine_that_is_ready_speaks(tmp_path: Path) -> None:
    slow_to_stop = entry(cancel_grace=GRACE)
    first = host("Uncancellable", tmp_path / "one", known=slow_to_stop)
    second = host("Good", tmp_path / "two", name="other")
    chain = Chain([first, second])
    second.load()
    assert chain.deputy(0) is None, "nobody has to stop"
    interrupted = chain.speak(Request("a sentence that goes on"))
    next(interrupted)
    chain.cancel()
    with pytest.raises(EngineCancelled):
        next(interrupted)
    assert chain.deputy(0.03) == "other"
    assert next(chain.speak(Request("fire"), chain.deputy(0))).engine == "other"
    for engine in (first, second):
        engine.close()


def test_an_engine_that_nobody_saw_load_is_not_asked_in_place_of_a_second_process(tmp_path: Path) -> None:
    slow_to_stop = entry(cancel_grace=GRACE)
    first = host("Uncancellable", tmp_path / "one", known=slow_to_stop)
    second = host("Good", tmp_path / "two", name="other")
    chain = Chain([first, second])
    interrupted = chain.speak(Request("a sentence that goes on"))
    next(interrupted)
    pid = first.status().pid
    chain.cancel()
    with pytest.raises(EngineCancelled):
        next(interrupted)
    assert chain.deputy(0) is None
    urgent = chain.speak(Request("fire"), chain.deputy(0))
    assert next(urgent).engine == "xtts", "in the voice that was asked for"
    assert first.status().pid not in (None, pid)
    for engine in (first, second):
        engine.close()


def test_an_engine_that_was_seen_to_load_faster_is_asked_in_place_of_a_second_process(tmp_path: Path) -> None:
    slow_to_stop = entry(cancel_grace=GRACE)
    first = host("SecondWaits", tmp_path, known=slow_to_stop)
    second = host("Good", tmp_path / "two", name="other")
    second.load()
    second.unload()
    chain = Chain([first, second])
    interrupted = chain.speak(Request("a sentence that goes on"))
    next(interrupted)
    chain.cancel()
    with pytest.raises(EngineCancelled):
        next(interrupted)
    own, others = (engine.status().load_seconds or 0 for engine in (first, second))
    assert chain.deputy(0) == ("other" if others < own else None)
    for engine in (first, second):
        engine.close()


def test_an_engine_that_stops_in_time_speaks_what_is_urgent_itself(tmp_path: Path) -> None:
    first, second = (host("Good", tmp_path / name, name=name) for name in ("one", "two"))
    chain = Chain([first, second])
    second.load()
    sentence = chain.speak(Request("a sentence that goes on"))
    next(sentence)
    chain.cancel()
    sentence.close()
    assert chain.deputy(10) is None
    for engine in (first, second):
        engine.close()
