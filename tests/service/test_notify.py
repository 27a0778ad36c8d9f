"""The service manager is told the truth: when ttsd is ready, reloads, stops, and whether it lives."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest
from daemon_process import DaemonProcess, configuration
from waiting import wait_for

from ttsd.service.notify import Notifier
from ttsd.service.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sd_notify is a matter of Unix sockets")


class Manager:
    """A service manager's ear."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(getattr(socket, "AF_UNIX"), socket.SOCK_DGRAM)  # noqa: B009 - Windows has none
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All messages so far."""
        while True:
            try:
                self.heard.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return self.heard

    def __contains__(self, message: str) -> bool:
        return message in self.listen()

    def statuses(self) -> list[str]:
        return [m.removeprefix("STATUS=") for m in self.listen() if m.startswith("STATUS=")]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.close()


@pytest.fixture
def daemon(tmp_path: Path, manager: Manager) -> Iterator[DaemonProcess]:
    made = DaemonProcess(tmp_path / "d", configuration(output='[[outputs]]\ntype = "null"', pace=20))
    made.environment |= {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"}
    yield made
    try:
        made.close()
    finally:
        sys.stderr.write(made.stderr()[-10_000:])


def test_ready_is_told_when_what_is_appended_is_noticed(daemon: DaemonProcess, manager: Manager) -> None:
    daemon.chat.write_text("")
    daemon.launch()
    wait_for(lambda: "READY=1" in manager, "READY", timeout=30)
    status = daemon.status()
    assert status["sources"][0]["waiting"] is None
    assert status["outputs"][0]["error"] is None
    assert manager.heard[manager.heard.index("READY=1") - 1] == "STATUS=idle, tone"


def test_status_says_what_a_person_wants_to_know(daemon: DaemonProcess, manager: Manager) -> None:
    daemon.start()
    daemon.append("a line that takes a while to be spoken", "another", "and one more")
    wait_for(lambda: "speaking 1, 2 queued, tone" in manager.statuses(), "the status", timeout=30)
    daemon.call("pause")
    wait_for(lambda: "paused 1, 2 queued, tone" in manager.statuses(), "the pause")


def test_a_reload_is_told_from_beginning_to_end(daemon: DaemonProcess, manager: Manager) -> None:
    daemon.start()
    wait_for(lambda: "READY=1" in manager, "READY")
    before, asked = len(manager.listen()), time.monotonic_ns() // 1000
    daemon.edit("pause_ms = 20", "pause_ms = 21")
    daemon.signal(getattr(signal, "SIGHUP"))  # noqa: B009 - Windows' signal module has none
    wait_for(lambda: "READY=1" in manager.listen()[before:], "READY again")
    reloading = next(m for m in manager.heard[before:] if m.startswith("RELOADING=1\n"))
    assert int(reloading.partition("MONOTONIC_USEC=")[2]) >= asked
    assert manager.heard.index(reloading) < len(manager.heard) - 1


def test_a_broken_configuration_is_in_the_status_and_the_daemon_stays_ready(
    daemon: DaemonProcess, manager: Manager
) -> None:
    daemon.start()
    wait_for(lambda: "READY=1" in manager, "READY")
    daemon.edit("pause_ms = 20", 'pause_ms = "never"')
    daemon.signal(getattr(signal, "SIGHUP"))  # noqa: B009 - Windows' signal module has none
    wait_for(lambda: any("not in force" in s and "pause_ms" in s for s in manager.statuses()), "the problem")
    wait_for(lambda: manager.listen()[-1] == "READY=1", "READY again")
    assert daemon.call("ping") == "pong"


def test_stopping_is_told_with_the_time_it_takes(daemon: DaemonProcess, manager: Manager) -> None:
    daemon.start()
    daemon.terminate()
    assert manager.listen()[-1] == "STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000"


def test_the_watchdog_is_petted_while_idle_speaking_and_paused(
    daemon: DaemonProcess, manager: Manager
) -> None:
    daemon.start()

    def pets() -> int:
        return manager.listen().count("WATCHDOG=1")

    wait_for(lambda: pets() >= 2, "pets while idle")
    daemon.append("a line that takes some seconds until it has been spoken to its very end" * 4)
    daemon.wait_until_speaking()
    so_far = pets()
    wait_for(lambda: pets() >= so_far + 2, "pets while speaking")
    daemon.call("pause")
    so_far = pets()
    wait_for(lambda: pets() >= so_far + 2, "pets while paused, the channel full")
    assert not daemon.logged("threads_are_stuck")


def test_engines_cannot_speak_for_the_daemon(manager: Manager) -> None:
    environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}
    notifier = Notifier(environ)
    assert environ == {}
    assert notifier.watchdog_seconds == 2.0
    notifier.close()


def test_a_watchdog_for_another_process_is_not_ours(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"})
    assert notifier.watchdog_seconds is None
    notifier.close()


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_a_manager_may_listen_in_the_abstract_namespace() -> None:
    manager = Manager(f"@ttsd-test-{os.getpid()}")
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    notifier.ready()
    assert manager.listen() == ["READY=1"]
    notifier.close()
    manager.close()


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "vsock:2:1234", "relative"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    assert not notifier.wanted
    notifier.ready()
    notifier.status("idle")
    notifier.close()


def test_a_manager_that_went_away_disturbs_nobody(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    manager.close()
    notifier.ready()
    notifier.close()


def test_status_is_one_line_and_sent_when_it_differs(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    for text in ("idle", "idle", "two\nlines", "x" * 5000):
        notifier.status(text)
    notifier.close()
    assert manager.listen() == ["STATUS=idle", "STATUS=two lines", "STATUS=" + "x" * 400]


# ---- who is stuck


class Member:
    """A thread as the watchdog sees it: it shows itself when it is asked, or hangs."""

    def __init__(self, *, hangs_until: float = 0.0, excused: bool = False) -> None:
        self.stage, self.beat, self.excused = "member", 0.0, excused
        self.hangs_until, self.now = hangs_until, 0.0
        self.prods = 0

    def prod(self) -> None:
        self.prods += 1
        if self.now >= self.hangs_until:
            self.beat = self.now


def pets_after(manager: Manager, *members: Member, until: float = 20.0) -> list[float]:
    """When a watchdog of ten seconds was petted by a main thread that looks twice a second."""
    notifier = Notifier({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000"})
    now = 0.0
    pets: list[float] = []
    watchdog = Watchdog(notifier, lambda: members, lambda: now)
    while now < until:
        now += 0.5
        for member in members:
            member.now = now
        watchdog.turn()
        if len(manager.listen()) > len(pets):
            pets.append(now)
    notifier.close()
    return pets


def test_it_is_petted_at_half_its_time_while_all_go_on(manager: Manager) -> None:
    members = Member(), Member()
    assert pets_after(manager, *members) == [5.0, 10.0, 15.0, 20.0]


def test_it_is_not_petted_when_one_hangs(manager: Manager) -> None:
    assert pets_after(manager, Member(), Member(hangs_until=math.inf)) == []


def test_who_waits_for_what_has_a_deadline_of_its_own_is_left_in_peace(manager: Manager) -> None:
    waiting = Member(hangs_until=math.inf, excused=True)
    assert pets_after(manager, waiting) == [5.0, 10.0, 15.0, 20.0]
    assert waiting.prods == 0


def test_one_that_comes_late_but_in_time_is_no_reason_to_restart(manager: Manager) -> None:
    assert pets_after(manager, Member(hangs_until=8.0), until=10.0) == [8.5]
