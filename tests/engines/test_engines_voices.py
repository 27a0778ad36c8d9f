"""Voices are found where the documentation says, and a damaged one is not used."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ttsd.engines import voices
from ttsd.engines.voices import DEFAULT, Packaged
from ttsd.errors import EngineMissing, EngineRefused


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """The three folders a search is told."""
    return {name: tmp_path / name for name in ("base", "data", "cache")}


def put(folder: Path, name: str, content: bytes = b"model") -> Path:
    """A voice's two files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx.json").write_text("{}")
    model = folder / f"{name}.onnx"
    model.write_bytes(content)
    return model


def test_a_path_is_relative_to_the_configuration(folders: dict[str, Path]) -> None:
    model = put(folders["base"] / "my voices", "amy")
    found = voices.find("my voices/amy.onnx", **folders)
    assert (found.name, found.model) == ("amy", model)
    assert voices.find(str(model), **folders).model == model


def test_a_name_is_looked_for_beside_the_configuration_then_in_the_data_folder(
    folders: dict[str, Path],
) -> None:
    far = put(folders["data"] / "voices", "amy")
    assert voices.find("amy", **folders).model == far
    near = put(folders["base"] / "voices", "amy")
    assert voices.find("amy", **folders).model == near
    put(folders["data"] / "voices", "bert")
    names = [file.name for file in voices.listed(folders["base"], folders["data"])]
    assert names[:2] == ["amy", "bert"]


def test_a_voice_that_is_nowhere_is_told_with_the_way_to_get_it(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineMissing, match=r"has no voice amy \(ttsd voices add amy\)"):
        voices.find("amy", **folders)
    with pytest.raises(EngineMissing, match=r"put amy.onnx and its .onnx.json into .*data"):
        voices.find("/nowhere/amy.onnx", **folders)
    packaged = Packaged("no_such_package", "x.onnx", "0" * 64, 'pip install "ttsd[piper]"', "none")
    monkeypatch.setitem(voices.PACKAGED, DEFAULT, packaged)
    with pytest.raises(EngineMissing, match="pip install"):
        voices.find(None, **folders)


def test_a_model_without_its_json_is_no_voice(folders: dict[str, Path]) -> None:
    put(folders["data"] / "voices", "amy").with_name("amy.onnx.json").unlink()
    with pytest.raises(EngineMissing, match=r"amy.onnx.json"):
        voices.find("amy", **folders)
    assert "amy" not in [file.name for file in voices.listed(folders["base"], folders["data"])]


def test_a_known_voice_is_checked_once_and_again_when_its_file_changes(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = hashlib.sha256(b"right").hexdigest()
    monkeypatch.setitem(voices.PACKAGED, "amy", Packaged("none", "x", right, "fetch it", "none"))
    model = put(folders["data"] / "voices", "amy", b"right")
    checked: list[Path] = []

    def noting(path: Path) -> str:
        checked.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(voices, "sha256_of", noting)
    for _ in range(3):
        assert voices.find("amy", **folders).model == model
    assert checked == [model]
    model.write_bytes(b"wrong")
    os.utime(model, ns=(1, 1))
    with pytest.raises(EngineRefused, match="damaged"):
        voices.find("amy", **folders)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(folders: dict[str, Path]) -> None:
    model = put(folders["data"] / "voices", "amy")
    folders["cache"].write_text("a file where the folder should be")
    assert voices.fingerprint(model, folders["cache"]) == hashlib.sha256(b"model").hexdigest()


def test_an_atomic_write_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    voices.write_atomically(path, b"one")
    voices.write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.voice
def test_the_packaged_voice_is_found_and_whole(folders: dict[str, Path]) -> None:
    found = voices.find(None, **folders)
    assert found.name == DEFAULT
    assert voices.sha256_of(found.model) == voices.PACKAGED[DEFAULT].sha256
    assert DEFAULT in [file.name for file in voices.listed(folders["base"], folders["data"])]
