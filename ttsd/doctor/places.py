"""Probes of ttsd's own places: the configuration, the state folder and its room, the control socket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd import __version__
from ttsd.doctor.check import Check, State
from ttsd.errors import ConfigError, ControlError, NotRunning

if TYPE_CHECKING:
    from ttsd.settings import Settings


def configuration(
    path: Path | None, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, tuple[Check, ...]]:
    """The configuration, or the built-in one if it is broken, and what is to be said about it."""
    from ttsd import config

    try:
        settings = config.load(path, environ)
    except ConfigError as error:
        checks = tuple(
            Check("configuration", "broken", problem, "mend it; `ttsd check` looks again")
            for problem in error.problems
        )
        return config.build(config.given("", None, {})), checks
    if settings.path is None:
        return settings, (
            Check("configuration", "warn", "no file; the defaults are in force", "`ttsd init` writes one"),
        )
    if not settings.sources:
        return settings, (
            Check("configuration", "warn", f"{settings.path} names no source", "add a [[sources]] to it"),
        )
    return settings, (Check("configuration", "ok", str(settings.path)), *_secrets(settings.path, environ))


def _secrets(path: Path, environ: Mapping[str, str]) -> Iterable[Check]:
    """A file with a key or a token in it is nobody else's affair."""
    from ttsd.config.show import MASK, effective

    secret = [one.key for one in effective(path, environ) if one.value == MASK and one.origin[:4] != "TTSD"]
    if secret and _open_to_others(path):
        yield Check("configuration", "warn", f"others may read {', '.join(secret)}", f"chmod 600 {path}")


def state_folder(folder: Path, *, free: Callable[[Path], int] | None = None) -> Iterable[Check]:
    """Can the queue be kept here, by us alone, and is there room? *free*: bytes free at a path."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        yield Check("state folder", "broken", f"{existing} is no folder", "set [state] dir to one")
        return
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Check(
            "state folder",
            "broken",
            f"{existing} cannot be written",
            f"chown it, or set [state] dir (now {folder})",
        )
        return
    if folder.exists() and _open_to_others(folder):
        yield Check("state folder", "warn", f"{folder} is open to others", f"chmod 700 {folder}")
    else:
        yield Check("state folder", "ok", str(folder) if folder.exists() else f"{folder} (will be made)")
    room = (free or _free)(existing)
    step = None if room >= ROOM_WANTED else f"make room on the disk of {existing}"
    state: State = "ok" if room >= ROOM_WANTED else "warn" if room >= ROOM_NEEDED else "broken"
    yield Check("free space", state, f"{room / 1e6:,.0f} MB", step)


def _open_to_others(path: Path) -> bool:
    """Whether its mode lets others in; Windows' files inherit their rights from the user's folder."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


ROOM_NEEDED, ROOM_WANTED = 20_000_000, 500_000_000
"""Bytes: below the first the queue may fail any moment, below the second soon."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def control_socket(path: Path) -> Iterable[Check]:
    """Does a daemon answer, is it this version and well, and can nobody else ask it?"""
    from ttsd.control.client import Client

    try:
        with Client.connect(path, timeout=5) as client:
            client.call("ping", timeout=5)
            version = client.server
            status = client.call("status", timeout=5)
    except NotRunning:
        yield Check("daemon", "warn", f"none answers on {path}", "`ttsd run` starts one")
        return
    except ControlError as error:
        yield Check(
            "daemon", "broken", f"{path}: {error.what}", error.next_step or "stop it and start it anew"
        )
        return
    if version != __version__:
        yield Check("daemon", "warn", f"version {version} runs, this is {__version__}", "restart the daemon")
    else:
        yield Check("daemon", "ok", f"version {version} answers on {path}")
    yield from running(status)
    if _open_to_others(path):
        yield Check("control socket", "warn", f"{path} is open to others", f"chmod 600 {path}")


def running(status: Mapping[str, Any]) -> Iterable[Check]:
    """Why a daemon that runs may not be heard. *status*: what `status` answers."""
    if status["state"] == "paused":
        yield Check("speech", "warn", "is paused", "ttsd resume")
    if status["muted"] or not status["volume"]:
        yield Check("speech", "warn", "is muted", "ttsd mute off; ttsd volume 100")
    if status["trouble"]:
        yield Check("speech", "broken", f"waits: {status['trouble']}")
    for problem in status["config_problems"]:
        yield Check(
            "configuration", "warn", f"not in force: {problem}", "mend the file; it is read when saved"
        )
    for output in status["outputs"]:
        if output["error"]:
            yield Check(
                f"output {output['name']}", "broken" if output["required"] else "warn", output["error"]
            )
    for source in status["sources"]:
        if source["last_error"]:
            yield Check(f"source {source['name']}", "warn", source["last_error"])
