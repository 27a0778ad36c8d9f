"""Daemons for tests: started on demand, ended and looked after at the end."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from daemon_process import DaemonProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daemon_process import MakeDaemon


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator[MakeDaemon]:
    """Daemons that end with the test; their logs are shown if it fails."""
    with ExitStack() as closing:

        def make(text: str | None = None, *, name: str = "d") -> DaemonProcess:
            made = DaemonProcess(tmp_path / name, text)
            closing.callback(lambda: sys.stderr.write(made.stderr()[-20_000:]))
            closing.callback(made.close)
            return made

        yield make


@pytest.fixture
def daemon(make_daemon: MakeDaemon) -> DaemonProcess:
    """A daemon that beeps into files, running."""
    return make_daemon().start()
