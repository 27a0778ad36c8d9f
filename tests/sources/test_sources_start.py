"""Rows 10-14: where reading begins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ttsd.settings import Duration, SourceSettings
from ttsd.sources.files import SystemFiles

if TYPE_CHECKING:
    from pathlib import Path

    from following import Following

    from ttsd.sources.files import File


def test_row_10_what_was_there_before_is_history_unless_asked_for(
    following: Following, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("old\npart")
    (tmp_path / "b.log").write_text("first\n")
    follow = following(SourceSettings(path="a.log"), SourceSettings(path="b.log", start="beginning"))
    assert follow.look() == ["first"]
    follow.write("a.log", "ial\n")
    assert follow.look() == ["first", "partial"]


@pytest.mark.parametrize("start", ["end", "beginning"])
def test_row_10_a_stored_position_always_wins(following: Following, start: str) -> None:
    follow = following(SourceSettings(path="a.log", start=start))  # type: ignore[arg-type]  # both literals
    follow.write("a.log", "one\n")
    follow.look()
    follow.close()
    follow.write("a.log", "two\n")
    follow.start()
    assert follow.look() == ["one", "two"]


def test_row_11_a_file_created_while_ttsd_runs_is_read_from_its_first_byte(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"))
    follow.write("new.log", "one\ntwo\n")
    assert follow.look() == ["one", "two"]


def test_row_11_also_if_ttsd_was_restarting_just_then(following: Following) -> None:
    follow = following(SourceSettings(path="chat-*.log"))
    follow.write("chat-1.log", "one\n")
    follow.look()
    follow.close()
    follow.write("chat-2.log", "two\n")
    follow.start()
    assert follow.look() == ["one", "two"]


@pytest.mark.parametrize("path", ["later/deep/a.log", "later/*.log", "later/**/*.log"])
def test_row_12_a_missing_directory_is_waited_for(following: Following, path: str) -> None:
    follow = following(SourceSettings(path=path))
    follow.pause(2)
    (source,) = follow.reader.status()
    assert source.waiting
    follow.write("later/deep/a.log" if "deep" in path or "**" in path else "later/a.log", "one\n")
    assert follow.pause(1) == ["one"]


class Locked(SystemFiles):
    """A file system that refuses to open, until it is told not to."""

    locked = True

    def open(self, path: str) -> File:
        if self.locked:
            raise PermissionError(13, "Permission denied", path)
        return super().open(path)


def test_row_13_an_unreadable_file_is_picked_up_later_and_status_says_why_it_waits(
    following: Following,
) -> None:
    files = Locked()
    follow = following(files=files)
    follow.write("a.log", "one\n")
    assert follow.look() == []
    assert follow.status()["a.log"].waiting == "Permission denied"
    files.locked = False
    assert follow.pause(1) == ["one"]
    assert follow.status()["a.log"].waiting is None


def test_row_14_stale_files_are_skipped_and_resumed_when_they_grow(following: Following) -> None:
    follow = following(SourceSettings(path="*.log", start="beginning", ignore_older=Duration(86400)))
    old = follow.write("old.log", "stale\n")
    long_ago = follow.clock.time() - 10 * 86400
    os.utime(old, (long_ago, long_ago))
    now = follow.clock.time()
    fresh = follow.write("new.log", "fresh\n")
    os.utime(fresh, (now, now))
    assert follow.look() == ["fresh"]
    follow.write("old.log", "grown\n")
    assert follow.look() == ["fresh", "grown"]
