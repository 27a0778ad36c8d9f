"""The log's way to stderr: a daemon does not die with whoever read its log.

Invariant: writing never raises. A line that cannot be written is lost; when nobody will read any more
(a closed pipe, a terminal that is gone), descriptor 2 leads to the null device from then on.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TextIO

STANDARD = (0, 1, 2)


def secure() -> None:
    """Let descriptors 0 to 2 lead somewhere: else the next file that is opened becomes somebody's stderr."""
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for good


def is_terminal() -> bool:
    """Whether people read along."""
    stream: TextIO | None = sys.stderr  # None: it was closed when we were started
    return stream is not None and stream.isatty()


class Stderr:
    """A logger for structlog, and its factory."""

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def __call__(self, *_: object) -> Stderr:
        """Every room logs through the same one."""
        return self

    def msg(self, line: str) -> None:
        """Write a line, if somebody reads it."""
        stream: TextIO | None = sys.stderr
        if stream is None:
            return
        with self._writing:
            try:
                stream.write(f"{line}\n")
                stream.flush()
            except BlockingIOError:  # a terminal that another program made non-blocking: it comes back
                pass
            except (OSError, ValueError):
                _lead_to_nothing()

    debug = info = warning = warn = error = critical = exception = fatal = msg


def _lead_to_nothing() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(null, 2)
    finally:
        os.close(null)


class Terminals:
    """The terminals that a process was started on."""

    def __init__(self) -> None:
        self._ours = [descriptor for descriptor in STANDARD if os.isatty(descriptor)]

    def gone(self) -> bool:
        """Whether one of them is there no longer: its window was closed, the connection ended."""
        return not all(os.isatty(descriptor) for descriptor in self._ours)
