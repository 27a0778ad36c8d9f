"""Probes of what is followed: is it there, is it a file, may we read it?"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.doctor.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.settings import Settings, SourceSettings

_WILD = frozenset("*?[")


def followed(settings: Settings) -> Iterable[Check]:
    """A line for each source."""
    for source in settings.sources:
        yield _source(source)


def _source(source: SourceSettings) -> Check:
    name, path = f"source {source.name}", Path(source.path)
    if source.path == "-":
        return Check(name, "ok", "standard input of `ttsd run`")
    if _WILD & set(source.path):
        return _glob(name, path)
    try:
        found = path.stat()
    except FileNotFoundError:
        return _absent(name, path)
    except OSError as error:
        return Check(name, "broken", f"{path} cannot be looked at: {error.strerror}", "check its permissions")
    kind = _kind(found.st_mode)
    if kind not in ("file", "folder", "pipe"):
        return Check(
            name, "broken", f"{path} is a {kind}, which cannot be followed", "name a file, a folder or a FIFO"
        )
    if not os.access(path, os.R_OK | (os.X_OK if kind == "folder" else 0)):
        return Check(name, "broken", f"{path} may not be read", f"chmod u+r {path}, or run ttsd as its owner")
    size = f", {found.st_size:,} bytes" if kind == "file" else ""
    return Check(name, "ok", f"{path}: a {kind}{size}")


def _absent(name: str, path: Path) -> Check:
    if path.parent.is_dir():
        return Check(name, "ok", f"{path} is not there yet; it is read when it is")
    return Check(name, "warn", f"{path.parent} is not there (yet)", "is it spelt right, and mounted?")


def _glob(name: str, path: Path) -> Check:
    fixed = Path(
        *(part for part in path.parts[: next(i for i, p in enumerate(path.parts) if _WILD & set(p))])
    )
    if fixed.is_dir():
        return Check(name, "ok", str(path))
    return Check(name, "warn", f"{fixed} is not there (yet)", "is it spelt right, and mounted?")


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISREG, "file"),
        (stat.S_ISDIR, "folder"),
        (stat.S_ISFIFO, "pipe"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
    )
    return next((kind for is_it, kind in kinds if is_it(mode)), "thing of its own kind")
