"""Probes of the machine: how files are watched and how much of that is left, and the clock."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.doctor.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.settings import Settings

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})
"""File systems on which changes that another machine makes are not reported."""


def watching(settings: Settings, proc: Path) -> Iterable[Check]:
    """How changes of files will be noticed. *proc*: where the kernel tells what is in use."""
    wanted = {source.watch for source in settings.sources} or {"auto"}
    if wanted - {"poll"} and (sys.platform != "linux" or "watchdog" in wanted):
        if importlib.util.find_spec("watchdog") is None:
            yield Check(
                "watching", "warn", "watchdog is missing: files are polled", "pip install 'ttsd[watchdog]'"
            )
        else:
            yield Check("watching", "ok", "watchdog is installed")
    if wanted - {"poll", "watchdog"}:
        yield from inotify_limits(proc)
    for source in settings.sources:
        kind = file_system(source.path, proc) if source.watch != "poll" else None
        if kind in _NETWORK:
            yield Check(
                f"source {source.name}",
                "ok",
                f"lies on {kind}: what other machines write is found by looking, some seconds later",
            )


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


def file_system(path: str, proc: Path) -> str | None:
    """The kind of the file system that *path* lies on; None: it is not known."""
    try:
        mounts = (proc / "self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in mounts:
        words = line.split()
        if len(words) < 3:
            continue
        folder = words[1].replace("\\040", " ").rstrip("/")
        if (path == folder or path.startswith(f"{folder}/")) and len(folder) >= len(best):
            best, kind = folder, words[2]
    return kind


def _in_use(proc: Path) -> tuple[int, int]:
    """inotify instances and watches of this user's processes, as far as we may see them."""
    instances = watches = 0
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        try:
            if process.stat().st_uid != own_uid():  # as root we see everybody's: the limits are each user's
                continue
            for entry in (process / "fd").iterdir():
                if str(entry.readlink()) == "anon_inode:inotify":
                    instances += 1
                    watches += (process / "fdinfo" / entry.name).read_text().count("inotify wd:")
        except OSError:
            continue  # it ended meanwhile, or is not ours
    return instances, watches


def own_uid() -> int:
    """Who runs us; 0 where the system does not tell."""
    if sys.platform != "win32":
        uid = os.getuid()
    else:
        uid = 0
    return uid


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
