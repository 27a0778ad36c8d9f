"""Guards that every test runs under: nothing it started may outlive it."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from waiting import wait_for

from ttsd import logger
from ttsd.engines.worker import TELLS_NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

_TASKS = Path("/proc/self/task")
_DESCRIPTORS = Path("/proc/self/fd")


def pytest_configure() -> None:
    """Libraries report to nobody. A shell ignores Ctrl-C for what it runs in the background, and every process from there on inherits that."""
    os.environ.update(TELLS_NOBODY)  # some tests load onnxruntime here
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _children() -> set[int]:
    """Process ids of our children (Linux; empty elsewhere)."""
    found: set[int] = set()
    if not _TASKS.exists():
        return found
    for task in _TASKS.iterdir():
        try:
            found.update(int(pid) for pid in (task / "children").read_text().split())
        except OSError:  # a thread that ended while we looked
            continue
    return found


def _descriptors() -> dict[str, str]:
    """Open descriptors and what they lead to (Linux; empty elsewhere)."""
    found: dict[str, str] = {}
    if not _DESCRIPTORS.exists():
        return found
    for entry in _DESCRIPTORS.iterdir():
        try:
            target = str(entry.readlink())
        except OSError:  # the descriptor of the listing itself
            continue
        # Libraries keep these for good once loaded: random devices, memory files, their own models.
        if not target.startswith(("/dev/urandom", "/dev/null", "/memfd:", "anon_inode:[eventpoll]")):
            found[entry.name] = target
    return found


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a test configures of the log is not the next one's."""
    before = structlog.get_config()
    yield
    logger.before_the_next_line(lambda: structlog.configure(**before))
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail the test that leaves a thread, a process or a descriptor behind."""
    threads, children, descriptors = set(threading.enumerate()), _children(), _descriptors()
    yield
    wait_for(lambda: not (set(threading.enumerate()) - threads), "threads to end", timeout=5)
    wait_for(lambda: not (_children() - children), "child processes to end", timeout=5)

    def leaked() -> dict[str, str]:
        now = _descriptors()
        return {fd: target for fd, target in now.items() if descriptors.get(fd) != target}

    if leaked():
        gc.collect()  # objects in cycles close theirs only now
    assert not leaked(), f"descriptors left open: {leaked()}"


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """With CI=true a part that is missing is a failure: a skip would hide a promise not kept."""
    del item
    if os.environ.get("CI") == "true" and call.excinfo and call.excinfo.errisinstance(pytest.skip.Exception):
        call.excinfo = pytest.ExceptionInfo.from_exception(
            AssertionError(f"skipped under CI: {call.excinfo.value}")
        )
