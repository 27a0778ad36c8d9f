"""`ttsd top` on a terminal of its own, as a person has it, and in a pipe."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from daemon_process import REAL_TIME, configuration
from event_stream import EventStream
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon_process import DaemonProcess, MakeDaemon

pytest.importorskip("termios", reason="Windows has no such terminals")
assert sys.platform != "win32"  # for mypy

import fcntl  # noqa: E402 - Windows has none of these
import pty  # noqa: E402
import termios  # noqa: E402

LONG = "This is a sentence that lasts for a while, so that there is time to look at it."


class Terminal:
    """A terminal, and `ttsd top` on it."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self._master = process, master
        self._raw = b""

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def shows(self, text: str) -> bool:
        """Whether *text* was shown since the last `forget`."""
        try:
            while piece := os.read(self._master, 65536):
                self._raw += piece
        except (BlockingIOError, OSError):  # nothing more, or it has ended
            pass
        return text in self.seen

    @property
    def seen(self) -> str:
        """Everything that was shown since then, without what only moves and colours."""
        shown = self._raw.decode("utf-8", "replace")
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])", "", shown)

    @property
    def coloured(self) -> bool:
        """Whether anything was shown in a colour since then."""
        return re.search(rb"\x1b\[3[0-7]m", self._raw) is not None

    def forget(self) -> None:
        self.shows("")
        self._raw = b""


@contextmanager
def terminal(
    daemon: DaemonProcess, rows: int = 30, columns: int = 100, kind: str = "xterm-256color", **more: str
) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.set_blocking(master, False)
    words = [sys.executable, "-m", "ttsd", "top", "--config", str(daemon.config)]
    # Who runs the tests may tell a size, which would be believed before the terminal's.
    plain = {key: value for key, value in daemon.environment.items() if key not in ("LINES", "COLUMNS")}
    environment = {**plain, "TERM": kind, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **more}
    process = subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(10)
        os.close(master)


def soon(what: Callable[[], bool], name: str) -> None:
    wait_for(what, name, timeout=20, every=0.05)


def test_it_shows_what_is_spoken_and_its_keys_steer(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=12)).start()
    with terminal(daemon) as screen, EventStream(daemon.socket) as events:
        soon(
            lambda: screen.shows("idle") and screen.shows("tone") and screen.shows("q quit"),
            "the first picture",
        )
        screen.forget()
        first, second = daemon.say(LONG), daemon.say("The next one.")
        soon(lambda: screen.shows("say: ") and screen.shows("sentence that lasts"), "the sentence")
        soon(lambda: screen.shows("The next one."), "the queue")
        screen.press("p")
        events.until("paused")
        screen.press(" ")
        events.until("resumed")
        screen.press("-")
        wait_for(lambda: daemon.call("volume.get")["volume"] == 95, "the volume")
        screen.press("m")
        wait_for(lambda: daemon.call("volume.get")["muted"], "mute")
        soon(lambda: screen.shows("muted"), "the mute to be shown")
        screen.press("s")
        assert events.until("skipped")["id"] == first
        events.until("begin", id=second)
        screen.press("q")
        assert screen.process.wait(10) == 0


def test_a_terminal_of_any_size_and_kind_is_enough(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=2)).start()
    with terminal(daemon, kind="vt100") as screen:
        soon(lambda: screen.shows("idle"), "the first picture")
        daemon.say(LONG)
        soon(lambda: screen.shows("say"), "what is spoken")
        for rows, columns in ((2, 10), (1, 1), (60, 200)):
            screen.forget()
            screen.resize(rows, columns)
            if rows > 1:  # of a single character nothing is to be expected
                soon(lambda: screen.shows("say" if rows > 2 else "…"), f"{rows} rows")  # noqa: B023 - called at once
            assert screen.process.poll() is None
        screen.press("q")
        assert screen.process.wait(10) == 0


@pytest.mark.parametrize(("said", "coloured"), [("", True), ("1", False)])
def test_who_wants_no_colours_has_none(make_daemon: MakeDaemon, said: str, coloured: bool) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=2)).start()
    with terminal(daemon, NO_COLOR=said) as screen:
        daemon.say(LONG)
        soon(lambda: screen.shows("speaking") and screen.shows("busy"), "what is spoken")
        assert screen.coloured is coloured


def test_it_ends_with_the_daemon_and_says_why(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon().start()
    with terminal(daemon) as screen:
        soon(lambda: screen.shows("idle"), "the first picture")
        daemon.terminate()
        assert screen.process.wait(10) == 1
        assert screen.shows("ttsd: ")


def test_in_a_pipe_it_is_a_line_for_what_happens(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=100)).start()
    words = [sys.executable, "-m", "ttsd", "top", "--config", str(daemon.config)]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(words, stdout=subprocess.PIPE, env=daemon.environment, text=True)
        )
        stack.callback(process.kill)  # before it is waited for
        assert process.stdout is not None
        assert process.stdout.readline().endswith(", 0 waiting, tone\n")
        id = daemon.say("Hello there.")
        lines: list[str] = []
        while f"spoken {id} say" not in lines:
            line = process.stdout.readline()[9:].rstrip("\n")
            lines += [line] * (not line.startswith("engine"))
        assert lines == [
            f"queued {id} say: Hello there.",
            f"speaking {id} say: Hello there.",
            f"spoken {id} say",
        ]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
