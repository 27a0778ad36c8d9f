"""Rows 1-9: which file is this, and how far was it read?"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ttsd.settings import Size, SourceSettings
from ttsd.sources import expiry
from ttsd.sources.files import SystemFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from following import Follow, Following

    from ttsd.sources.files import File, Seen

births = pytest.mark.skipif(sys.platform == "win32", reason="NTFS gives no file id twice")


class OneInode(SystemFiles):
    """A file system that recycles its only inode, and tells no birth; handles are closed for want of room all the time."""

    def look(self, path: str, *, closely: bool = False) -> Seen | None:
        seen = super().look(path)
        return None if seen is None else seen._replace(device=1, inode=1)

    def open(self, path: str) -> File:
        return _Reopened(path)


class _Reopened:
    """Opens its path anew for each question."""

    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def _opened(self) -> Iterator[File]:
        file = SystemFiles().open(self._path)
        yield file
        file.close()

    def read_at(self, offset: int, size: int) -> bytes:
        with self._opened() as file:
            return file.read_at(offset, size)

    def next_data(self, offset: int) -> int:
        return offset

    def seen(self) -> Seen:
        with self._opened() as file:
            return file.seen()._replace(device=1, inode=1, born=0)

    def close(self) -> None:
        pass


class Recycled(SystemFiles):
    """A file system that recycles its only inode, and tells when files were born."""

    def look(self, path: str, *, closely: bool = False) -> Seen | None:
        seen = super().look(path, closely=closely)
        return None if seen is None else seen._replace(device=1, inode=1)

    def open(self, path: str) -> File:
        return _Renumbered(super().open(path))


class _Renumbered:
    """A file with that inode."""

    def __init__(self, file: File) -> None:
        self.read_at, self.next_data, self.close, self._seen = (
            file.read_at,
            file.next_data,
            file.close,
            file.seen,
        )

    def seen(self) -> Seen:
        return self._seen()._replace(device=1, inode=1)


def test_row_1_a_recycled_inode_is_not_trusted(following: Following) -> None:
    follow = following(files=OneInode())
    path = follow.write("a.log", "old one\nold two\n")
    follow.look()
    path.unlink()
    follow.write("a.log", "a quite different file that is longer\n")
    assert follow.look() == ["old one", "old two", "a quite different file that is longer"]


def test_row_1_also_when_it_happened_while_ttsd_was_down(following: Following) -> None:
    follow = following(files=OneInode())
    path = follow.write("a.log", "old one\n")
    follow.look()
    follow.close()
    path.unlink()
    follow.write("a.log", "new and longer\n")
    follow.start()
    assert follow.look() == ["old one", "new and longer"]


@births
def test_row_1_a_recycled_inode_hides_no_generation_that_came_and_went_meanwhile(
    following: Following,
) -> None:
    follow = following(files=Recycled())
    path = follow.write("a.log", "")
    follow.look()
    follow.close()
    follow.write("a.log", "one\n")
    saved = follow.write(".new", "one\ntwo\n")
    saved.replace(path)
    path.rename(path.with_name("a.log.1"))
    follow.write("a.log", "three\n")
    follow.start()
    assert follow.pause(2) == ["one", "two", "three"]


@births
def test_row_1_nor_is_its_text_taken_for_that_of_the_file_that_had_the_inode(following: Following) -> None:
    follow = following(files=Recycled())
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.close()
    path.rename(path.with_name("a.log.1"))
    follow.write("a.log.1", "two\n")
    follow.write("a.log", "three\n")
    path.rename(path.with_name("a.log.2"))
    follow.write("a.log", "four\n")
    follow.start()
    assert follow.pause(2) == ["one", "two", "three", "four"]
    follow.restart()
    assert follow.pause(2) == ["one", "two", "three", "four"]


@births
def test_row_1_a_file_that_was_closed_for_want_of_room_is_known_by_its_birth(following: Following) -> None:
    sources = (SourceSettings(path="a.log"), SourceSettings(path="b.log"))
    follow = following(*sources, files=Recycled(), handles=1)
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("b.log", "this closes the other\n")
    follow.look()
    path.unlink()
    follow.write("a.log", "a quite different file\n")
    assert follow.pause(2) == ["one", "this closes the other", "a quite different file"]


def test_row_2_short_files_are_known_from_their_first_byte(follow: Follow) -> None:
    path = follow.write("a.log", "x\n")
    follow.look()
    follow.restart()
    assert follow.look() == ["x"]
    follow.close()
    path.write_text("y\nz\n")
    follow.start()
    assert follow.look() == ["x", "y", "z"]


def test_row_3_truncated_and_regrown_past_the_offset_while_down(follow: Follow) -> None:
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    follow.close()
    path.write_text("three\nfour\nfive\n")
    follow.start()
    assert follow.look() == ["one", "two", "three", "four", "five"]


def test_row_4_a_file_with_several_names_is_followed_once(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"), SourceSettings(path="l*.log"))
    path = follow.write("a.log", "one\n")
    os.link(path, path.with_name("hard.log"))
    path.with_name("link.log").symlink_to(path)
    assert follow.look() == ["one"]
    follow.write("link.log", "two\n")
    assert follow.look() == ["one", "two"]
    assert sum(len(source.files) for source in follow.reader.status()) == 1


def test_row_4_the_copy_of_copytruncate_is_not_read_again(following: Following) -> None:
    follow = following(SourceSettings(path="*.log*"))
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    follow.write("a.log", "three\n")
    shutil.copy(path, path.with_name("a.log.1"))
    path.write_text("")
    follow.pause(3)
    follow.write("a.log", "four\n")
    assert follow.pause(3) == ["one", "two", "three", "four"]


def test_row_4_not_even_when_it_is_seen_before_the_original_shrinks(following: Following) -> None:
    follow = following(SourceSettings(path="*.log*"))
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    shutil.copy(path, path.with_name("a.log.1"))
    follow.look(0.3)
    path.write_text("three\n")
    assert follow.pause(3) == ["one", "two", "three"]


def test_row_4_nor_over_a_crash_between_truncation_and_discovery(following: Following) -> None:
    follow = following(SourceSettings(path="*.log*"))
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    hidden = path.with_name(".copy")
    shutil.copy(path, hidden)
    path.write_text("three\n")
    follow.look()
    follow.restart()
    hidden.rename(path.with_name("a.log.1"))
    assert follow.pause(3) == ["one", "two", "three"]


def test_row_4_lines_that_only_the_copy_holds_are_read_from_it(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\n")
    shutil.copy(path, path.with_name("a.log.1"))
    path.write_text("three\n")
    assert follow.pause(2) == ["one", "two", "three"]


def test_row_4_two_logs_that_begin_alike_are_two_files(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"))
    follow.write("a.log", "# log\nhello\n")
    follow.look()
    follow.write("b.log", "# log\nhello\n")
    follow.pause(3)
    follow.write("b.log", "bye\n")
    assert follow.pause(3) == ["# log", "hello", "# log", "hello", "bye"]


def test_row_5_a_rename_is_no_new_file(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"))
    path = follow.write("a.log", "one\n")
    follow.look()
    path.rename(path.with_name("b.log"))
    follow.write("b.log", "two\n")
    assert follow.look() == ["one", "two"]
    follow.close()
    path.with_name("b.log").rename(path.with_name("c.log"))
    follow.write("c.log", "three\n")
    follow.start()
    assert follow.look() == ["one", "two", "three"]


def test_row_6_new_and_reordered_settings_replay_nothing(following: Following) -> None:
    follow = following(SourceSettings(path="a.log"), SourceSettings(path="b.log"))
    follow.write("a.log", "a1\n")
    follow.write("b.log", "b1\n")
    assert sorted(follow.look()) == ["a1", "b1"]
    follow.settings = (
        SourceSettings(path="*.log", name="everything", start="beginning", exclude=("c*",)),
        SourceSettings(path="b.log", name="renamed"),
    )
    follow.restart()
    follow.write("a.log", "a2\n")
    follow.write("b.log", "b2\n")
    assert sorted(follow.look()) == ["a1", "a2", "b1", "b2"]


def test_row_6_a_reload_keeps_offsets_and_handles(following: Following) -> None:
    follow = following(SourceSettings(path="a.log"), SourceSettings(path="b.log"))
    follow.write("a.log", "a1\n")
    follow.write("b.log", "b1\n")
    follow.look()
    follow.write("a.log", "a2\n")
    settings = (
        SourceSettings(path="b.log"),
        SourceSettings(path="a.log", name="chat", max_line_bytes=Size(100)),
    )
    follow.reader.update(settings, follow.folder)
    follow.write("b.log", "b2\n")
    assert sorted(follow.look()) == ["a1", "a2", "b1", "b2"]
    assert [source.name for source in follow.reader.status()] == ["b.log", "chat"]


def test_row_8_files_that_are_gone_are_forgotten_after_a_while(follow: Follow) -> None:
    follow.write("kept.log", "")
    path = follow.write("a.log", "one\n")
    follow.look()
    assert len(follow.store.checkpoints()) == 1
    follow.stop()
    path.unlink()
    follow.clock.advance(91 * 86400)
    follow.start()
    follow.look()
    assert follow.store.checkpoints() == ()


def test_row_8_a_share_that_is_away_takes_nothing_with_it(following: Following) -> None:
    follow = following(SourceSettings(path="share/a.log"))
    follow.write("share/a.log", "one\n")
    follow.look()
    follow.stop()
    share = follow.folder / "share"
    share.rename(follow.folder / "away")
    follow.clock.advance(200 * 86400)
    follow.start()
    follow.pause(2)
    (follow.folder / "away").rename(share)
    follow.write("share/a.log", "two\n")
    assert follow.pause(2) == ["one", "two"]


def test_row_8_no_more_files_are_remembered_than_fit_and_the_oldest_go_first(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = following(SourceSettings(path="*.log"))
    for number in range(6):
        follow.write(f"{number}.log", f"text of {number}\n")
        follow.pause(2)
        follow.stop()
        (follow.folder / f"{number}.log").unlink()
        follow.clock.advance(3600)
        follow.start()
    assert len(follow.store.checkpoints()) == 6
    monkeypatch.setattr(expiry, "MOST", 2)
    follow.clock.advance(3600)
    follow.look()
    assert [at.path.rsplit("/", 1)[-1] for at in follow.store.checkpoints()] == ["4.log", "5.log"]


def test_row_8_files_that_are_followed_never_age(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    for _ in range(4):
        follow.clock.advance(60 * 86400)
        follow.look()
    follow.restart()
    assert follow.look() == ["one"]
    assert len(follow.store.checkpoints()) == 1


def test_row_8_a_file_that_rested_for_long_and_is_away_for_a_moment_is_known_when_it_is_back(
    follow: Follow,
) -> None:
    path = follow.write("a.log", "one\n")
    for _ in range(4):  # 240 days without a line
        follow.clock.advance(60 * 86400)
        follow.look()
    follow.stop()
    elsewhere = follow.folder / "elsewhere"
    elsewhere.mkdir()
    path.rename(elsewhere / "a.log")
    follow.start()
    follow.pause(2)
    (elsewhere / "a.log").rename(path)
    follow.write("a.log", "two\n")
    assert follow.pause(2) == ["one", "two"]


def test_row_9_a_partial_line_over_a_restart_is_queued_once_and_whole(follow: Follow) -> None:
    follow.write("a.log", "one\ntw")
    assert follow.look() == ["one"]
    assert follow.status()["a.log"].offset == 4
    follow.restart()
    assert follow.look() == ["one"]
    follow.write("a.log", "o\n")
    assert follow.look() == ["one", "two"]
