"""`ttsd checkpoints`: the fine-tuned checkpoints of xtts in its model's folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ttsd import config, paths
from ttsd.config import edit
from ttsd.config.engine_names import proper
from ttsd.engines import checkpoints
from ttsd.engines.adapters import xtts_model
from ttsd.errors import UsageError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ttsd.engines.checkpoints import Checkpoint

ENGINE = EngineName("xtts")
SHOWN = ("run_name", "epochs", "batch_size", "lr", "languages", "output_path")
"""Of a checkpoint's configuration; --json has all of it."""


def run(arguments: argparse.Namespace) -> int:
    """`ttsd checkpoints list | show | use | delete`."""
    given = config.read_given(arguments.config, os.environ)
    settings = config.build(given)
    options = settings.engine.get(ENGINE, EngineSettings()).options
    file = settings.path or paths.default_config_path()
    folder = xtts_model.folder_of(str(options.get("model", "")), file.parent, paths.default_data_dir())
    used = str(options.get("checkpoint", "")) or xtts_model.WEIGHTS
    if arguments.action == "list":
        found = checkpoints.listed(folder)
        text = "\n".join(_line(one, used) for one in found) or f"there are none in {folder}"
        data: Any = {"folder": str(folder), "checkpoints": [_data(one, used) for one in found]}
    elif arguments.name is None:
        raise UsageError("which checkpoint?", next_step=f"ttsd checkpoints {arguments.action} NAME")
    elif arguments.action == "delete":
        one = checkpoints.delete(folder, arguments.name, force=arguments.force, used=used)
        text, data = f"deleted {one.name}", {"deleted": one.name}
    else:
        one = checkpoints.find(folder, arguments.name)
        text, data = _shown(one, used), _data(one, used) | {"config": one.notes.config}
        if arguments.action == "use":
            text, data = _use(one, file, _spelt(given))
    print(json.dumps(data, ensure_ascii=False, indent=2) if arguments.json else text)
    return 0


def _spelt(given: config.Given) -> EngineName:
    """The name that the file has for the engine."""
    written = config.check(given)[0]
    names = () if written is None else written.engine
    return next((name for name in names if written and proper(name, written) == ENGINE), ENGINE)


def _use(one: Checkpoint, file: Path, engine: EngineName) -> tuple[str, dict[str, object]]:
    """Write it into the configuration; a daemon that runs takes it at once."""
    if one.problem:
        raise UsageError(f"{one.name} cannot be used: {one.problem}")
    edit.set_value(file, f"engine.{engine}.checkpoint", one.name)
    return f"{ENGINE} speaks with {one.name}", {"used": one.name, "config": str(file)}


def _line(one: Checkpoint, used: str) -> str:
    mark = "*" if one.name == used else " "
    losses = ", ".join(f"{name} {value:.3g}" for name, value in one.notes.losses.items())
    told = [f"step {one.notes.step}" if one.notes.step is not None else "", losses]
    words = "; ".join(word for word in told if word)
    return f"{mark} {one.name}  {one.size / 1e6:.0f} MB  {one.saved[:10]}  {one.problem or words}".rstrip()


def _shown(one: Checkpoint, used: str) -> str:
    kept = ("config", "name", "in_use")
    rows = {**_data(one, used), **{key: one.notes.config[key] for key in SHOWN if key in one.notes.config}}
    told = {key: value for key, value in rows.items() if key not in kept and value not in (None, {}, "")}
    return "\n".join([one.name, *(f"  {key:12} {value}" for key, value in told.items())])


def _data(one: Checkpoint, used: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "in_use": one.name == used,
        "size": one.size,
        "saved": one.saved,
        "date": one.notes.date,
        "step": one.notes.step,
        "epoch": one.notes.epoch,
        "losses": dict(one.notes.losses),
        "is_best": one.is_best,
        "problem": one.problem,
    }


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"checkpoints": run}
