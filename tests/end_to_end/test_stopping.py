"""Stopping: soon, by every way of asking, and what was cut is spoken anew."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from daemon_process import FILES, HEARD_AND_KEPT, REAL_TIME, configuration
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import MakeDaemon

SOON = 2.0
"""Seconds in which a stop is over."""
SLACK = 6.0
"""What a busy machine may add to that."""
LONG = "a line that takes more than ten seconds to be heard by anybody who listens to it"


def test_sigterm_stops_soon_while_it_speaks_and_the_cut_line_is_spoken_anew(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=HEARD_AND_KEPT, pace=5)).start()
    daemon.append(LONG, "and the next")
    identity = daemon.wait_until_speaking(LONG)
    began = time.monotonic()
    assert daemon.terminate() == 0
    assert time.monotonic() - began < SOON + SLACK
    assert daemon.history() == []
    assert daemon.texts() == []
    assert "Traceback" not in daemon.stderr()
    daemon.edit("characters_per_second = 5", "characters_per_second = 200")
    daemon.start()
    daemon.wait_until_spoken(2)
    assert daemon.texts() == [LONG, "and the next"]
    assert [entry["id"] for entry in daemon.logged("speaking")] == [identity, identity, identity + 1]


def test_on_stop_finish_lets_the_line_be_heard_to_its_end_and_no_other(make_daemon: MakeDaemon) -> None:
    text = configuration(output=HEARD_AND_KEPT, pace=10, speech='on_stop = "finish"')
    daemon = make_daemon(text).start()
    daemon.append("heard to the end", "not begun")
    daemon.wait_until_speaking("heard to the end")
    assert daemon.terminate() == 0
    assert daemon.texts() == ["heard to the end"]
    daemon.start()
    daemon.wait_until_spoken(2)
    assert daemon.texts() == ["heard to the end", "not begun"]


def test_on_stop_finish_does_not_wait_longer_than_stop_timeout(make_daemon: MakeDaemon) -> None:
    text = configuration(output=HEARD_AND_KEPT, pace=2, speech='on_stop = "finish"\nstop_timeout = "500ms"')
    daemon = make_daemon(text).start()
    daemon.append(LONG)
    daemon.wait_until_speaking()
    began = time.monotonic()
    assert daemon.terminate() == 0
    assert time.monotonic() - began < 0.5 + SOON + SLACK
    assert daemon.history() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_daemon_stops_soon_and_leaves_nothing_running(
    make_daemon: MakeDaemon, number: signal.Signals
) -> None:
    daemon = make_daemon().start()
    wait_for(lambda: daemon.status()["chain"][0]["state"] == "ready", "the engine")
    assert len(daemon.processes()) == 2
    daemon.signal(number)
    assert daemon.wait(SOON + SLACK) == 0
    wait_for(lambda: not daemon.processes(), "its processes to end")
    assert "Traceback" not in daemon.stderr()


def test_a_stop_in_the_middle_of_the_start_is_a_stop(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon()
    daemon.append(*(f"line {number}" for number in range(50)))
    for _ in range(2):
        daemon.start()
        assert daemon.terminate(SOON + SLACK) == 0
    daemon.start()
    daemon.wait_until_spoken(50)
    assert len(daemon.history()) == 50
    assert "Traceback" not in daemon.stderr()


def test_the_shutdown_method_stops_it(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon().start()
    assert daemon.call("shutdown") == {"stopping": True}
    assert daemon.wait(SOON + SLACK) == 0
    assert not daemon.socket.exists()


def test_a_stop_right_after_a_line_does_not_keep_it_from_the_files_beside_the_device(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration(output=f"{REAL_TIME}\n{FILES}", pace=200)).start()
    daemon.append("heard")
    daemon.wait_until_spoken(1)
    assert daemon.terminate() == 0
    assert daemon.texts() == ["heard"]
