"""ttsd as an agent of macOS's launchd.

An agent, not a daemon: it starts with the user's session, where the audio is. launchd knows neither
readiness nor a watchdog, and restarts whatever fails, every THROTTLE seconds.
"""

from __future__ import annotations

import os
import plistlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.service import log_file
from ttsd.service.manager import ServiceStatus, must, put, run, take
from ttsd.service.plan import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.service.manager import Run
    from ttsd.service.plan import Plan

THROTTLE = 10
"""Seconds between two starts."""
_TRIES = 20
"""At a bootstrap, which fails while the old agent is still going."""
LOG = "ttsd.log"


class LaunchAgent:
    """See Manager."""

    def __init__(self, *, call: Run = run, home: Path | None = None, pause: float = 0.25) -> None:
        """*pause*: seconds between two tries."""
        self._run, self._pause = call, pause
        self._file = (home or Path.home()) / "Library" / "LaunchAgents" / f"{NAME}.plist"
        self._domain = f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"

    def install(self, plan: Plan) -> Iterator[str]:
        """See Manager."""
        if put(self._file, agent(plan)):
            yield f"wrote {self._file}"
            self._run(("launchctl", "bootout", f"{self._domain}/{NAME}"))
        if self._print() is None:
            self._bootstrap()
        yield f"{NAME} runs, and starts when you log in; its log: {plan.state / LOG}"

    def uninstall(self) -> Iterator[str]:
        """See Manager."""
        self._run(("launchctl", "bootout", f"{self._domain}/{NAME}"))
        yield f"removed {self._file}" if take(self._file) else "it was not installed"

    def status(self) -> ServiceStatus:
        """See Manager."""
        told, there = self._print(), self._file.exists()
        pid = re.search(r"^\s*pid = (\d+)", told or "", re.MULTILINE)
        ended = re.search(r"^\s*last exit code = (.+)$", told or "", re.MULTILINE)
        return ServiceStatus(
            manager="launchd",
            installed=there,
            enabled=told is not None,
            running=pid is not None,
            pid=int(pid[1]) if pid else None,
            detail="running" if pid else f"last exit code {ended[1]}" if ended else "not loaded",
            files=(str(self._file),) if there else (),
        )

    def logs(self, lines: int, *, follow: bool) -> int:
        """See Manager."""
        return log_file.show(self._log(), lines, follow=follow)

    def _log(self) -> Path:
        """Where the installed agent writes it."""
        if not self._file.exists():
            return paths.default_state_dir() / LOG
        words: list[str] = plistlib.loads(self._file.read_bytes())["ProgramArguments"]
        return Path(words[words.index("--log") + 1])

    def _print(self) -> str | None:
        done = self._run(("launchctl", "print", f"{self._domain}/{NAME}"))
        return done.out if done.code == 0 else None

    def _bootstrap(self) -> None:
        words = ("launchctl", "bootstrap", self._domain, str(self._file))
        for _ in range(_TRIES):
            if self._run(words).code == 0:
                return
            threading.Event().wait(self._pause)
        must(self._run, *words, next_step="`ttsd service logs` may tell why")


def agent(plan: Plan) -> bytes:
    """The property list."""
    return plistlib.dumps(
        {
            "Label": NAME,
            "ProgramArguments": [*plan.run, "--log", str(plan.state / LOG)],
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": THROTTLE,
            "ExitTimeOut": 40,
            "ProcessType": "Interactive",  # else it is throttled, and sound stutters
        }
    )
