"""Rows 34-39: sharing, fairness, handles, stopping, status, and what is no file."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from control_parts import unix_socket
from waiting import wait_for

from ttsd.settings import Duration, SourceSettings
from ttsd.sources.files import SystemFiles
from ttsd.sources.tail import BUDGET

if TYPE_CHECKING:
    from following import Follow, Following

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's file types")


def descriptors() -> int:
    """Descriptors this process has open (0 where nobody tells)."""
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


def test_row_34_an_open_file_can_be_renamed_deleted_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\n")
    file = SystemFiles().open(str(path))
    try:
        path.rename(tmp_path / "a.log.1")
        path.write_text("new\n")
        (tmp_path / "a.log.1").unlink()
        assert file.read_at(0, 10) == b"one\n"
    finally:
        file.close()


def test_row_35_a_file_that_grows_by_much_delays_no_other(following: Following) -> None:
    follow = following(SourceSettings(path="*.log", read_ahead=1_000_000))
    follow.write("a-big.log", ("x" * 79 + "\n") * 20_000)
    follow.write("small.log", "hello\n")
    follow.clock.advance(1)
    follow.reader.step()
    texts = follow.texts()
    assert "hello" in texts
    assert len(texts) <= BUDGET // 80 + 1


def test_row_35_a_source_with_a_full_queue_stays_in_its_file_and_others_are_heard(
    following: Following,
) -> None:
    follow = following(SourceSettings(path="a.log", read_ahead=100), SourceSettings(path="b.log"))
    follow.write("a.log", "".join(f"{number}\n" for number in range(1000)))
    follow.write("b.log", "hello\n")
    texts = follow.look()
    assert len(texts) == 101
    assert "hello" in texts
    assert "100 of its lines" in (follow.status()["a.log"].waiting or "")
    for _ in range(20):
        follow.store.drop(source=follow.reader.status()[0].name, reason="heard")
        follow.look()
    assert follow.status()["a.log"].lag == 0
    assert follow.store.counters().queued == 1001


@pytest.mark.parametrize(("drop", "kept"), [("oldest", ["8", "9"]), ("newest", ["0", "1"])])
def test_row_35_max_queue_drops_what_is_too_much(following: Following, drop: str, kept: list[str]) -> None:
    follow = following(SourceSettings(path="a.log", max_queue=2, drop=drop))  # type: ignore[arg-type]  # literals
    follow.write("a.log", "".join(f"{number}\n" for number in range(10)))
    assert follow.look() == kept
    assert follow.store.counters().dropped == 8
    assert follow.status()["a.log"].lag == 0


def test_max_age_of_a_source_goes_before_that_of_all(following: Following) -> None:
    sources = [
        SourceSettings(path="a.log", max_age=Duration(5), start="beginning"),
        SourceSettings(path="b.log", start="beginning"),
    ]
    follow = following(*sources)
    follow.reader.update(tuple(sources), follow.folder, max_age=60)
    follow.write("a.log", "soon too old\n")
    follow.write("b.log", "later\n")
    follow.look()
    ages = {one.text: round((one.expires_at or 0) - one.queued_at) for one in follow.store.queued(9)}
    assert ages == {"soon too old": 5, "later": 60}


def test_row_36_handles_are_bounded_and_closed_files_followed_all_the_same(following: Following) -> None:
    follow = following(SourceSettings(path="*.log", rotate_wait=Duration(1)), handles=4)
    for number in range(20):
        follow.write(f"{number:02}.log", f"{number:02} one\n")
    follow.look()
    before = descriptors()
    for number in range(20):
        path = follow.folder / f"{number:02}.log"
        follow.write(path.name, f"{number:02} two\n")
        path.rename(path.with_name(path.name + ".1"))
        follow.write(path.name, f"{number:02} three\n")
    follow.pause(5)
    texts = follow.texts()
    for number in range(20):
        assert [text for text in texts if text.startswith(f"{number:02}")] == [
            f"{number:02} one",
            f"{number:02} two",
            f"{number:02} three",
        ]
    assert descriptors() <= before


@pytest.mark.long
def test_row_36_nothing_leaks_over_a_thousand_rotations(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", rotate_wait=Duration(1)))
    path = follow.write("a.log", "0\n")
    follow.pause(2)
    before = descriptors()
    for number in range(1, 1001):
        path.rename(path.with_name("a.log.1"))
        follow.write("a.log", f"{number}\n")
        follow.look(0.5)
    follow.pause(3)
    assert follow.texts() == [str(number) for number in range(1001)]
    assert len(follow.reader._context.tails) == 1
    assert descriptors() <= before
    assert len(follow.store.checkpoints()) < 10


def test_row_37_at_a_stop_what_is_there_is_read_and_committed(follow: Follow) -> None:
    follow.write("a.log", "one\n")
    follow.look()
    follow.write("a.log", "two\nthree")
    follow.reader.finish()
    assert follow.texts() == ["one", "two"]
    follow.close()
    follow.start()
    follow.write("a.log", "!\n")
    assert follow.look() == ["one", "two", "three!"]


def test_row_38_status_tells_all_there_is_to_know(follow: Follow) -> None:
    follow.write("a.log", "one\ntwo")
    follow.look()
    (source,) = follow.reader.status()
    (file,) = source.files
    assert (source.name, source.path, source.watch) == ("a.log", "a.log", "poll")
    assert file.path == str(follow.folder / "a.log")
    assert (file.offset, file.size, file.lag) == (4, 7, 3)
    assert (file.rotations, file.truncations, file.cut_lines, file.last_error) == (0, 0, 0, None)


def make_fifo(path: Path) -> None:
    """`os.mkfifo`, of which type checking for Windows knows nothing."""
    getattr(os, "mkfifo")(path)  # noqa: B009 - see above


@posix
def test_row_39_what_is_no_file_is_refused_without_blocking(following: Following) -> None:
    follow = following(SourceSettings(path="*.log"))
    folder = follow.folder
    make_fifo(folder / "pipe.log")
    with unix_socket() as listening:
        listening.bind(str(folder / "socket.log"))
        (folder / "device.log").symlink_to("/dev/zero")
        (folder / "folder.log").mkdir()
        follow.write("good.log", "spoken\n")
        assert follow.look() == ["spoken"]
        waiting = {name: status.waiting for name, status in follow.status().items() if status.waiting}
        assert set(waiting) == {"pipe.log", "socket.log", "device.log"}
        assert set(waiting.values()) == {"this is no regular file"}


@posix
def test_row_39_a_fifo_named_as_a_source_is_read_as_a_stream(follow: Follow) -> None:
    fifo = follow.folder / "a.log"
    make_fifo(fifo)
    follow.pause(1)
    for text in ("one\ntwo\n", "three\n"):
        with fifo.open("w") as writer:
            writer.write(text)
    wait_for(lambda: len(follow.look(0.1)) == 3, "the lines of two writers")
    assert follow.texts() == ["one", "two", "three"]
    (source,) = follow.reader.status()
    assert source.watch == "stream"
    assert follow.store.checkpoints() == ()


@posix
def test_row_39_a_writer_waits_at_a_stream_as_at_any_pipe(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", read_ahead=50_000))
    fifo = follow.folder / "a.log"
    make_fifo(fifo)
    follow.pause(1)

    def write() -> None:
        with fifo.open("w") as writer:
            writer.writelines(f"{number:079}\n" for number in range(30_000))

    thread = threading.Thread(target=write)
    thread.start()
    wait_for(lambda: len(follow.look(0.1)) == 30_000, "all lines", timeout=30)
    thread.join()
    assert follow.texts() == [f"{number:079}" for number in range(30_000)]


@posix
def test_row_39_standard_input_is_a_stream_with_an_end(following: Following) -> None:
    reading, writing = os.pipe()
    saved = os.dup(0)
    os.dup2(reading, 0)
    try:
        follow = following(SourceSettings(path="-"))
        os.write(writing, "one\ntwö".encode())
        os.close(writing)
        wait_for(lambda: len(follow.look(0.1)) == 2, "both lines")
        assert follow.texts() == ["one", "twö"]
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reading)


def test_a_line_tells_when_it_was_written_also_behind_a_rotation(follow: Follow) -> None:
    path = follow.write("a.log", "one\n")
    follow.look()
    path.rename(path.with_name("a.log.1"))
    os.utime(follow.write("a.log.1", "late\n"), (2_000_000_000, 2_000_000_000))
    follow.write("a.log", "two\n")
    assert follow.look() == ["one", "late", "two"]
    assert [one.appended_at for one in follow.store.queued(9)][1] == 2_000_000_000
