"""Rows 15-23: rotation, truncation, editors, and the modes for whole files and newest files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from ttsd.model import Offset
from ttsd.settings import SourceSettings
from ttsd.sources.identity import mark
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from following import Follow, Following


def rotate(path: Path, keep: int = 3) -> None:
    """a.log.1 -> a.log.2, a.log -> a.log.1, as logrotate does."""
    for number in range(keep, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


def later(path: Path, seconds: float = 1.0) -> None:
    """Move the file's time on, as time between two writes would."""
    now = path.stat().st_mtime + seconds
    os.utime(path, (now, now))


def test_row_15_the_old_file_is_drained_and_kept_for_late_writers(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\npart")
    rotate(path)
    follow.write("a.log", "three\n")
    assert follow.look() == ["one", "two", "three"]
    follow.write("a.log.1", "ial\n")
    assert follow.look(3) == ["one", "two", "three", "partial"]
    follow.pause(10)
    follow.write("a.log.1", "much too late\n")
    assert follow.pause(3) == ["one", "two", "three", "partial"]
    assert follow.status()["a.log"].rotations == 1


def test_row_15_moved_into_another_directory(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\n")
    archive = follow.folder / "archive"
    archive.mkdir()
    path.rename(archive / "a.log")
    follow.write("a.log", "one\n")
    assert follow.pause(2) == ["one", "two", "one"]


def test_row_16_several_renames_within_one_look(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\n")
    for text in ("three\n", "four\n", "five\n"):
        rotate(path)
        follow.write("a.log", text)
        later(path, 1 if text != "five\n" else 5)
    assert follow.pause(1) == ["one", "two", "three", "four", "five"]


def test_row_16_also_while_ttsd_was_down(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.close()
    for number, text in enumerate(("two\n", "three\n", "four\n"), 1):
        rotate(path)
        follow.write("a.log", text)
        later(path, number)
    follow.start()
    assert follow.pause(1) == ["one", "two", "three", "four"]


def test_row_16_old_generations_from_before_are_left_alone(follow: Follow) -> None:
    old = follow.write("a.log.1", "ancient\n")
    later(old, -3600)
    path = follow.write("a.log", "one\n")
    follow.look()
    rotate(path)
    follow.write("a.log", "two\n")
    assert follow.pause(1) == ["one", "two"]


def test_row_16_cascades_under_a_glob_and_several_files_at_once(following: Following) -> None:
    follow = following(SourceSettings(path="*.log*"))
    paths = [follow.write(f"{name}.log", f"{name}1\n") for name in "ab"]
    follow.look()
    for path in paths:
        name = path.name[0]
        follow.write(path.name, f"{name}2\n")
        rotate(path)
        follow.write(path.name, f"{name}3\n")
        later(path, 1)
        rotate(path)
        follow.write(path.name, f"{name}4\n")
        later(path, 2)
    texts = follow.pause(3)
    assert [text for text in texts if text[0] == "a"] == ["a1", "a2", "a3", "a4"]
    assert [text for text in texts if text[0] == "b"] == ["b1", "b2", "b3", "b4"]


def test_row_17_copytruncate_starts_anew_at_zero(follow: Follow) -> None:
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    os.truncate(path, 0)
    follow.write("a.log", "3\n")
    assert follow.look() == ["one", "two", "3"]
    assert follow.status()["a.log"].truncations == 1


@pytest.mark.parametrize("before", [4, 400_000])
def test_row_17_a_writer_without_append_leaves_nuls_and_none_is_spoken(follow: Follow, before: int) -> None:
    path = follow.folder / "a.log"
    with path.open("wb") as writer:
        writer.write(b"x" * (before - 1) + b"\n")
        writer.flush()
        follow.look()
        os.truncate(path, 0)
        writer.write(b"two\n")
        writer.flush()
        assert follow.pause(1)[1:] == ["two"]
        writer.write(b"three\n")
        writer.flush()
        assert follow.look()[1:] == ["two", "three"]


def test_row_17_nuls_that_were_really_written_are_passed_over_too(follow: Follow) -> None:
    follow.write("a.log", b"one\n" + b"\0" * 5_000_000 + b"two\nth\0ree\n")
    assert follow.look() == ["one", "two", "three"]


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-32-be"])
def test_row_17_text_behind_a_hole_is_whole_where_half_of_a_character_is_nul(
    following: Following, encoding: str
) -> None:
    follow = following(SourceSettings(path="a.log", encoding=encoding))
    follow.write("a.log", "one\n".encode(encoding) + b"\0" * 5_000_000 + "two\n".encode(encoding))
    assert follow.look() == ["one", "two"]


def test_row_17_a_preallocated_file_is_followed_as_it_is_filled(follow: Follow) -> None:
    path = follow.write("a.log", b"one\n" + b"\0" * 100)
    assert follow.look() == ["one"]
    with path.open("r+b") as writer:
        writer.seek(4)
        writer.write(b"two\n")
    assert follow.look() == ["one", "two"]


def test_row_18_rewritten_to_the_same_size_or_more_between_two_looks(follow: Follow) -> None:
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    path.write_text("six\nten\n")
    later(path)
    assert follow.look() == ["one", "two", "six", "ten"]
    path.write_text("much more than before\nand again\n")
    assert follow.look()[4:] == ["much more than before", "and again"]


def test_row_19_deleted_is_read_to_the_end_and_recreated_is_read_anew(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\n")
    path.unlink()
    assert follow.look() == ["one", "two"]
    follow.write("a.log", "one\ntwo\n")
    assert follow.look() == ["one", "two", "one", "two"]
    path.unlink()
    follow.pause(10)
    assert follow.store.checkpoints() == ()


def test_row_20_a_symlink_that_is_retargeted_is_followed(follow: Follow) -> None:
    first = follow.write("day-1", "one\n")
    link = follow.folder / "a.log"
    link.symlink_to(first)
    assert follow.look() == ["one"]
    second = follow.write("day-2", "two\n")
    follow.write("day-1", "late\n")
    fresh = follow.folder / "new"
    fresh.symlink_to(second)
    fresh.rename(link)
    assert follow.pause(1) == ["one", "late", "two"]
    follow.write("day-2", "three\n")
    assert follow.pause(1) == ["one", "late", "two", "three"]


def save_in_place(path: Path, text: str, follow: Follow) -> None:
    """As nano does; ttsd looks in the middle."""
    os.truncate(path, 0)
    follow.look(0.01)
    path.write_text(text[: len(text) // 2])
    follow.look(0.01)
    path.write_text(text)


def save_over(path: Path, text: str, follow: Follow) -> None:
    """A new file, renamed over the old one, as most editors do."""
    fresh = path.with_name(".a.log.new")
    fresh.write_text(text)
    fresh.rename(path)


def save_like_vim(path: Path, text: str, follow: Follow) -> None:
    """The old one becomes the backup, a new one is written, the backup goes; ttsd looks all the time."""
    backup = path.with_name("a.log~")
    path.rename(backup)
    follow.look(0.01)
    path.write_text("")
    follow.look(0.01)
    path.write_text(text[: len(text) // 2])
    follow.look(0.01)
    path.write_text(text)
    follow.look(0.01)
    backup.unlink()


SAVES = pytest.mark.parametrize("save", [save_in_place, save_over, save_like_vim])


@SAVES
def test_row_21_an_editors_save_queues_the_new_tail_alone(follow: Follow, save: object) -> None:
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    save(path, "one\ntwo\nthree\n", follow)  # type: ignore[operator]  # one of SAVES
    assert follow.pause(2) == ["one", "two", "three"]
    save(path, "one\ntwo\nthree\nfour\n", follow)  # type: ignore[operator]  # one of SAVES
    follow.pause(1)
    follow.restart()
    assert follow.pause(1) == ["one", "two", "three", "four"]


@SAVES
@pytest.mark.parametrize(
    ("on_rewrite", "spoken"),
    [("all", ["one", "2", "three"]), ("last_line", ["three"]), ("skip", [])],
)
def test_row_21_a_changed_old_part_is_spoken_as_configured(
    following: Following, save: object, on_rewrite: str, spoken: list[str]
) -> None:
    follow = following(SourceSettings(path="a.log", on_rewrite=on_rewrite))  # type: ignore[arg-type]  # literals
    path = follow.write("a.log", "one\ntwo\nthree\n")
    follow.look()
    save(path, "one\n2\nthree\n", follow)  # type: ignore[operator]  # one of SAVES
    assert follow.pause(2)[3:] == spoken
    follow.write("a.log", "four\n")
    assert follow.pause(1)[3:] == [*spoken, "four"]


def test_row_22_a_whole_file_is_one_message_each_time_its_text_changes(following: Following) -> None:
    follow = following(SourceSettings(path="label.txt", mode="whole", start="beginning"))
    path = follow.write("label.txt", "Now playing:\r\nA song")
    assert follow.pause(2) == ["Now playing:\nA song"]
    path.write_text("Now playing:\nAnother song")
    assert follow.look(0.1) == ["Now playing:\nA song"]
    assert follow.pause(2) == ["Now playing:\nA song", "Now playing:\nAnother song"]
    path.touch()
    save_over(path, "Now playing:\nAnother song", follow)
    later(path, 5)
    assert len(follow.pause(2)) == 2
    save_over(path, "Third", follow)
    assert follow.pause(2)[2:] == ["Third"]
    follow.restart()
    assert len(follow.pause(2)) == 3
    follow.close()
    path.write_text("Fourth")
    follow.start()
    assert follow.pause(2)[3:] == ["Fourth"]


def test_row_22_what_it_said_at_the_first_contact_is_history(following: Following, tmp_path: Path) -> None:
    (tmp_path / "label.txt").write_text("old")
    follow = following(SourceSettings(path="label.txt", mode="whole"))
    assert follow.pause(2) == []
    (tmp_path / "label.txt").write_text("new")
    assert follow.pause(2) == ["new"]


def test_row_23_only_the_newest_file_is_followed(following: Following, tmp_path: Path) -> None:
    for day in (1, 2):
        (tmp_path / f"journal.{day}.log").write_text("history\n")
        os.utime(tmp_path / f"journal.{day}.log", (day * 1000, day * 1000))
    follow = following(SourceSettings(path="journal.*.log", mode="newest"))
    follow.write("journal.2.log", "two\n")
    assert follow.pause(1) == ["two"]
    follow.write("journal.2.log", "two again\n")
    follow.write("journal.3.log", "three\n")
    later(tmp_path / "journal.3.log")
    assert follow.pause(1) == ["two", "two again", "three"]
    follow.pause(10)
    os.utime(follow.write("journal.1.log", "stale\n"), (1000, 1000))
    assert follow.pause(2) == ["two", "two again", "three"]
    assert list(follow.status()) == ["journal.3.log"]


def test_a_copy_beside_a_file_that_never_shrinks_is_no_generation(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    shutil.copy(path, path.with_name("a.log.1"))
    follow.write("a.log", "two\n")
    assert follow.pause(2) == ["one", "two"]


def test_row_15_a_new_file_that_begins_like_the_rotated_one_is_read_at_once(follow: Follow) -> None:
    header = "=" * 100 + "\n"
    path = follow.write("a.log", header + "one\n")
    follow.look()
    rotate(path)
    follow.write("a.log", header)
    assert follow.look(0.5) == [header.strip(), "one", header.strip()]
    follow.write("a.log", "two\n")
    assert follow.look(0.5)[3:] == ["two"]


def test_row_15_late_writers_make_no_older_file_look_newer_than_those_that_followed_it(
    follow: Follow,
) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    placed = path.stat().st_mtime_ns
    rotate(path)
    later(follow.write("a.log.1", "late\n"), 100)
    follow.write("a.log", "two\n")
    assert follow.look() == ["one", "late", "two"]
    (old,) = [at for at in follow.store.checkpoints() if at.path.endswith(".1")]
    assert old.modified == placed


def test_row_20_an_editor_replaces_the_link_while_its_target_lives_on(follow: Follow) -> None:
    target = follow.write("day-1", "one\n")
    link = follow.folder / "a.log"
    link.symlink_to(target)
    follow.look()
    follow.close()
    text = "".join(f"line {number} of a text that is no chance\n" for number in range(3))
    follow.write("day-1", text)
    save_over(link, target.read_text() + "two\n", follow)
    follow.start()
    assert follow.pause(2) == ["one", *text.splitlines(), "two"]


def test_row_20_also_if_ttsd_dies_before_it_could_tell(following: Following) -> None:
    sources = (SourceSettings(path="a.log", start="beginning"), SourceSettings(path="b.log"))
    follow = following(*sources, handles=1)
    text = "".join(f"line {number} of a text that is no chance\n" for number in range(3))
    target = follow.write("day-1", text)
    link = follow.folder / "a.log"
    link.symlink_to(target)
    follow.look()
    follow.write("b.log", "this closes the other\n")
    follow.look()
    os.truncate(target, 0)
    follow.look(0.0)
    save_over(link, "new\n" + text, follow)
    follow.write("day-1", "new\n" + text)
    follow.look(0.0)
    follow.restart()
    assert [one for one in follow.pause(3) if "closes" not in one] == [
        *text.splitlines(),
        "new",
        *text.splitlines(),
    ]


def test_row_20_a_rotated_link_and_what_it_leads_to_are_one_file_after_a_crash(follow: Follow) -> None:
    link = follow.folder / "a.log"
    link.symlink_to(follow.write("day-1", "one\n"))
    follow.look()
    rotate(link)
    follow.write("day-1", "two\n")
    follow.write("a.log", "three\n")
    # Both rows still have the path: ttsd died before it could note what became of the older one.
    new = follow.reader._context.files.look(str(link), closely=True)
    assert new is not None
    follow.store.remember((Checkpoint(str(link), new.identity),))
    follow.restart()
    assert sorted(follow.pause(2)) == ["one", "three", "two"]


def test_row_17_copied_and_truncated_twice_while_ttsd_was_down(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    follow.close()
    for number, text in enumerate(("two\n", "three\n"), 1):
        follow.write("a.log", text)
        later(path, number)
        if number == 2:
            path.with_name("a.log.1").rename(path.with_name("a.log.2"))
        shutil.copy2(path, path.with_name("a.log.1"))
        os.truncate(path, 0)
    follow.write("a.log", "four\n")
    later(path, 3)
    follow.start()
    assert follow.pause(3) == ["one", "two", "three", "four"]


def test_row_17_a_copy_that_was_given_the_inode_of_another_known_file(following: Following) -> None:
    follow = following(SourceSettings(path="a.log*"))
    path = follow.write("a.log", "one\ntwo\n")
    follow.look()
    copy = path.with_name("a.log.1")
    shutil.copy(path, copy)
    os.truncate(path, 0)
    follow.write("a.log", "three\n")
    seen = follow.reader._context.files.look(str(copy), closely=True)
    assert seen is not None
    gone = Checkpoint(str(copy), seen.identity, Offset(5), b"older", mark(b"older"))
    follow.store.remember((gone,))
    follow.restart()
    assert follow.pause(3) == ["one", "two", "three"]
