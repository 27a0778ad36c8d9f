"""What lies beside a file: where it was renamed to, and which generations came between two looks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ttsd.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.sources.context import Context
    from ttsd.sources.files import Seen
    from ttsd.store import Checkpoint

_BACKUP = re.compile(r"(~|\.bak|\.orig)$|^\.nfs")
"""Names under which an editor keeps the old file, or NFS one that is deleted but open."""


def beside(context: Context, path: str) -> Iterator[tuple[str, Seen]]:
    """Each other regular file in the directory of *path*."""
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
            seen = context.files.look(other)
        except (OSError, SourceError):
            continue
        if seen is not None:
            yield other, seen


def whereabouts(context: Context, at: Checkpoint) -> str | None:
    """The path at or beside its old one at which a file lies now; None: not there."""
    try:
        here = context.files.look(at.path)
    except (OSError, SourceError):
        here = None
    if here is not None and here.identity == at.identity:
        return at.path
    return next((path for path, seen in beside(context, at.path) if seen.identity == at.identity), None)


def is_backup(path: str) -> bool:
    """Whether an editor would call the old version of a file so."""
    return _BACKUP.search(os.path.basename(path)) is not None  # noqa: PTH119 - text


def is_generation(path: str, of: str) -> bool:
    """Whether a rotation would give *path* to an older generation of the file at *of*."""
    directory, name = os.path.split(path)
    parent, current = os.path.split(of)
    if directory != parent or name == current:
        return False
    stem, suffix = os.path.splitext(current)  # noqa: PTH122 - text
    number = r"[._-]\d[\d._T:+-]*"
    return (
        re.fullmatch(re.escape(current) + number, name) is not None
        or re.fullmatch(re.escape(stem) + number + re.escape(suffix), name) is not None
        or name in (f"{current}.old", f"{stem}.old{suffix}", f"{stem}-prev{suffix}", f"{stem}_old{suffix}")
    )
