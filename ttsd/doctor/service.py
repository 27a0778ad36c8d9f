"""Probes of how ttsd is started: by systemd's user manager, if at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.audio.devices import on_linux
from ttsd.doctor.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNIT = "ttsd.service"
_PATIENCE = 5.0
"""Seconds that systemctl has for its answer."""


def installed(environ: Mapping[str, str] = os.environ) -> Iterable[Check]:
    """Is there a unit, and how is it? Not to have one is a choice, not a fault."""
    if not on_linux():
        return
    unit = next((folder / UNIT for folder in folders(environ) if (folder / UNIT).is_file()), None)
    if unit is None:
        yield Check("service", "ok", "not installed: ttsd runs when `ttsd run` is started")
        return
    state, result = (_property(name, environ) for name in ("ActiveState", "Result"))
    if state is None:
        yield Check("service", "warn", f"{unit}; the user's systemd does not answer", "log in anew")
    elif state == "failed":
        yield Check("service", "broken", f"{unit} has failed ({result})", f"journalctl --user -u {UNIT} -e")
    elif state != "active":
        yield Check("service", "warn", f"{unit} is {state}", f"systemctl --user enable --now {UNIT}")
    else:
        yield Check("service", "ok", f"{unit} is active")


def folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where units of users lie, the user's own first."""
    home = Path(environ.get("HOME", "~")).expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    system = ("/etc", "/usr/local/lib", "/usr/lib", "/lib")
    return (
        config / "systemd/user",
        data / "systemd/user",
        *(Path(folder, "systemd/user") for folder in system),
    )


def _property(name: str, environ: Mapping[str, str]) -> str | None:
    """A property of the unit; None: nobody tells."""
    try:
        done = subprocess.run(
            ["systemctl", "--user", "show", "--property", name, "--value", UNIT],
            check=False,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env=dict(environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
