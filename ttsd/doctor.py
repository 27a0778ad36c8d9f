"""`ttsd doctor`: what was found, whether it is well, what to do. A line for each thing.

A probe is a function that looks at one thing and tells it in Checks; it changes nothing. Rooms
bring probes of their own (audio, engines, service); `examine` runs them all, whatever each finds.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ttsd import __version__, paths
from ttsd.errors import ConfigError, ControlError, NotRunning, TtsdError

if TYPE_CHECKING:
    from ttsd.settings import Settings

State: TypeAlias = Literal["ok", "warn", "broken"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    state: State
    """ok; warn: it works, but not as well as it could; broken: ttsd cannot do its work."""
    found: str
    """What was found, in a few words."""
    next_step: str | None = None
    """What to do; None: nothing."""


Probe: TypeAlias = Callable[[], Iterable[Check]]


def examine(probes: Sequence[tuple[str, Probe]]) -> tuple[Check, ...]:
    """Run every probe; one that fails is a line of its own, with its name."""
    found: list[Check] = []
    for name, probe in probes:
        try:
            found += probe()
        except TtsdError as error:
            found.append(
                Check(
                    name,
                    "broken",
                    f"{error.where}: {error.what}" if error.where else error.what,
                    error.next_step,
                )
            )
        except OSError as error:
            found.append(Check(name, "broken", str(error)))
    return tuple(found)


def standard_probes(settings: Settings) -> tuple[tuple[str, Probe], ...]:
    """What can be looked at without audio and engines."""
    folder = settings.state.dir or paths.default_state_dir()
    socket = settings.control.socket or paths.default_socket_path()
    return (
        ("state folder", lambda: state_folder(folder)),
        ("control socket", lambda: control_socket(socket)),
        ("file watching", lambda: inotify_limits(Path("/proc"))),
        ("clock", lambda: clock(time.time(), folder)),
    )


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
    return settings, (Check("configuration", "ok", str(settings.path)),)


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
    mode = stat.S_IMODE(folder.stat().st_mode) if folder.exists() else 0o700
    if mode & 0o077 and sys.platform != "win32":
        yield Check("state folder", "warn", f"{folder} is open to others ({mode:o})", f"chmod 700 {folder}")
    else:
        yield Check("state folder", "ok", str(folder) if folder.exists() else f"{folder} (will be made)")
    room = (free or _free)(existing)
    step = None if room >= ROOM_WANTED else f"make room on the disk of {existing}"
    state: State = "ok" if room >= ROOM_WANTED else "warn" if room >= ROOM_NEEDED else "broken"
    yield Check("free space", state, f"{room / 1e6:,.0f} MB", step)


ROOM_NEEDED, ROOM_WANTED = 20_000_000, 500_000_000
"""Bytes: below the first the queue may fail any moment, below the second soon."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def control_socket(path: Path) -> Iterable[Check]:
    """Does a daemon answer, is it this version, and can nobody else ask it?"""
    from ttsd.control.client import Client

    try:
        with Client.connect(path, timeout=5) as client:
            client.call("ping", timeout=5)
            version = client.server
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
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        yield Check("control socket", "warn", f"{path} is open to others", f"chmod 600 {path}")


def inotify_limits(proc: Path) -> Iterable[Check]:
    """How much of the user's watches and instances is in use. *proc*: where the kernel tells it.

    Nothing where there is no inotify. A file that cannot be watched is polled: slower, never lost.
    """
    limits = proc / "sys/fs/inotify"
    if not limits.is_dir():
        return
    instances, watches = _in_use(proc)
    for name, used in (("instances", instances), ("watches", watches)):
        most = int((limits / f"max_user_{name}").read_text())
        step = f"sudo sysctl fs.inotify.max_user_{name}={max(most * 4, 1024)}"
        tight = used > most * 0.9
        text = f"{used} of {most} in use" + ("; what is beyond is polled" if tight else "")
        yield Check(f"inotify {name}", "warn" if tight else "ok", text, step if tight else None)


def _in_use(proc: Path) -> tuple[int, int]:
    """inotify instances and watches of this user's processes, as far as we may see them."""
    instances = watches = 0
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        try:
            for entry in (process / "fd").iterdir():
                if str(entry.readlink()) == "anon_inode:inotify":
                    instances += 1
                    watches += (process / "fdinfo" / entry.name).read_text().count("inotify wd:")
        except OSError:
            continue  # it ended meanwhile, or is not ours
    return instances, watches


def clock(now: float, folder: Path) -> Iterable[Check]:
    """Is the time of day sane? It decides what is too old to say. *now*: Unix seconds."""
    written = max((file.stat().st_mtime for file in (Path(__file__), *_files(folder))), default=now)
    if written > now + 60:
        ahead = (written - now) / 3600
        yield Check(
            "clock",
            "warn",
            f"files were written {ahead:.1f} h in the future",
            "set the clock; it seems to be late",
        )
    else:
        yield Check("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now)))


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
