"""Rows 24-29: lines and text, in files as they are written."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from ttsd.errors import SourceError
from ttsd.settings import Duration, Size, SourceSettings

if TYPE_CHECKING:
    from following import Follow, Following


def test_row_24_a_line_is_spoken_when_its_end_is_there(follow: Follow) -> None:
    follow.write("a.log", "almost")
    assert follow.pause(60) == []


def test_row_24_flush_partial_after_speaks_what_lacks_its_end(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", flush_partial_after=Duration(2)))
    follow.write("a.log", "one\ntw")
    assert follow.look(0.5) == ["one"]
    assert follow.look(1.5) == ["one"]
    follow.write("a.log", "o")
    assert follow.look(1.5) == ["one"]
    assert follow.pause(3) == ["one", "two"]
    follow.write("a.log", "\nthree\n")
    assert follow.pause(1) == ["one", "two", "three"]


def test_row_25_crlf_also_over_two_reads_and_a_lone_cr_is_a_space(follow: Follow) -> None:
    follow.write("a.log", b"one\r")
    assert follow.look() == []
    follow.write("a.log", b"\ntwo\rhalves\r\n")
    assert follow.look() == ["one", "two halves"]


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8", "utf-16"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-be"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
        ("shift_jis", "shift_jis"),
    ],
)
def test_row_26_encodings_marks_and_characters_split_over_reads(
    following: Following, encoding: str, written: str
) -> None:
    follow = following(SourceSettings(path="a.log", encoding=encoding))
    lines = (
        ["ひらがな 日本", "ソ表"]
        if written == "shift_jis"
        else ["Grüße, Ångström", "ça", "Ċ ਊ" if "utf" in written else "¿qué?"]
    )
    data = "".join(line + "\r\n" for line in lines).encode(written)
    if (encoding, written) == ("utf-16", "utf-16-be"):
        data = b"\xfe\xff" + data
    for at in range(len(data)):
        follow.write("a.log", data[at : at + 1])
        if at % 3 == 0:
            follow.look(0.1)
    assert follow.look() == lines
    follow.restart()
    follow.write(
        "a.log",
        "more\n".encode(written)
        .removeprefix(b"\xef\xbb\xbf")
        .removeprefix(b"\xff\xfe\0\0")
        .removeprefix(b"\xff\xfe"),
    )
    assert follow.look() == [*lines, "more"]


def test_row_26_an_invalid_byte_is_replaced_and_never_fatal(follow: Follow) -> None:
    follow.write("a.log", b"caf\xe9 \xff\xfe!\nnext\n")
    assert follow.look() == ["caf\ufffd \ufffd\ufffd!", "next"]


def test_row_26_an_unknown_encoding_is_an_error_before_anything_is_opened(following: Following) -> None:
    with pytest.raises(SourceError, match="klingon"):
        following(SourceSettings(path="a.log", encoding="klingon"))


def test_row_27_an_overlong_line_is_cut_at_a_character_and_the_file_followed_on(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", max_line_bytes=Size(65)))
    follow.write("a.log", "one\n" + "ä" * 100)
    assert follow.look() == ["one", "ä" * 32]
    follow.restart()
    follow.write("a.log", "ä" * 1_000_000)
    assert len(follow.look()) == 2
    follow.write("a.log", "\ntwo\n" + "b" * 66 + "\n" + "c" * 65 + "\n")
    assert follow.look() == ["one", "ä" * 32, "two", "b" * 65, "c" * 65]
    assert follow.status()["a.log"].cut_lines == 1  # since the restart


def test_row_28_lines_are_joined_by_a_start_pattern(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", join_start=r"^\d\d:\d\d", join_timeout=Duration(3)))
    follow.write("a.log", "10:00 one\n  more\n10:01 two\n")
    assert follow.look() == ["10:00 one\n  more"]
    assert follow.status()["a.log"].offset == len("10:00 one\n  more\n")
    follow.restart()
    follow.write("a.log", "  and more\n")
    assert follow.look() == ["10:00 one\n  more"]
    assert follow.pause(4) == ["10:00 one\n  more", "10:01 two\n  and more"]


def test_row_28_or_by_a_continuation_pattern(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", join_continue=r"^\s"))
    follow.write("a.log", "Traceback\n  File\n  line\nValueError\n")
    assert follow.look(0.5) == ["Traceback\n  File\n  line"]
    assert follow.pause(2) == ["Traceback\n  File\n  line", "ValueError"]


def test_row_28_a_message_without_end_is_bounded(following: Following) -> None:
    follow = following(SourceSettings(path="a.log", join_continue=r"^\s", max_line_bytes=Size(1000)))
    follow.write("a.log", "start\n" + "  more\n" * 100_000 + "end\n")
    texts = follow.pause(2)
    assert sum(text.count("more") for text in texts) == 100_000
    assert texts[-1] == "end"
    assert max(map(len, texts)) < 70_000


def test_row_28_a_bad_pattern_is_an_error_before_anything_is_opened(following: Following) -> None:
    with pytest.raises(SourceError, match="join_start"):
        following(SourceSettings(path="a.log", join_start="("))


def test_row_29_compressed_and_binary_files_under_a_glob_are_refused_once(
    following: Following, capsys: pytest.CaptureFixture[str]
) -> None:
    follow = following(SourceSettings(path="logs/*"))
    follow.write("logs/a.log.gz", gzip.compress(b"one\n" * 1000))
    follow.write("logs/core", b"text\n\0\1\2binary\n")
    follow.write("logs/good.log", "spoken\n")
    follow.pause(5)
    follow.write("logs/core", b"more\n")
    assert follow.pause(5) == ["spoken"]
    assert capsys.readouterr().out.count("file_refused") == 2
    follow.restart()
    assert follow.pause(5) == ["spoken"]


def test_row_29_also_when_they_were_empty_at_first(following: Following) -> None:
    follow = following(SourceSettings(path="logs", exclude=()))
    follow.write("logs/x", b"")
    follow.look()
    follow.write("logs/x", gzip.compress(b"one\n"))
    assert follow.pause(2) == []
    assert follow.status() == {}


def test_blank_lines_are_read_and_not_spoken(follow: Follow) -> None:
    follow.write("a.log", "\n\r\n  \none\n\n")
    assert follow.look() == ["one"]
    assert follow.status()["a.log"].lag == 0
