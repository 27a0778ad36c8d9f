"""What lies beside a file: where it was renamed to, and which generations came between two looks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ttsd.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.sources.context import Context
    from ttsd.sources.files import Seen
    from ttsd.store import Checkpoint

_BACKUP = re.compile(r"(~|\.bak|\.orig)$|^\.nfs")
"""Names under which an editor keeps the old file, or NFS one that is deleted but open."""

_GENERATION = re.compile(r"(?P<stem>.+?)[._-]\d[\d._T:+-]*(?P<suffix>\.[^.]*[^.\d][^.]*)?")
"""a.log.1, a.log-20240131, a.1.log, a-2024-01-31.log: numbered or dated."""
_OLD = re.compile(r"(?P<stem>.+?)(\.old|-prev|_prev|_old)(?P<suffix>\.[^.]+)?")
"""a.log.old, Player-prev.log: the one before."""


def beside(context: Context, path: str) -> Iterator[tuple[str, Seen]]:
    """Each other regular file in the directory of *path*, looked at closely."""
    directory = os.path.dirname(path)  # noqa: PTH120 - text
    try:
        entries = context.folders.entries(directory)
    except OSError:
        return
    for entry in entries:
        other = os.path.join(directory, entry.name)  # noqa: PTH118 - text
        if entry.is_directory or other == path:
            continue
        try:
            seen = context.files.look(other, closely=True)
        except (OSError, SourceError):
            continue
        if seen is not None:
            yield other, seen


def strays(
    context: Context, directory: str, wanted: Callable[[str], bool]
) -> Iterator[tuple[Checkpoint, str]]:
    """Remembered files with a *wanted* path in *directory* that lie there under other names now."""
    missing = {
        at.identity: at
        for at in context.known.beside(os.path.join(directory, "x"))  # noqa: PTH118 - text
        if at.shrunk_at is None and wanted(at.path)
    }
    if missing:
        for path, seen in beside(context, os.path.join(directory, "")):  # noqa: PTH118 - text
            at = missing.get(seen.identity)
            if at is not None and path != at.path and seen.identity not in context.tails:
                yield at, path


def whereabouts(context: Context, at: Checkpoint) -> str | None:
    """The path at or beside its old one at which a file lies now; None: not there."""
    try:
        here = context.files.look(at.path, closely=True)
    except (OSError, SourceError):
        here = None
    if here is not None and here.identity == at.identity:
        return at.path
    return next((path for path, seen in beside(context, at.path) if seen.identity == at.identity), None)


def is_backup(path: str) -> bool:
    """Whether an editor would call the old version of a file so."""
    return _BACKUP.search(os.path.basename(path)) is not None  # noqa: PTH119 - text


def current_of(path: str) -> str | None:
    """The file of which a rotation would make the generation *path*; None: its name is not of that kind."""
    directory, name = os.path.split(path)
    found = _GENERATION.fullmatch(name) or _OLD.fullmatch(name)
    if found is None:
        return None
    return os.path.join(directory, found["stem"] + (found["suffix"] or ""))  # noqa: PTH118 - text


def is_generation(path: str, of: str) -> bool:
    """Whether a rotation would give *path* to an older generation of the file at *of*."""
    return current_of(path) == of


def age(path: str, seen: Seen) -> tuple[int, int, str]:
    """Sorts generations, the oldest first: by time, and where that is too coarse, a.log.2 before a.log.1."""
    number = re.search(r"\.(\d{1,4})$", path)
    return seen.modified, -int(number[1]) if number else 0, path
