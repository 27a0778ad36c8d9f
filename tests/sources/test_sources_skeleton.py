"""Appended files, rename rotation and restarts: the first promises of following."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from following import Follow
from waiting import wait_for

from ttsd.clock import SystemClock
from ttsd.settings import SourceSettings
from ttsd.sources import SourceReader
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    (tmp_path / "a.log").write_text("history\n")
    made = Follow(tmp_path)
    yield made
    made.close()


def test_what_is_appended_is_queued_in_order_and_history_is_not(follow: Follow) -> None:
    follow.write("a.log", "one\ntwo\nthr")
    assert follow.look() == ["one", "two"]
    follow.write("a.log", "ee\n")
    assert follow.look() == ["one", "two", "three"]


def test_nothing_is_lost_or_repeated_over_a_restart(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\npart")
    follow.restart()
    follow.write("a.log", "ial\n")
    assert follow.look() == ["one", "two", "partial"]


def test_a_rotation_by_rename_loses_nothing(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\n")
    path.rename(path.with_suffix(".log.1"))
    follow.write("a.log", "three\n")
    assert follow.look() == ["one", "two", "three"]
    follow.write("a.log.1", "late\n")
    assert follow.look() == ["one", "two", "three", "late"]


def test_a_rotation_while_ttsd_was_down_loses_nothing(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.close()
    follow.write("a.log", "two\n")
    path.rename(path.with_suffix(".log.1"))
    follow.write("a.log", "three\n")
    follow.start()
    assert follow.look() == ["one", "two", "three"]


@pytest.mark.parametrize("watch", ["inotify", "watchdog", "poll"])
def test_every_way_of_watching_brings_lines_through_a_rotation(tmp_path: Path, watch: str) -> None:
    clock = SystemClock()
    store = Store.open(tmp_path / "state" / "ttsd.db", clock=clock)
    settings = SourceSettings(path="a.log", watch=watch)  # type: ignore[arg-type]  # parametrized literals
    reader = SourceReader((settings,), tmp_path, store, clock)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            reader.wait(reader.step())

    reader.step()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        log = tmp_path / "a.log"
        log.write_text("one\n")
        wait_for(lambda: store.counts().queued == 1, "the first line")
        log.rename(tmp_path / "a.log.1")
        log.write_text("two\n")
        wait_for(lambda: store.counts().queued == 2, "the line behind the rotation")
    finally:
        over.set()
        reader.wake()
        thread.join()
        reader.close()
        store.close()
