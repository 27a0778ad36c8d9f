"""ttsd as a task that Windows starts when the user logs on.

A task and not a service by default: services run in session 0, which has no user's audio. The task's
own defaults would end it after three days, on battery, and give it little of the processor.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ttsd.control.client import Client
from ttsd.errors import ControlError, ServiceError
from ttsd.service import log_file
from ttsd.service.manager import ServiceStatus, must, run
from ttsd.service.plan import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ttsd.service.manager import Run
    from ttsd.service.plan import Plan

LOG = "ttsd.log"
_END_SECONDS = 30.0
"""Longest wait for a daemon that was asked to end."""


class LogonTask:
    """See Manager."""

    def __init__(self, plan: Plan, *, call: Run = run) -> None:
        """*plan*: tells where the daemon answers and where its log is."""
        self._plan, self._run = plan, call

    def install(self, plan: Plan) -> Iterator[str]:
        """See Manager."""
        with tempfile.TemporaryDirectory(prefix="ttsd-") as folder:
            file = Path(folder) / "task.xml"
            file.write_text(task(plan), encoding="utf-16")
            must(self._run, "schtasks", "/Create", "/TN", NAME, "/XML", str(file), "/F")
        yield f"the task {NAME} starts ttsd when you log on; its log: {plan.state / LOG}"
        if self._pid() is None:
            must(self._run, "schtasks", "/Run", "/TN", NAME)
            yield "started"

    def uninstall(self) -> Iterator[str]:
        """See Manager."""
        if self._pid() is not None:
            self._end()
            yield "stopped"
        if self._run(("schtasks", "/Query", "/TN", NAME)).code == 0:
            must(self._run, "schtasks", "/Delete", "/TN", NAME, "/F")
            yield f"removed the task {NAME}"
        else:
            yield "it was not installed"
        log_file.remove(self._plan.state / LOG)

    def status(self) -> ServiceStatus:
        """See Manager."""
        there = self._run(("schtasks", "/Query", "/TN", NAME)).code == 0
        pid = self._pid()
        return ServiceStatus(
            manager="task",
            installed=there,
            enabled=there,
            running=pid is not None,
            pid=pid,
            detail="running" if pid else "no daemon answers",
            files=(rf"task \{NAME}",) if there else (),
        )

    def logs(self, lines: int, *, follow: bool) -> int:
        """See Manager."""
        return log_file.show(self._plan.state / LOG, lines, follow=follow)

    # ---- inside

    def _pid(self) -> int | None:
        """The daemon that answers; None: none does."""
        try:
            with Client.connect(self._plan.socket) as client:
                return int(client.call("status")["pid"])
        except ControlError:
            return None

    def _end(self) -> None:
        with Client.connect(self._plan.socket) as client:
            client.call("shutdown")
        waited = 0.0
        while self._pid() is not None:
            if waited > _END_SECONDS:
                raise ServiceError("ttsd does not end", next_step="end it in the task manager")
            threading.Event().wait(0.2)
            waited += 0.2


def command(plan: Plan) -> tuple[str, str]:
    """Program and arguments: without a console window, and with the log in a file."""
    program, *words = plan.run
    windowless = Path(program).with_name("pythonw.exe")
    words += ["--log", str(plan.state / LOG)]
    return str(windowless) if windowless.exists() else program, arguments(words)


def arguments(words: Sequence[str]) -> str:
    """One command line, as Windows programs take it apart."""
    return subprocess.list2cmdline(words)


def task(plan: Plan) -> str:
    """The task's XML."""
    program, words = command(plan)
    user = escape(os.environ.get("USERDOMAIN", ".") + "\\" + os.environ.get("USERNAME", ""))
    return _TASK.format(user=user, program=escape(program), words=escape(words))


_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>ttsd, which reads aloud what grows in files</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled><UserId>{user}</UserId></LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>{program}</Command><Arguments>{words}</Arguments></Exec>
  </Actions>
</Task>
"""
