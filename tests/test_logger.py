"""Loggers load structlog when it is needed, and lose no line of a start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ttsd import logger
from ttsd.logger import Logger, keep_lines, log_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = Logger("ttsd.test")


@pytest.fixture(autouse=True)
def nothing_is_kept_for_others() -> Iterator[None]:
    yield
    log_lines()


def test_what_is_kept_is_logged_in_order_and_before_what_comes_later() -> None:
    with capture_logs() as lines:
        keep_lines()
        log.info("first", source="chat")
        log.warning("second")
        keep_lines()  # again: nothing is forgotten
        assert lines == []
        log_lines()
        log.error("third")
        log_lines()
    assert lines == [
        {"event": "first", "source": "chat", "log_level": "info"},
        {"event": "second", "log_level": "warning"},
        {"event": "third", "log_level": "error"},
    ]


def test_an_exception_that_is_kept_is_still_the_one_that_was_handled() -> None:
    with capture_logs() as lines:
        keep_lines()
        try:
            raise ValueError("first")
        except ValueError:
            log.exception("fault")
        log_lines()
    [line] = lines
    assert line["log_level"] == "error"
    assert line["exc_info"][0] is ValueError


def test_structlog_is_configured_before_the_next_line_and_once() -> None:
    configured: list[int] = []
    logger.before_the_next_line(lambda: configured.append(len(lines)))
    with capture_logs() as lines:
        log.info("one")
        log.info("two")
    assert configured == [0]
    assert [line["event"] for line in lines] == ["one", "two"]


def test_only_a_line_loads_structlog() -> None:
    code = (
        "import sys; from ttsd.logger import Logger, keep_lines, log_lines; log = Logger('x'); keep_lines();"
        "log.info('kept'); print('structlog' in sys.modules); log_lines(); print('structlog' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "False"
    assert done.stdout.splitlines()[-1] == "True"


def test_it_is_loaded_without_rich_which_others_may_have(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("print('loaded')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from ttsd.logger import Logger; Logger('x').info('a line');"
        "print('rich' in sys.modules); import rich"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-2:] == ["False", "loaded"]
