"""Where the fine-tuned checkpoints lie, and whether one of a name is among them. Reads the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.engines import checkpoints
from ttsd.engines.adapters import xtts_model
from ttsd.model import EngineName
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from ttsd.settings import Settings

ENGINE = EngineName("xtts")
"""The one that has them."""


def place(settings: Settings) -> tuple[Path, str]:
    """The model's folder, and the name of the checkpoint in use."""
    options = settings.engine.get(ENGINE, EngineSettings()).options
    base = settings.path.parent if settings.path else Path.cwd()
    folder = xtts_model.folder_of(str(options.get("model", "")), base, paths.default_data_dir())
    return folder, str(options.get("checkpoint", "")) or xtts_model.WEIGHTS


def check(settings: Settings, name: str) -> str:
    """The name as it is listed. Raises CheckpointError for one that is not in the folder."""
    folder, _ = place(settings)
    return checkpoints.find(folder, name).name
