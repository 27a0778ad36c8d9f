"""One command installs an engine into a venv of its own, a running daemon takes it up, another removes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from daemon_process import configuration
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

pytestmark = [
    pytest.mark.install,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


def program_of(pid: int) -> str:
    """The interpreter that a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()


def data_folder(daemon: DaemonProcess) -> Path:
    """Where the daemon's user keeps engines."""
    (found,) = daemon.folder.rglob("engines/espeak")
    return found


def test_install_speak_renew_and_remove(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(engines=("tone", "espeak")))
    daemon.start()

    done = daemon.ttsd("engine", "install", "espeak", "--json", timeout=300)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["packages"]["espeakng-loader"] == "0.2.4"
    assert {"numpy", "wyoming"} <= set(outcome["packages"])
    assert outcome["trial"]["seconds"] > 1
    assert outcome["trial"]["real_time_factor"] < 1
    assert "[2/6] making its venv" in done.stderr
    again = daemon.ttsd("engine", "install", "espeak")
    assert (again.returncode, again.stdout) == (0, "eSpeak NG is installed already\n")

    # The daemon that was running all the time speaks from the new venv.
    assert daemon.switch("espeak")[0] == "espeak"
    daemon.append("one")
    daemon.wait_until_spoken(1)
    pid = daemon.engine_pid("espeak")
    assert pid is not None
    venv = data_folder(daemon) / "venv-1"
    assert program_of(pid).startswith(f"{venv}/")
    (facts,) = (
        one
        for one in json.loads(daemon.ttsd("engines", "--json").stdout)["engines"]
        if one["name"] == "espeak"
    )
    assert facts["own_venv"]
    assert facts["installed"]
    assert facts["outdated"] is None

    wav = daemon.folder / "tried.wav"
    tried = daemon.ttsd("engine", "test", "espeak", "Hello there.", "--out", str(wav), "--json")
    assert json.loads(tried.stdout)["file"] == str(wav)
    assert wav.stat().st_size > 20_000

    # A renewal is taken up without a restart, and the old venv goes.
    renewed = daemon.ttsd("engine", "upgrade", "espeak", timeout=300)
    assert renewed.returncode == 0, renewed.stderr
    assert sorted(path.name for path in data_folder(daemon).iterdir()) == ["installed.json", "venv-2"]
    wait_for(lambda: daemon.engine_pid("espeak") != pid, "the process from the old venv to end")
    daemon.append("two")
    daemon.wait_until_spoken(2)
    pid = daemon.engine_pid("espeak")
    assert pid is not None
    assert "/venv-2/" in program_of(pid)

    # A worker that is started by hand is found in its venv, too.
    socket = daemon.folder / "espeak.sock"
    command = [sys.executable, "-m", "ttsd", "worker", "espeak", "--uri", f"unix://{socket}"]
    with subprocess.Popen(command, env=daemon.environment, stderr=subprocess.DEVNULL) as worker:
        try:
            wait_for(socket.exists, "the worker to listen", timeout=30)
            assert "/venv-2/" in program_of(worker.pid)
        finally:
            worker.terminate()

    assert "ttsd engine install hibari" in daemon.ttsd("engine", "upgrade", "hibari").stderr
    removed = daemon.ttsd("engine", "remove", "espeak")
    assert removed.returncode == 0, removed.stderr
    assert not list(daemon.folder.rglob("installed.json"))
