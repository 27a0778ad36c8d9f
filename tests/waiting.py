"""Waiting for what a test expects, instead of sleeping and hoping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_for(predicate: Callable[[], T], what: str, *, timeout: float = 10.0, every: float = 0.005) -> T:
    """Return *predicate*'s first true value, looking again *every* so many seconds.

    Fails naming *what* after *timeout* seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}; last seen: {value!r}"
        time.sleep(every)
