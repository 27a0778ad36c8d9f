"""Rows 30-33: what is found, and what hints are worth."""

from __future__ import annotations

import errno
import os
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from waiting import wait_for

from ttsd.settings import SourceSettings
from ttsd.sources import inotify
from ttsd.sources.watch import Hints, Mailbox, NoWatcher, open_watcher

if TYPE_CHECKING:
    from pathlib import Path

    from following import Following

linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def test_row_30_globs_directories_and_exclude(following: Following) -> None:
    follow = following(
        SourceSettings(path="logs/**/*.log", exclude=("secret*", "deep/b*"), name="glob"),
        SourceSettings(path="notes", include=("*.md", "*.txt", "n*"), exclude=("x.*",), name="folder"),
    )
    for name in ("logs/a.log", "logs/deep/a.log", "logs/deep/er/a.log", "notes/n.md", "notes/n.txt"):
        follow.write(name, name + "\n")
    for name in (
        "logs/secret.log",
        "logs/deep/b.log",
        "logs/a.txt",
        "logs/.hidden.log",
        "logs/.git/a.log",
        "notes/x.md",
        "notes/.n.md.swp",
        "notes/n.md~",
        "notes/#n.md#",
        "notes/deeper/n.md",
    ):
        follow.write(name, "never\n")
    assert sorted(follow.pause(1)) == [
        "logs/a.log",
        "logs/deep/a.log",
        "logs/deep/er/a.log",
        "notes/n.md",
        "notes/n.txt",
    ]


def test_row_30_links_to_directories_do_not_lead_in_circles(following: Following) -> None:
    follow = following(SourceSettings(path="logs/**/*.log"))
    follow.write("logs/a.log", "one\n")
    (follow.folder / "logs" / "again").symlink_to(follow.folder / "logs")
    assert follow.pause(1) == ["one"]


def test_row_30_environment_and_home_are_expanded(
    following: Following, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GAME", "everquest")
    follow = following(SourceSettings(path="~/$GAME/*.log"))
    follow.write("everquest/a.log", "one\n")
    assert follow.pause(1) == ["one"]


def test_row_30_new_files_are_found_within_two_seconds_without_hints(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"), hints=True)
    for number in range(20):
        follow.write(f"{number}.log", f"{number}\n")
        assert len(follow.look(2.0)) == number + 1


def test_row_31_a_hint_is_followed_at_once_and_a_lost_one_is_harmless(following: Following) -> None:
    follow = following(hints=True)
    follow.write("a.log", "one\n")
    assert follow.look(0.1) == []
    (watcher,) = follow.watched
    watcher.hints = Hints(names=frozenset({str(follow.folder / "a.log")}))
    assert follow.look(0.01) == ["one"]
    follow.write("a.log", "two\n")
    watcher.hints = Hints(paths=frozenset({str(follow.folder / "a.log"), "/elsewhere"}))
    assert follow.look(0.01) == ["one", "two"]
    follow.write("a.log", "three\n")
    assert follow.look(2.0) == ["one", "two", "three"]


def test_row_31_after_an_overflow_everything_is_looked_at(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"), hints=True)
    for name in "abc":
        follow.write(f"{name}.log", f"{name}\n")
    follow.watched[0].hints = Hints(everything=True)
    assert follow.look(0.01) == ["a", "b", "c"]


def test_row_31_more_hints_than_fit_mean_everything() -> None:
    mailbox = Mailbox(lambda: None)
    for number in range(10_000):
        mailbox.post({f"/{number}"}, set())
    assert mailbox.drain().everything
    assert mailbox.drain() == Hints()


def test_row_31_a_file_that_comes_between_look_and_watch_is_not_missed(following: Following) -> None:
    follow = following(SourceSettings(path="logs/*.log"), hints=True)
    (follow.folder / "logs").mkdir()

    def racing(directory: str) -> None:
        """The moment in which the watch stands and the listing has not been taken."""
        if directory.endswith("logs"):
            follow.write("logs/a.log", "one\n")
            follow.watched[0].added = lambda _: None

    follow.watched[0].added = racing
    assert follow.look(2.0) == ["one"]


@linux
def test_row_31_the_kernels_overflow_means_everything(tmp_path: Path) -> None:
    watcher = inotify.Inotify(lambda: None)
    try:
        watcher._post(struct.pack("iIII", -1, inotify.IN_Q_OVERFLOW, 0, 0))
        assert watcher.drain().everything
    finally:
        watcher.close()


@linux
def test_row_31_inotify_tells_names_from_writes(tmp_path: Path) -> None:
    watcher = inotify.Inotify(lambda: None)
    try:
        watcher.add(str(tmp_path))
        assert watcher.covers(str(tmp_path))
        path = tmp_path / "a.log"
        path.write_text("one\n")
        seen: set[str] = set()

        def created_and_written() -> bool:
            hints = watcher.drain()
            seen.update({f"name {name}" for name in hints.names} | {f"write {name}" for name in hints.paths})
            return seen >= {f"name {path}", f"write {path}"}

        wait_for(created_and_written, "both hints")
        watcher.keep(set())
        assert not watcher.covers(str(tmp_path))
    finally:
        watcher.close()


@linux
def test_row_31_a_directory_that_is_replaced_is_watched_anew(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    watcher = inotify.Inotify(lambda: None)
    try:
        watcher.add(str(folder))
        folder.rename(tmp_path / "old")
        folder.mkdir()
        wait_for(lambda: watcher.drain().everything, "the hint that all has to be looked at")
        watcher.add(str(folder))
        (folder / "a.log").touch()
        wait_for(lambda: str(folder / "a.log") in watcher.drain().names, "a hint from the new one")
    finally:
        watcher.close()


def test_row_32_where_no_events_come_polling_takes_over(following: Following) -> None:
    follow = following(hints=True)
    follow.write("a.log", "0\n")
    follow.look(2.0)
    (source,) = follow.reader.status()
    assert source.watch == "fake"
    for number in range(1, 4):
        follow.write("a.log", f"{number}\n")
        follow.look(2.0)
    (source,) = follow.reader.status()
    assert source.watch == "poll"
    follow.write("a.log", "4\n")
    assert follow.look(0.5)[-1] == "4"
    follow.watched[0].hints = Hints(paths=frozenset({str(follow.folder / "a.log")}))
    follow.look(0.5)
    (source,) = follow.reader.status()
    assert source.watch == "fake"


@linux
def test_row_32_out_of_watches_is_polled_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = inotify.Inotify(lambda: None)

    def no_space(result: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    try:
        monkeypatch.setattr(watcher, "_check", no_space)
        watcher.add(str(tmp_path))
        assert not watcher.covers(str(tmp_path))
        assert "max_user_watches" in (watcher.trouble() or "")
    finally:
        watcher.close()


def test_row_32_poll_needs_no_watcher() -> None:
    assert isinstance(open_watcher("poll", lambda: None), NoWatcher)


def test_row_32_a_watcher_that_cannot_be_had_leaves_it_to_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ttsd.sources.watchdogs", None)
    watcher = open_watcher("watchdog", lambda: None)
    assert isinstance(watcher, NoWatcher)
    assert "polled" in (watcher.trouble() or "")


def test_row_33_the_directory_is_watched_not_the_file(following: Following) -> None:
    follow = following(hints=True)
    path = follow.write("real/target.log", "one\n")
    (follow.folder / "a.log").symlink_to(path)
    follow.look(2.0)
    assert follow.watched[0].directories == {str(follow.folder), str(follow.folder / "real")}
    follow.write("real/target.log", "two\n")
    follow.watched[0].hints = Hints(paths=frozenset({str(path)}))
    assert follow.look(0.01) == ["one", "two"]
