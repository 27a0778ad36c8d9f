"""Checkpoints: read without running them, named only inside their folder, and not deleted by mistake."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttsd.cli import main
from ttsd.engines import checkpoint_notes, checkpoints
from ttsd.engines.checkpoint_notes import Unreadable
from ttsd.errors import CheckpointError


class Bomb:
    """What an attacker puts into a file: it runs where it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.target}",)


class Weight:
    """What torch writes for a weight: a name in place of its bytes."""


class Writer(pickle.Pickler):
    """A pickle as torch writes it."""

    def persistent_id(self, obj: object) -> object:
        return ("storage", "0", "cpu", 4) if isinstance(obj, Weight) else None


def save(path: Path, content: object) -> Path:
    """A file as torch.save writes it, without the weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive, archive.open("archive/data.pkl", "w") as file:
        Writer(file, protocol=2).dump(content)
    return path


def trained(step: int, **more: object) -> dict[str, object]:
    """What a trainer saves."""
    losses = {"train_loss": np.float64(2.5), "eval_loss": np.float32(2.75)}
    notes: dict[str, object] = {"step": step, "epoch": 3, "date": "May 01, 2026", "model_loss": losses}
    config = {"run_name": "ana", "batch_size": 3, "model_args": {"gpt_layers": 2}, "languages": ["en"]}
    return {**notes, "config": config, "model": OrderedDict(a=Weight()), "optimizer": [Weight()], **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder after a training."""
    save(tmp_path / "m" / "model.pth", trained(0, model_loss=3.5))
    save(tmp_path / "m" / "run" / "checkpoint_100.pth", trained(100))
    save(tmp_path / "m" / "run" / "best_model_120.pth", trained(120))
    (tmp_path / "m" / "speakers_xtts.pth").write_bytes(b"voices")
    return tmp_path / "m"


def test_all_are_listed_with_what_they_tell(folder: Path) -> None:
    found = {one.name: one for one in checkpoints.listed(folder)}
    assert list(found) == ["model.pth", "run/best_model_120.pth", "run/checkpoint_100.pth"]
    best = found["run/best_model_120.pth"]
    assert (best.notes.step, best.notes.epoch, best.notes.date) == (120, 3, "May 01, 2026")
    assert best.notes.losses == {"train_loss": 2.5, "eval_loss": 2.75}
    assert (best.notes.config["run_name"], best.notes.config["model_args"]) == ("ana", {"gpt_layers": 2})
    assert [one.is_best for one in found.values()] == [False, True, False]
    assert found["model.pth"].notes.losses == {"loss": 3.5}
    assert best.size == best.path.stat().st_size


def test_a_file_that_would_run_code_does_not(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it_ran"
    path = save(folder / "evil.pth", trained(1, date=Bomb(mark)))
    with pytest.raises(Unreadable, match=r"more than weights .*system"):
        checkpoint_notes.read(path)
    one = checkpoints.find(folder, "evil.pth")
    assert one.problem is not None
    assert "system" in one.problem
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_listed_with_what_is_wrong(folder: Path, content: bytes) -> None:
    (folder / "broken.pth").write_bytes(content)
    assert checkpoints.find(folder, "broken.pth").problem


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_pickle_is_more_than_unreadable(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("archive/data.pkl", content)
    with pytest.raises(Unreadable):
        checkpoint_notes.read(tmp_path / "x.pth")


@pytest.mark.parametrize("name", ["../outside.pth", "/etc/passwd", "", "run/../../outside.pth", "link.pth"])
def test_a_name_never_leads_out_of_the_folder(folder: Path, name: str) -> None:
    outside = save(folder.parent / "outside.pth", trained(1))
    (folder / "link.pth").symlink_to(outside)
    with pytest.raises(CheckpointError):
        checkpoints.delete(folder, name, force=True)
    assert outside.exists()


def test_the_best_and_the_used_one_are_deleted_by_force_alone(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="trainer found best"):
        checkpoints.delete(folder, "run/best_model_120.pth")
    with pytest.raises(CheckpointError, match="in use"):
        checkpoints.delete(folder, "model.pth", used="model.pth")
    checkpoints.delete(folder, "run/checkpoint_100.pth")
    checkpoints.delete(folder, "run/best_model_120.pth", force=True)
    assert [one.name for one in checkpoints.listed(folder)] == ["model.pth"]


def test_the_verb_lists_uses_and_deletes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = folder.parent / "ttsd.toml"
    config.write_text('# mine\n[engine.xtts]\nmodel = "m"\n', "utf-8")
    given = ["--config", str(config)]

    def asked(*words: str) -> Any:
        assert main(["checkpoints", *words, *given, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    listing = asked("list")["checkpoints"]
    assert [one["name"] for one in listing if one["in_use"]] == ["model.pth"]
    assert set(listing[0]) >= {"name", "size", "date", "step", "epoch", "losses", "is_best"}
    assert asked("show", "run/checkpoint_100.pth")["config"]["batch_size"] == 3
    asked("use", "run/checkpoint_100.pth")
    text = config.read_text("utf-8")
    assert "# mine" in text
    assert 'checkpoint = "run/checkpoint_100.pth"' in text
    config.write_text(text.replace("[engine.xtts]", "[engine.xtts-v2]"), "utf-8")
    asked("use", "model.pth")
    assert config.read_text("utf-8") == text.replace("engine.xtts]", "engine.xtts-v2]").replace(
        "run/checkpoint_100.pth", "model.pth"
    )
    asked("use", "run/checkpoint_100.pth")
    assert main(["checkpoints", "delete", "run/checkpoint_100.pth", *given]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["checkpoints", "show", *given]) == 2
    assert main(["checkpoints", "list", *given]) == 0
    assert "* run/checkpoint_100.pth" in capsys.readouterr().out
