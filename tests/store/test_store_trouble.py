"""Disks that are full, read-only, locked: nothing is half done, lines wait, and work goes on by itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock
from following import Follow
from waiting import wait_for

from ttsd.errors import StoreBusy, StoreError, StoreFull, StoreLocked, StoreReadOnly
from ttsd.model import Spoken, State
from ttsd.settings import RetentionSettings
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    made = Follow(tmp_path)
    yield made
    made.close()


def pragma(store: Store, text: str) -> None:
    """Put the database into a state that a disk may put it into."""
    with store._database.read() as db:
        db.execute(f"pragma {text}").fetchall()


def fill(store: Store) -> None:
    """No page more fits on the disk."""
    with store._database.read() as db:
        (pages,) = db.execute("pragma page_count").fetchone()
        db.execute(f"pragma max_page_count = {pages}")


def test_a_full_disk_makes_lines_wait_in_their_file_until_there_is_room(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    fill(follow.store)
    follow.write("a.log", "".join(f"{number} {'x' * 500}\n" for number in range(100)))
    follow.look()
    (source,) = follow.reader.status()
    assert "disk is full" in (source.waiting or "")
    assert follow.texts() == ["one"]
    with pytest.raises(StoreFull):
        follow.store.say("x" * 100_000)
    follow.look(10)
    pragma(follow.store, "max_page_count = 1000000")
    follow.pause(10)
    assert [text.split()[0] for text in follow.texts()] == ["one", *map(str, range(100))]
    (source,) = follow.reader.status()
    assert source.waiting is None


def test_a_disk_that_becomes_read_only_and_writable_again(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    pragma(follow.store, "query_only = on")
    follow.write("a.log", "two\n")
    follow.look()
    (source,) = follow.reader.status()
    assert "cannot be written" in (source.last_error or "")
    with pytest.raises(StoreReadOnly):
        follow.store.say("x")
    pragma(follow.store, "query_only = off")
    assert follow.pause(6) == ["one", "two"]


def test_a_database_that_another_program_holds(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    stranger = sqlite3.connect(follow.folder / ".state" / "ttsd.db", isolation_level=None)
    stranger.execute("begin immediate")
    follow.write("a.log", "two\n")
    follow.look()
    (source,) = follow.reader.status()
    assert "locked" in (source.waiting or "")
    with pytest.raises(StoreBusy):
        follow.store.say("x")
    stranger.execute("rollback")
    stranger.close()
    assert follow.pause(6) == ["one", "two"]


def test_trouble_is_logged_once_and_its_end_too(follow: Follow, capsys: pytest.CaptureFixture[str]) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    pragma(follow.store, "query_only = on")
    follow.write("a.log", "two\n")
    follow.pause(20)
    pragma(follow.store, "query_only = off")
    follow.pause(6)
    out = capsys.readouterr().out
    assert out.count("] lines_wait_in_files") == 1
    assert out.count("store_works_again") == 1


def test_a_rotation_in_the_middle_of_trouble_loses_nothing(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    pragma(follow.store, "query_only = on")
    follow.write("a.log", "two\n")
    follow.pause(2)
    path.rename(path.with_name("a.log.1"))
    follow.write("a.log", "three\n")
    follow.pause(20)
    pragma(follow.store, "query_only = off")
    assert follow.pause(10) == ["one", "two", "three"]


def test_a_state_folder_that_cannot_be_made_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreReadOnly, match="state folder"):
        Store.open(tmp_path / "file" / "state" / "ttsd.db", clock=FakeClock())


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX's")
def test_the_kernels_refusal_to_write_is_an_error_in_words_and_nothing_is_half_done(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from ttsd.clock import SystemClock
        from ttsd.errors import StoreError
        from ttsd.store import Store
        store = Store.open(Path(sys.argv[1]), clock=SystemClock())
        store.say("one")
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        try:
            store.say("x" * 1_000_000)
        except StoreError as error:
            print(error.what)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.say("two")
        print([one.text for one in store.queued(9)])
        store.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "ttsd.db")],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.splitlines() == ["the disk answers with an error", "['one', 'two']"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_a_killed_daemon_gives_its_lock_back(tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from ttsd.clock import SystemClock
        from ttsd.store import Store
        store = Store.open(Path(sys.argv[1]), clock=SystemClock())
        store.say("one")
        print("ready", flush=True)
        time.sleep(60)
    """
    path = tmp_path / "ttsd.db"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(StoreLocked, match=f"process {process.pid}"):
            Store.open(path, clock=FakeClock())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def opened() -> Store | None:
        try:
            return Store.open(path, clock=FakeClock())
        except StoreError:
            return None

    store = wait_for(opened, "the lock")
    assert store is not None
    assert [one.text for one in store.queued(9)] == ["one"]
    store.close()


def test_history_and_database_keep_to_their_bounds(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "ttsd.db"
    store = Store.open(path, clock=clock, retention=RetentionSettings(history=500))
    largest = 0
    for number in range(5_000):
        one = store.say(f"{number} {'x' * 200}")
        store.finish(Spoken(one.id, one.text, one.source, State.SKIPPED, None, None, 0.0, clock.time()))
        largest = max(largest, path.stat().st_size)
    assert len(store.history(10_000)) <= 500 + 256
    assert store.history(1)[0].text.startswith("4999 ")
    assert largest < 1_000_000
    assert store.counters().skipped == 5_000
    store.close()


def test_old_history_goes_when_it_is_too_old(tmp_path: Path) -> None:
    clock = FakeClock()
    retention = RetentionSettings(history_age=3600)  # type: ignore[arg-type]  # a Duration is a float
    store = Store.open(tmp_path / "ttsd.db", clock=clock, retention=retention)
    one = store.say("old")
    store.finish(Spoken(one.id, one.text, one.source, State.SKIPPED, None, None, 0.0, clock.time()))
    store.close()
    clock.advance(4000)
    store = Store.open(tmp_path / "ttsd.db", clock=clock, retention=retention)
    store.retain(retention)
    assert store.history(9) == []
    store.close()
