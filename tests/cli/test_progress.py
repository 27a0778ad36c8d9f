"""A bar tells how far it is and how long it takes, on terminals alone."""

from __future__ import annotations

import io

import pytest

from ttsd.cli.progress import Bar, duration, megabytes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_and_the_time_left() -> None:
    now = [0.0]
    with Bar("voice", 100.0, lambda done: f"{done:.0f} of it", Terminal(), lambda: now[0]) as bar:
        bar(20)  # was there before: it took no time
        now[0] = 10.0
        assert bar.line(60, now[0]) == f"voice [{'#' * 14}{'.' * 10}]  60%, 60 of it, 0:10 left"
        assert bar.line(100, now[0], "tone") == f"voice [{'#' * 24}] 100%, 100 of it, tone"


def test_it_leaves_an_empty_line_behind() -> None:
    stream = Terminal()
    with Bar("x", 10, str, stream) as bar:
        bar(5)
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_file_gets_nothing() -> None:
    stream = io.StringIO()
    with Bar("x", 10, str, stream) as bar:
        bar(5)
        bar(10)
    assert not stream.getvalue()


def test_nothing_to_do_is_no_division_by_zero() -> None:
    assert "0%" in Bar("x", 0, str, Terminal()).line(0, 0.0)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (65, "1:05"), (7200, "2:00:00")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sizes() -> None:
    assert megabytes(63_201_294) == "63.2 MB"
