"""Small surprises met well: pipes and odd files as sources, clocks that jump, a machine that sleeps."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from daemon_process import REAL_TIME, UNTIMED, configuration
from waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from daemon_process import MakeDaemon

UNIX = hasattr(os, "mkfifo")
SLEEP, WAKE = (getattr(signal, name, signal.SIGTERM) for name in ("SIGSTOP", "SIGCONT"))
pytestmark = pytest.mark.skipif(not UNIX, reason="FIFOs, Unix sockets and SIGSTOP")


def following(path: str) -> str:
    return configuration().replace('"chat.log"', f'"{path}"')


def make_fifo(path: Path) -> None:
    """`os.mkfifo`, of which type checking for Windows knows nothing."""
    getattr(os, "mkfifo")(path)  # noqa: B009 - see above


def test_a_fifo_is_spoken_as_it_is_written_and_survives_its_writers(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(following("pipe"))
    fifo = daemon.folder / "pipe"
    make_fifo(fifo)
    daemon.start()
    for number in range(3):
        with fifo.open("w") as pipe:  # a new writer each time, as `echo >>` is
            pipe.write(f"line {number}\n")
        daemon.wait_until_spoken(number + 1)
    assert daemon.texts() == ["line 0", "line 1", "line 2"]
    assert daemon.terminate() == 0


def test_a_fifo_that_appears_where_a_file_was_expected_is_read(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(following("pipe")).start()
    fifo = daemon.folder / "pipe"
    make_fifo(fifo)
    with fifo.open("w") as pipe:
        pipe.write("made later\n")
    daemon.wait_until_spoken(1)
    assert daemon.texts() == ["made later"]


def test_standard_input_is_a_source_and_its_end_is_not_the_daemons(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(following("-"))
    words = [sys.executable, "-m", "ttsd", "run", "--config", str(daemon.config)]
    with subprocess.Popen(
        words, cwd=daemon.folder, env=daemon.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(b"from a pipe\nand half a line")
            process.stdin.close()
            daemon.wait_until_it_answers()
            daemon.wait_until_spoken(2)
            assert daemon.texts() == ["from a pipe", "and half a line"]
            assert daemon.status()["state"] == "idle"
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_what_cannot_be_followed_is_told_and_does_not_hinder_the_others(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon()
    with socket.socket(getattr(socket, "AF_UNIX")) as sock:  # noqa: B009 - Windows' socket has none
        sock.bind(str(daemon.folder / "socket"))
        for path in ("socket", "/dev/null", "/dev/zero"):
            daemon.edit("[state]", f'[[sources]]\npath = "{path}"\n[state]')
        daemon.start()
        daemon.append("the file is followed")
        daemon.wait_until_spoken(1)

        def told() -> list[str]:
            found = daemon.status()["sources"]
            return [str(one["waiting"] or one["last_error"] or "") for one in found[1:]]

        wait_for(lambda: len(told()) == 3 and all(told()), "all three to be told")
        assert daemon.texts() == ["the file is followed"]


def test_a_directory_where_a_file_was_named_is_followed_as_one(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(following("logs"))
    (daemon.folder / "logs").mkdir()
    (daemon.folder / "logs" / "a.log").write_text("in a file of it\n")
    daemon.start()
    daemon.wait_until_spoken(1)
    (daemon.folder / "logs" / "b.log").write_text("and in another\n")
    daemon.wait_until_spoken(2)


@pytest.mark.parametrize("shift", [-400_000_000, 400_000_000], ids=["past", "future"])
def test_a_log_of_another_time_is_read_like_any_other(make_daemon: MakeDaemon, shift: int) -> None:
    """The clock was wrong when it was written, or is now."""
    daemon = make_daemon(configuration(output=UNTIMED, speech='max_age = "1h"'))
    daemon.append("written long ago, or not yet")
    then = time.time() + shift
    os.utime(daemon.chat, (then, then))
    daemon.start()
    daemon.wait_until_spoken(1)
    daemon.append("and now")
    os.utime(daemon.chat, (then, then))
    daemon.wait_until_spoken(2)
    assert {one.state for one in daemon.history()} == {"spoken"}


def test_a_daemon_that_was_put_to_sleep_goes_on_where_it_was(make_daemon: MakeDaemon) -> None:
    """As after the machine's own sleep: nothing ran, the files may have grown, and much time has passed."""
    daemon = make_daemon(configuration(output=REAL_TIME, pace=100)).start()
    texts = [f"line number {number} of them" for number in range(8)]
    daemon.append(*texts[:4])
    daemon.wait_until_speaking(texts[1])
    engine = daemon.engine_pid()
    daemon.signal(SLEEP)
    try:
        daemon.append(*texts[4:])
        time.sleep(2)  # what is tested is that time passes
    finally:
        daemon.signal(WAKE)
    daemon.wait_until_spoken(8)
    assert [one.text for one in daemon.history()] == texts
    assert {one.state for one in daemon.history()} == {"spoken"}
    assert [entry["id"] for entry in daemon.logged("speaking")] == list(range(1, 9)), "each began once"
    assert daemon.engine_pid() == engine
    assert not daemon.logged("engine_passed_over")


def test_an_engine_that_was_put_to_sleep_is_waited_for(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=40, speech='ahead = "0s"')).start()
    daemon.append("the first", "the second", "the third")
    daemon.wait_until_speaking("the first")
    engine = daemon.engine_pid()
    assert engine is not None
    os.kill(engine, SLEEP)
    try:
        time.sleep(1)  # what is tested is that time passes
    finally:
        os.kill(engine, WAKE)
    daemon.wait_until_spoken(3)
    assert daemon.engine_pid() == engine
