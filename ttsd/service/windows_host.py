"""What Windows' service manager runs: the daemon, told to stop and to reload by the manager.

Runs on Windows alone, in the service's own process: `python -m ttsd.service.windows_host --config …`.
PARAMCHANGE reloads the configuration; a shutdown of the machine is announced early enough (preshutdown)
to end the sentence or to queue it again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import servicemanager
import win32service
import win32serviceutil

from ttsd.daemon.daemon import Daemon, prepare
from ttsd.daemon.mailbox import Reloading, Stopping
from ttsd.errors import TtsdError
from ttsd.service import log_file
from ttsd.service.notify import Notifier
from ttsd.service.plan import NAME

FAILED = 1066
"""Windows' code for "the service has a code of its own"."""


class _Manager(Notifier):
    """The service manager in systemd's place."""

    def __init__(self, host: Host) -> None:
        super().__init__({})
        self._host = host

    def ready(self) -> None:
        self._host.ReportServiceStatus(win32service.SERVICE_RUNNING)

    def stopping(self, seconds: float) -> None:
        self._host.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=int(seconds * 1000))


class Host(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # pywin32 has no types
    """The service."""

    _svc_name_ = NAME
    _svc_display_name_ = NAME
    config: Path
    """Set before the manager makes one of these."""

    def __init__(self, words: Any) -> None:
        super().__init__(words)
        self._daemon: Daemon = prepare(self.config, _Manager(self))

    def GetAcceptedControls(self) -> int:  # noqa: N802 - pywin32's name
        """What the manager may tell us."""
        more = win32service.SERVICE_ACCEPT_PARAMCHANGE | win32service.SERVICE_ACCEPT_PRESHUTDOWN
        return int(super().GetAcceptedControls() | more)

    def SvcStop(self) -> None:  # noqa: N802 - pywin32's name
        """The manager wants it stopped."""
        self._daemon.mailbox.put(Stopping("service stopped"))

    def SvcOtherEx(self, control: int, _event_type: int, _data: Any) -> None:  # noqa: N802 - pywin32's name
        """Anything else."""
        if control == win32service.SERVICE_CONTROL_PARAMCHANGE:
            self._daemon.mailbox.put(Reloading())
        elif control == win32service.SERVICE_CONTROL_PRESHUTDOWN:
            self._daemon.mailbox.put(Stopping("the machine shuts down"))

    def SvcRun(self) -> None:  # noqa: N802 - pywin32's name
        """The daemon's life. `_Manager` says when it runs: pywin32 would say so at once."""
        code = 1
        try:
            code = self._daemon.run()
        except TtsdError as error:
            print(f"ttsd: {error}", file=sys.stderr)
        self.ReportServiceStatus(
            win32service.SERVICE_STOPPED,
            win32ExitCode=FAILED if code else 0,
            svcExitCode=code,
        )


def main(words: list[str]) -> int:
    """Host the service; Windows calls this in a process of its own."""
    parser = argparse.ArgumentParser()
    for option in ("--config", "--log", "--state", "--socket"):
        parser.add_argument(option, type=Path, required=True)
    arguments = parser.parse_args(words)
    log_file.use(arguments.log)
    os.environ["TTSD_STATE__DIR"] = str(arguments.state)
    os.environ["TTSD_CONTROL__SOCKET"] = str(arguments.socket)
    Host.config = arguments.config
    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(Host)
    servicemanager.StartServiceCtrlDispatcher()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
