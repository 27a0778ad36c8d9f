"""The log: a line for each decision, never what was said, and nothing that the daemon could die of."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon


def test_spoken_text_is_not_in_the_log(daemon: DaemonProcess) -> None:
    daemon.append("a secret between friends")
    daemon.wait_until_spoken(1)
    daemon.terminate()
    assert daemon.logged("spoken")
    assert "secret" not in daemon.stderr()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_daemon_does_not_die_with_whoever_read_its_log(make_daemon: MakeDaemon) -> None:
    """`ttsd run | head`, a log program that crashed."""
    reader, writer = os.pipe()
    daemon = make_daemon()
    daemon.launch(output=writer)
    os.close(writer)
    daemon.wait_until_it_answers()
    os.close(reader)
    daemon.append("one", "two")
    daemon.wait_until_spoken(2)
    assert daemon.terminate() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such redirections")
def test_a_daemon_without_standard_streams_speaks(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon()
    daemon.launch("bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash")
    daemon.wait_until_it_answers()
    daemon.append("one")
    daemon.wait_until_spoken(1)
    assert daemon.terminate() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_daemon_in_a_terminal_ends_when_its_window_is_closed(make_daemon: MakeDaemon) -> None:
    """SIGHUP reloads a daemon; to one that runs in a terminal it says that the terminal is gone."""
    window, terminal = getattr(os, "openpty")()  # noqa: B009 - Windows' os module has none
    daemon = make_daemon()
    # setsid makes the terminal its own, as a terminal's window does.
    daemon.launch("setsid", "--ctty", "--wait", output=terminal, source=terminal)
    os.close(terminal)
    daemon.wait_until_it_answers()
    assert len(daemon.processes()) >= 2
    os.close(window)
    assert daemon.wait() == 0
    wait_for(lambda: not daemon.processes(), "the daemon to end")
    assert not daemon.socket.exists(), "it ended as it should"
