"""ttsd as a service of systemd's user manager.

What the machine's systemd can do is found out at installation: `notify-reload` from 253 on, and whether
users may make namespaces, without which the sandbox would keep the service from starting.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.errors import ServiceError
from ttsd.service import units
from ttsd.service.manager import ServiceStatus, must, put, run, show, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.service.manager import Run
    from ttsd.service.plan import Plan

_CTL = ("systemctl", "--user")
_ALL = (units.SOCKET, units.SERVICE, units.CABLE)
_NO_MANAGER = "log in on this machine (a shell of `su` or `sudo` has no user manager of its own)"


class SystemdUser:
    """See Manager."""

    def __init__(
        self,
        *,
        on_demand: bool = False,
        cable: bool = False,
        call: Run = run,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """*on_demand*: install the socket as well, so that the first command starts ttsd, too;
        *cable*: have a virtual cable whenever the sound server runs."""
        self._on_demand, self._cable, self._run = on_demand, cable, call
        config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self._folder = config / "systemd" / "user"
        self._runtime = Path(environ.get("XDG_RUNTIME_DIR") or "/nonexistent") / "ttsd"

    def install(self, plan: Plan) -> Iterator[str]:
        """See Manager."""
        version = self._version()
        for folder in plan.writes:  # the sandbox can only open what is there
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sandbox = self._may_make_namespaces()
        if not sandbox:
            yield "users may not make namespaces here: ttsd runs without the file system's sandbox"
        unit = units.Unit(
            run=plan.run,
            reload=plan.verb("reload"),
            writes=tuple(str(folder) for folder in plan.writes if folder != self._runtime),
            socket=str(plan.socket),
            version=version,
            sandbox=sandbox,
            head=units.MADE_BY,
        )
        texts = {units.SERVICE: units.service(unit)}
        if self._on_demand:
            texts[units.SOCKET] = units.socket(unit)
        if self._cable:
            create, remove = ((*plan.command, "cable", verb) for verb in ("create", "remove"))
            texts[units.CABLE] = units.cable(create, remove, self._sound_server())
        changed = [name for name, text in texts.items() if put(self._folder / name, text.encode())]
        yield from (f"wrote {self._folder / name}" for name in changed)
        must(self._run, *_CTL, "daemon-reload")
        self._run((*_CTL, "reset-failed", *texts))  # fails if they are new
        must(self._run, *_CTL, "enable", *texts)
        if self._on_demand and not self._active(units.SOCKET):
            # The socket listens where a running ttsd listens already: it has to make room.
            must(self._run, *_CTL, "stop", units.SERVICE)
            must(self._run, *_CTL, "start", units.SOCKET)
        if self._cable:
            must(self._run, *_CTL, "start", units.CABLE)
            yield 'the cable is there whenever the sound server is: [[outputs]] type = "pulse", device = "ttsd"'
        verb = "restart" if units.SERVICE in changed else "start"
        must(
            self._run,
            *(*_CTL, verb, units.SERVICE),
            next_step="`ttsd service logs` tells why; `ttsd service uninstall` takes it away again",
        )
        yield f"{units.SERVICE} runs, and starts when you log in"
        if not self._lingers():
            yield "to have it run without a login: loginctl enable-linger"

    def uninstall(self) -> Iterator[str]:
        """See Manager."""
        there = [name for name in _ALL if self._installed(name)]
        if not there:
            yield "it was not installed"
            return
        must(self._run, *_CTL, "disable", "--now", *there)
        for name in there:
            shutil.rmtree(self._folder / f"{name}.d", ignore_errors=True)  # `systemctl edit`
            if take(self._folder / name):
                yield f"removed {self._folder / name}"
        must(self._run, *_CTL, "daemon-reload")
        self._run((*_CTL, "reset-failed", *there))  # fails if none had failed
        shutil.rmtree(self._runtime, ignore_errors=True)

    def status(self) -> ServiceStatus:
        """See Manager."""
        found = self._properties(units.SERVICE)
        files = [self._folder / name for name in _ALL if self._installed(name)]
        state = f"{found.get('ActiveState', 'unknown')} ({found.get('SubState', '?')})"
        result = found.get("Result", "success")
        status = found.get("StatusText") or ("" if result == "success" else f"it ended with {result}")
        pid = int(found.get("MainPID") or 0)
        return ServiceStatus(
            manager="systemd",
            installed=found.get("LoadState") == "loaded",
            enabled=found.get("UnitFileState") == "enabled",
            running=found.get("ActiveState") in ("active", "reloading"),
            pid=pid or None,
            detail=f"{state}: {status}" if status else state,
            files=tuple(str(file) for file in files),
        )

    def logs(self, lines: int, *, follow: bool) -> int:
        """See Manager."""
        following = ("--follow",) if follow else ()
        return show(("journalctl", "--user", f"--unit={units.SERVICE}", f"--lines={lines}", *following))

    # ---- inside

    def _version(self) -> int:
        """systemd's. Raises ServiceError if there is none, or no user manager."""
        out = must(self._run, *_CTL, "--version")
        must(self._run, *_CTL, "show-environment", next_step=_NO_MANAGER)
        found = re.match(r"systemd (\d+)", out)
        if found is None:
            raise ServiceError(f"systemctl has an unknown version: {out[:60]}")
        return int(found[1])

    def _may_make_namespaces(self) -> bool:
        options = ("--property=PrivateUsers=yes", "--property=ProtectSystem=strict")
        return self._run(("systemd-run", "--user", "--quiet", "--wait", *options, "true")).code == 0

    def _sound_server(self) -> str:
        """The unit of the machine's. Raises ServiceError."""
        loaded = [n for n in units.SOUND_SERVERS if self._properties(n).get("LoadState") == "loaded"]
        running = [name for name in loaded if self._active(name)]
        if not loaded:
            raise ServiceError("no sound server runs as a service of yours", next_step="`ttsd cable create`")
        return (running or loaded)[0]

    def _active(self, name: str) -> bool:
        return self._properties(name).get("ActiveState") == "active"

    def _installed(self, name: str) -> bool:
        return (self._folder / name).exists()

    def _lingers(self) -> bool:
        out = self._run(("loginctl", "show-user", str(_uid()), "--property=Linger")).out
        return out.strip() == "Linger=yes"

    def _properties(self, name: str) -> dict[str, str]:
        wanted = "LoadState,UnitFileState,ActiveState,SubState,StatusText,MainPID,Result"
        out = must(self._run, *_CTL, "show", name, f"--property={wanted}", next_step=_NO_MANAGER)
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def _uid() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
