"""A log in a file is bounded, and its newest lines can be seen while it is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ttsd.service import log_file
from ttsd.service.log_file import LogFile, older, tail

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_bounded_and_loses_nothing_recent(tmp_path: Path) -> None:
    path = tmp_path / "log" / "ttsd.log"
    with LogFile(path, longest=1000) as log:
        for n in range(500):
            log.write(f"line {n}\n")
    assert path.stat().st_size < 1100
    assert older(path).stat().st_size < 1100
    assert len(list(path.parent.iterdir())) == 2
    assert tail(path, 3) == ["line 497", "line 498", "line 499"]
    everything = tail(path, 10_000)
    assert everything == [f"line {n}" for n in range(500 - len(everything), 500)]


def test_it_goes_on_where_the_last_daemon_stopped(tmp_path: Path) -> None:
    path = tmp_path / "ttsd.log"
    for word in ("one", "two"):
        with LogFile(path) as log:
            log.write(f"{word}\n")
    assert tail(path, 10) == ["one", "two"]


def test_it_can_be_followed_into_the_next_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ttsd.log"
    log = LogFile(path, longest=20)
    log.write("what was there before\n")
    coming = iter(["and", "then", "some more", "in a new file"])

    def wait() -> None:
        line = next(coming, None)
        if line is None:
            raise KeyboardInterrupt
        log.write(f"{line}\n")

    assert log_file.show(path, 5, follow=True, wait=wait) == 0
    log.close()
    assert capsys.readouterr().out.splitlines() == [
        *("what was there before", "and", "then", "some more", "in a new file")
    ]


def test_without_a_log_it_says_where_it_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_file.show(tmp_path / "none.log", 5, follow=False) == 1
    assert "none.log" in capsys.readouterr().err


def test_ttsd_run_writes_there_instead_of_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    log_file.use(tmp_path / "ttsd.log")
    log = sys.stderr
    assert isinstance(log, LogFile)
    sys.stderr.write("heard\n")
    monkeypatch.undo()
    log.close()
    assert tail(tmp_path / "ttsd.log", 1) == ["heard"]
