"""ttsd on Windows, as far as wine can tell: following, speaking into files, control, task, service.

This is evidence about wine. What wine lacks is done in its place by the test, and said there.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import windows_python
from waiting import wait_for
from windows_python import WindowsPython, path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.wine

CONFIG = """\
engines = ["tone"]
[engine.tone]
rate = 8000
[[sources]]
path = "chat.log"
start = "beginning"
[[outputs]]
type = "file"
path = "spoken"
[state]
dir = "state"
[control]
socket = "control"
[speech]
pause_ms = 20
level = false  # numpy's exp of complex numbers is one of the functions that wine lacks
"""
WRITER = """\
import os, sys
folder = sys.argv[1]
log = os.path.join(folder, "chat.log")
def append(*lines):
    with open(log, "a", encoding="utf-8") as file:
        file.writelines(line + "\\n" for line in lines)
append("before the rename")
os.rename(log, log + ".1")  # refused if whoever reads it does not share the right to
append("after the rename")
"""
STARTER = """\
import os, pathlib, subprocess, sys
from ttsd.service.plan import plan
from ttsd.service.windows_task import command
program, words = command(plan(pathlib.Path(sys.argv[1]), os.environ))
nothing = subprocess.DEVNULL
subprocess.Popen(f'"{program}" {words}', stdin=nothing, stdout=nothing, stderr=nothing)
print(program)
"""
CONTROL = """\
import socket, sys
host, port, token = open(sys.argv[1]).read().split()
def first_answer(line):
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(line)
        return s.makefile("rb").readline().decode().strip()
print(host)
print(first_answer(b"auth " + token.encode() + b"\\n"))
print(first_answer(b"auth wrong\\n"))
"""
PARAMCHANGE = """\
import win32service as w
manager = w.OpenSCManager(None, None, w.SC_MANAGER_ALL_ACCESS)
service = w.OpenService(manager, "ttsd", w.SERVICE_ALL_ACCESS)
print(w.QueryServiceStatusEx(service)["ControlsAccepted"])
w.ControlService(service, w.SERVICE_CONTROL_PARAMCHANGE)
"""
STOP, PARAMETERS, PRESHUTDOWN = 0x1, 0x8, 0x100
"""Controls that a service accepts."""


@pytest.fixture(scope="module")
def python() -> Iterator[WindowsPython]:
    if why := windows_python.missing():
        pytest.skip(why)
    with windows_python.windows_python() as made:
        yield made


class Folder:
    """A configuration on Windows, and what is done with it."""

    def __init__(self, python: WindowsPython, folder: Path) -> None:
        self.python, self.here = python, folder
        self.config = folder / "ttsd.toml"
        self.config.write_text(CONFIG)
        self.task = python.prefix / "drive_c/windows/system32/tasks/ttsd"

    def ttsd(self, *words: str, code: int = 0) -> str:
        """What `ttsd WORDS` prints."""
        line = ("-P", "-m", "ttsd", *words, "--config", path(self.config))
        done = self.python.run(*line)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{self.log()}"
        return done.stdout

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ttsd("status", "--json"))
        return found

    def spoken(self) -> list[str]:
        listing = self.here / "spoken" / "spoken.jsonl"
        if not listing.exists():
            return []
        return [json.loads(line)["text"] for line in listing.read_text(encoding="utf-8").splitlines()]

    def append(self, line: str) -> None:
        with (self.here / "chat.log").open("a") as file:
            file.write(f"{line}\n")

    def log(self) -> str:
        log = self.here / "state" / "ttsd.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def logged(self, event: str) -> int:
        return self.log().count(f'"event": "{event}"')


@pytest.fixture
def folder(python: WindowsPython, tmp_path: Path) -> Iterator[Folder]:
    made = Folder(python, tmp_path)
    yield made
    made.config.write_text(CONFIG)
    made.ttsd("service", "uninstall", "--kind", "service")  # what a test that failed has left
    made.task.unlink(missing_ok=True)


def test_installed_as_a_task_it_follows_speaks_reloads_and_goes(folder: Folder) -> None:
    folder.ttsd("service", "install")
    assert folder.task.exists()
    # wine's scheduler keeps no command and starts nothing: the test does, with the very words of the task.
    starter = folder.here / "starter.py"
    starter.write_text(STARTER)
    done = folder.python.run(path(starter), path(folder.config))
    assert done.stdout.strip().endswith("pythonw.exe"), done.stdout
    wait_for(lambda: folder.logged("ready"), "ttsd to be ready", timeout=60)

    folder.append("the first line")
    wait_for(lambda: folder.spoken() == ["the first line"], "the first line", timeout=60)
    writer = folder.here / "writer.py"
    writer.write_text(WRITER)
    done = folder.python.run(path(writer), path(folder.here))
    assert done.returncode == 0, done.stdout
    wait_for(lambda: folder.spoken()[1:] == ["before the rename", "after the rename"], "both", timeout=60)
    waves = sorted(file.name for file in (folder.here / "spoken").glob("*.wav"))
    assert waves == ["000001.wav", "000002.wav", "000003.wav"]

    folder.ttsd("say", "--wait", "said over the control connection")
    assert folder.spoken()[-1] == "said over the control connection"
    control = folder.here / "control.py"
    control.write_text(CONTROL)
    host, hello, refusal = folder.python.run(path(control), path(folder.here / "control")).stdout.split("\n")[
        :3
    ]
    assert host == "127.0.0.1"
    assert '"hello"' in hello
    assert "unauthorised" in refusal

    folder.config.write_text(CONFIG.replace("pause_ms = 20", "pause_ms = 40"))
    folder.ttsd("reload")
    folder.config.write_text(CONFIG.replace("pause_ms = 20", 'pause_ms = "never"'))
    folder.ttsd("reload", code=1)
    assert folder.status()["config_problems"]
    folder.config.write_text(CONFIG)

    assert json.loads(folder.ttsd("service", "status", "--json"))["running"]
    folder.ttsd("service", "uninstall")
    assert not folder.task.exists()
    wait_for(lambda: not (folder.here / "control").exists(), "the port's file to go")
    assert folder.log() == ""


def test_as_a_service_it_starts_reloads_by_paramchange_stops_and_goes(folder: Folder) -> None:
    kind = ("--kind", "service")
    folder.ttsd("service", "install", *kind)
    folder.ttsd("service", "install", *kind)  # twice is once
    found = json.loads(folder.ttsd("service", "status", *kind, "--json"))
    assert (found["installed"], found["running"]) == (True, True)
    assert folder.logged("ready") == 1
    folder.append("spoken by a service")
    wait_for(lambda: folder.spoken() == ["spoken by a service"], "the line", timeout=60)

    done = folder.python.run("-c", PARAMCHANGE)
    assert int(done.stdout) & (STOP | PARAMETERS | PRESHUTDOWN) == STOP | PARAMETERS | PRESHUTDOWN
    wait_for(lambda: folder.logged("reloaded"), "the reload", timeout=30)

    assert "stopped" in folder.ttsd("service", "uninstall", *kind)
    wait_for(lambda: not (folder.here / "control").exists(), "the port's file to go")
    assert "not installed" in folder.ttsd("service", "status", *kind, code=1)
    assert "was not installed" in folder.ttsd("service", "uninstall", *kind)


def test_a_service_that_cannot_start_says_where_the_reason_is(folder: Folder) -> None:
    kind = ("--kind", "service")
    folder.ttsd("service", "install", *kind)
    folder.ttsd("shutdown")
    folder.config.write_text(CONFIG + '[[sources]]\npath = "x"\nencoding = "no-such"\n')
    folder.ttsd("service", "install", *kind, code=78)
    folder.config.write_text(CONFIG)
    folder.ttsd("service", "uninstall", *kind)


def test_ctrl_c_in_a_console_ends_it_in_order(folder: Folder) -> None:
    leader, follower = getattr(os, "openpty")()  # noqa: B009 - not on Windows, where wine is not either
    log = folder.here / "state" / "ttsd.log"
    words = ("-P", "-m", "ttsd", "run", "--config", path(folder.config), "--log", path(log))
    process = subprocess.Popen(
        ["setsid", "--ctty", *folder.python.command(*words)],
        env=folder.python.environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    try:
        wait_for(lambda: folder.logged("ready"), "ttsd to be ready", timeout=60)
        os.write(leader, b"\x03")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(10)
        os.close(leader)
    assert "SIGINT" in folder.log()
    wait_for(lambda: not (folder.here / "control").exists(), "the port's file to go")
