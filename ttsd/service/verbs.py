"""`ttsd service install | uninstall | status | logs`, for whatever manages services here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from ttsd.errors import UsageError
from ttsd.service.plan import plan

if TYPE_CHECKING:
    import argparse

    from ttsd.service.manager import Manager


def service(arguments: argparse.Namespace) -> int:
    """The verb; 1 from `status` if the service does not run. Raises ServiceError, ConfigError."""
    manager = manager_for(arguments)
    match arguments.action:
        case "install":
            _tell(arguments, tuple(manager.install(plan(arguments.config, os.environ))))
        case "uninstall":
            _tell(arguments, tuple(manager.uninstall()))
        case "logs":
            return manager.logs(arguments.lines, follow=arguments.follow)
        case _:
            return _status(arguments, manager)
    return 0


def manager_for(arguments: argparse.Namespace) -> Manager:
    """This system's. Raises UsageError where an option has no meaning here."""
    windows, linux = sys.platform == "win32", sys.platform.startswith("linux")
    if arguments.on_demand and not linux:
        raise UsageError("--on-demand is a matter of systemd")
    if arguments.cable and not linux:
        raise UsageError("--cable is a matter of Linux", next_step="docs/audio.md names cables for others")
    if arguments.kind == "service" and not windows:
        raise UsageError("--kind service is a matter of Windows")
    if windows:
        from ttsd.service.windows_service import WindowsService
        from ttsd.service.windows_task import LogonTask

        here = plan(arguments.config, os.environ)
        return WindowsService(here) if arguments.kind == "service" else LogonTask(here)
    if linux:
        from ttsd.service.systemd import SystemdUser

        return SystemdUser(on_demand=arguments.on_demand, cable=arguments.cable)
    from ttsd.service.launchd import LaunchAgent

    return LaunchAgent()


def _tell(arguments: argparse.Namespace, steps: tuple[str, ...]) -> None:
    if arguments.json:
        print(json.dumps({"done": steps}, ensure_ascii=False))
    else:
        print(*steps, sep="\n")


def _status(arguments: argparse.Namespace, manager: Manager) -> int:
    found = manager.status()
    if arguments.json:
        print(json.dumps(asdict(found), ensure_ascii=False))
    elif not found.installed:
        print("not installed; `ttsd service install` does that")
    else:
        start = "starts by itself" if found.enabled else "does not start by itself"
        print(f"{found.detail}; {start}")
        print(*(f"  {file}" for file in found.files), sep="\n")
    return 0 if found.running else 1


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"service": service}
