"""The checkpoints in a model's folder: what there are, what they tell of themselves, and deleting one.

Invariant: a name never leads out of the folder, whatever it is spelt like and whatever links there are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ttsd.engines import checkpoint_notes
from ttsd.engines.checkpoint_notes import Notes, Unreadable
from ttsd.errors import CheckpointError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

BEST = "best_model"
"""How the names of those begin that a trainer found best."""
DEPTH = 2
"""Folders below the model's that are looked into: each run of a training has one."""
_OTHERS = ("speakers_xtts.pth", "dvae.pth", "mel_stats.pth")
"""Files of a model that are none."""


@frozen
class Checkpoint:
    """One file."""

    name: str
    """Its path in the folder, with / between."""
    path: Path
    size: int
    """Bytes."""
    saved: str
    """When the file was written: an ISO date with time, UTC."""
    notes: Notes
    problem: str | None = None
    """Why it cannot be used; None: it can."""

    @property
    def is_best(self) -> bool:
        """A trainer found it best."""
        return self.path.name.startswith(BEST)


def listed(folder: Path) -> tuple[Checkpoint, ...]:
    """All in *folder*, by name. Raises CheckpointError if there is no such folder."""
    _check_folder(folder)
    found = (_describe(folder, path) for path in _files(folder))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.name))


def find(folder: Path, name: str) -> Checkpoint:
    """The one of that name. Raises CheckpointError if it is not there or not in the folder."""
    _check_folder(folder)
    path = folder / name
    if not name or PurePath(name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise CheckpointError(f"{name} does not lie in {folder}")
    known = listed(folder)
    wanted = PurePath(name).as_posix()
    if (one := next((one for one in known if one.name == wanted), None)) is None:
        shown = ", ".join(one.name for one in known[:12])
        raise CheckpointError(
            f"there is no checkpoint {name} in {folder}", next_step=f"it has {shown or 'none'}"
        )
    return one


def delete(folder: Path, name: str, *, force: bool = False, used: str | None = None) -> Checkpoint:
    """Remove the file. *used*: the one that is configured, which *force* alone removes, like the best ones.

    Raises CheckpointError.
    """
    one = find(folder, name)
    why = (
        "is what its trainer found best" if one.is_best else "is the one in use" if one.name == used else None
    )
    if why and not force:
        raise CheckpointError(f"{one.name} {why}", next_step="--force deletes it nevertheless")
    try:
        one.path.unlink()
    except OSError as error:
        raise CheckpointError(f"{one.path} cannot be deleted: {error.strerror or error}") from error
    return one


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise CheckpointError(
            f"there is no folder {folder}", next_step='name the model\'s: model = "…" in [engine.xtts]'
        )


def _files(folder: Path) -> Iterator[Path]:
    inside = folder.resolve()
    for depth in range(DEPTH + 1):
        for path in folder.glob("*/" * depth + "*.pth"):
            if path.name not in _OTHERS and path.is_file() and path.resolve().is_relative_to(inside):
                yield path


def _describe(folder: Path, path: Path) -> Checkpoint | None:
    try:
        stat = path.stat()
    except OSError:  # it went while we looked
        return None
    notes, problem = Notes(), None
    try:
        notes = checkpoint_notes.read(path)
    except Unreadable as error:
        problem = str(error)
    saved = datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(timespec="seconds")
    return Checkpoint(path.relative_to(folder).as_posix(), path, stat.st_size, saved, notes, problem)
