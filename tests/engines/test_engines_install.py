"""An engine's venv is made whole or not at all; what is interrupted goes on, and what fails changes nothing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from engine_parts import entry
from wheels import make_wheel

from ttsd.engines import installed, pip
from ttsd.engines.install import DRAFT, Installer, Progress, Wishes, remove
from ttsd.engines.recipe import Recipe, Step
from ttsd.engines.trial import Trial
from ttsd.errors import EngineMissing, EngineSilent, InstallError
from ttsd.file_lock import FileLock

if TYPE_CHECKING:
    from ttsd.engines.entry import Entry

RECIPE = Recipe(steps=(Step(packages=("tinyvoice==1.0",)),), megabytes=1)
KNOWN = replace(entry(adapter="tinyvoice:Voice", modules=("tinyvoice",), recipe=RECIPE), name="tiny")
SPOKEN = Trial(np.zeros(10, np.float32), 10, None, 0.1, 0.1, 0.5)


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip finds: the engine, and stand-ins for what every venv gets."""
    folder = tmp_path / "wheels"
    for name, version in (("tinyvoice", "1.0"), ("numpy", "99.0"), ("wyoming", "1.10.2")):
        make_wheel(folder, name, version, {f"{name}.py": f"VERSION = {version!r}\n"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with pip alone, made once: it takes seconds."""
    venv = tmp_path_factory.mktemp("empty") / "venv-1"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    return venv


def begin(data: Path, empty: Path, known: Entry, device: str = "cpu") -> None:
    """Leave what an installation leaves that was interrupted when its venv had been made."""
    folder = installed.folder(data, known.name)
    shutil.copytree(empty, folder / "venv-1", symlinks=True)
    assert known.recipe is not None
    wanted = {"device": device, "python": platform.python_version(), "venv": "venv-1"}
    wanted["requirements"] = [*known.recipe.requirements(device)]  # type: ignore[assignment]  # JSON
    (folder / DRAFT).write_text(json.dumps(wanted))


class Bench:
    """An installer whose trial imports the engine, and notes what it was told."""

    def __init__(self, data: Path, known: Entry = KNOWN) -> None:
        self.data = data
        self.told: list[Progress] = []
        self.fault: Exception | None = None
        self.stop_at: str | None = None
        self.installer = Installer(known, data, self.speak, self.tell)

    def speak(self, python: Path) -> Trial:
        subprocess.run([python, "-c", "import tinyvoice, numpy, wyoming"], check=True, timeout=60)
        if self.fault is not None:
            raise self.fault
        return SPOKEN

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)
        if self.stop_at is not None and progress.what.startswith(self.stop_at):
            raise KeyboardInterrupt

    @property
    def steps(self) -> list[str]:
        return [progress.what for progress in self.told if progress.lasting]


def venvs(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "engines" / "tiny").iterdir() if path.is_dir())


@pytest.mark.install
def test_an_interrupted_installation_goes_on_and_an_installed_one_is_renewed_beside_itself(
    tmp_path: Path, wheelhouse: Path
) -> None:
    data = tmp_path / "data with a space"
    first = Bench(data)
    first.stop_at = "installing tinyvoice"
    with pytest.raises(KeyboardInterrupt):
        first.installer.install(Wishes())
    assert installed.read(data, "tiny") is None
    assert installed.missing(KNOWN, data) == "is not installed: the Python package tinyvoice is missing"
    venv = data / "engines" / "tiny" / "venv-1"
    made = venv.stat().st_ctime_ns, (venv / "pyvenv.cfg").stat().st_mtime_ns

    second = Bench(data)
    outcome = second.installer.install(Wishes())
    assert ((venv / "pyvenv.cfg").stat().st_mtime_ns) == made[1], "the same venv went on"
    assert second.steps[0].startswith("looking at ")
    assert [progress.step for progress in second.told if progress.lasting] == [1, 2, 3, 4, 5, 6]
    assert outcome.trial is SPOKEN
    found = installed.read(data, "tiny")
    assert found == outcome.installed
    assert found is not None
    assert found.packages["tinyvoice"] == "1.0"
    assert found.requirements == ("tinyvoice==1.0", "numpy>=1.26", "wyoming==1.10.2")
    assert installed.missing(KNOWN, data) is None
    assert second.installer.current() == found
    second.installer.tidy()
    assert venvs(data) == ["venv-1"], "what was only needed on the way is gone"

    # A renewal that fails leaves what there was; one that succeeds replaces it.
    make_wheel(wheelhouse, "tinyvoice", "2.0", {"tinyvoice.py": ""})
    newer = replace(KNOWN, recipe=replace(RECIPE, steps=(Step(packages=("tinyvoice==2.0",)),)))
    assert "tinyvoice==2.0" in str(installed.outdated(newer, found))
    third = Bench(data, newer)
    assert third.installer.current() is None
    third.fault = EngineSilent("gave nothing but silence")
    with pytest.raises(EngineSilent):
        third.installer.install(Wishes())
    assert installed.read(data, "tiny") == found
    third.fault = EngineMissing("has no model", next_step="fetch one")
    outcome = third.installer.install(Wishes())
    assert (outcome.trial, outcome.wants) == (None, third.fault)
    assert outcome.installed.packages["tinyvoice"] == "2.0"
    assert {"venv-1", "venv-2"} < set(venvs(data)), "somebody may still run from the old one"
    third.installer.tidy()
    assert venvs(data) == ["venv-2"]
    assert remove(data, "tiny")
    assert not remove(data, "tiny")
    assert not (data / "engines" / "tiny").exists()


@pytest.mark.install
def test_what_cannot_be_found_is_named_and_nothing_counts_as_installed(
    tmp_path: Path, wheelhouse: Path, empty_venv: Path
) -> None:
    known = replace(KNOWN, recipe=replace(RECIPE, steps=(Step(packages=("tinyvoice==7.0",)),)))
    begin(tmp_path / "data", empty_venv, known)
    bench = Bench(tmp_path / "data", known)
    with pytest.raises(InstallError, match=r"tinyvoice==7.0 is not to be had .*--index-url"):
        bench.installer.install(Wishes())
    assert installed.read(tmp_path / "data", "tiny") is None


@pytest.mark.install
def test_where_cuda_is_not_wanted_it_is_not_fetched(
    tmp_path: Path, wheelhouse: Path, empty_venv: Path
) -> None:
    make_wheel(wheelhouse, "torchlike", "1.0", {"torchlike.py": ""}, needs="nvidia-thing")
    make_wheel(wheelhouse, "nvidia_thing", "1.0", {"nvidia_thing.py": ""})
    step = Step(packages=("torchlike==1.0",), torch=True)
    known = replace(KNOWN, recipe=replace(RECIPE, steps=(step, *RECIPE.steps)))
    begin(tmp_path / "cpu", empty_venv, known)
    begin(tmp_path / "cuda", empty_venv, known, "cuda")
    with pytest.raises(InstallError, match=r"nvidia-thing.*--torch-index"):
        Bench(tmp_path / "cpu", known).installer.install(Wishes(device="cpu"))
    made = Bench(tmp_path / "cuda", known).installer.install(Wishes(device="cuda")).installed
    assert made.device == "cuda"
    assert "nvidia_thing" in made.packages


@pytest.mark.install
def test_a_later_step_does_not_change_what_an_earlier_one_brought(
    tmp_path: Path, wheelhouse: Path, empty_venv: Path
) -> None:
    make_wheel(wheelhouse, "tinyvoice", "2.0", {"tinyvoice.py": ""})
    make_wheel(wheelhouse, "greedy", "1.0", {"greedy.py": ""}, needs="tinyvoice>=2")
    known = replace(KNOWN, recipe=replace(RECIPE, steps=(*RECIPE.steps, Step(packages=("greedy==1.0",)))))
    begin(tmp_path / "data", empty_venv, known)
    with pytest.raises(InstallError, match="greedy"):
        Bench(tmp_path / "data", known).installer.install(Wishes())


def a_python(folder: Path, says: str) -> Path:
    """A program in the place of a Python, which answers every question with *says*."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for Python")
@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("echo 3.10.2", r"does not run on Python 3.10.2; it wants 3.11 or newer.*--python"),
        ("echo 3.99.0", r"does not run on Python 3.99.0"),
        ("echo hello", "is no Python"),
        ("exit 3", "is no Python"),
        (
            'case "$*" in *venv*) echo "Error: ensurepip is not available"; exit 1;; *) echo 3.11.2;; esac',
            r"cannot make a venv.*python3-venv",
        ),
        (
            (
                'case "$*" in *venv*) echo "OSError: [Errno 28] No space left on device"; exit 1;;'
                " *) echo 3.11.2;; esac"
            ),
            "no space left",
        ),
    ],
)
def test_what_this_python_lacks_is_named_with_what_brings_it(tmp_path: Path, says: str, words: str) -> None:
    bench = Bench(tmp_path / "data")
    with pytest.raises(InstallError, match=words):
        bench.installer.install(Wishes(python=a_python(tmp_path, says)))
    assert installed.read(tmp_path / "data", "tiny") is None


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(KNOWN, recipe=replace(RECIPE, megabytes=10**12)))
    with pytest.raises(InstallError, match="MB are free"):
        bench.installer.install(Wishes())
    assert not (tmp_path / "engines").exists()


def test_two_installations_of_one_engine_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "engines").mkdir()
    lock = FileLock(tmp_path / "engines" / ".tiny.lock")
    with pytest.raises(InstallError, match=rf"process {os.getpid()} is installing"):
        Bench(tmp_path).installer.install(Wishes())
    lock.close()


def test_an_engine_without_a_recipe_needs_no_installation(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="needs no installation"):
        Bench(tmp_path, replace(KNOWN, recipe=None))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"venv": "../../elsewhere"}', '{"engine": "tiny", "venv": 3}', '"text"', "null"]
)
def test_a_marker_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "engines" / "tiny"
    folder.mkdir(parents=True)
    (folder / installed.MARKER).write_text(text)
    assert installed.read(tmp_path, "tiny") is None
    assert installed.python_of(tmp_path, "tiny") is None


def test_a_venv_whose_python_is_gone_is_missing_and_says_so(tmp_path: Path) -> None:
    made = installed.Installed("tiny", "venv-1", "cpu", (), "3.11.2", "0", 1, 0.0)
    installed.folder(tmp_path, "tiny").mkdir(parents=True)
    installed.write(tmp_path, made)
    assert installed.read(tmp_path, "tiny") == made
    assert "its Python is gone" in str(installed.missing(KNOWN, tmp_path))
    assert installed.python_of(tmp_path, "tiny") is None


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"],
            "no space",
        ),
        (
            [
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'",
                "ERROR: No matching distribution found for x==1",
            ],
            "cannot be reached",
        ),
        (["ERROR: No matching distribution found for x==1"], "x==1 is not to be had"),
        (["noise", "ERROR: x has an invalid wheel", "noise"], "x has an invalid wheel"),
        ([], "pip said nothing"),
    ],
)
def test_pips_failures_become_sentences(lines: list[str], words: str) -> None:
    assert words in pip.explain(lines)[0]


def test_pips_lines_become_progress() -> None:
    doing = pip.Doing()
    assert doing.phrase(0) == ""
    doing.hear("Collecting torch==2.13.0")
    assert doing.phrase(1_000_000) == "looking for torch==2.13.0"
    doing.hear("  Downloading torch-2.13.0-cp311.whl (780.2 MB)")
    assert doing.phrase(31_000_000) == "downloading torch 2.13.0, 30 MB of 780.2 MB"
    doing.hear("Installing collected packages: a, b, c")
    assert doing.phrase(0) == "unpacking 3 packages"


@pytest.mark.install
def test_a_package_that_was_being_unpacked_is_unpacked_again(
    tmp_path: Path, wheelhouse: Path, empty_venv: Path
) -> None:
    begin(tmp_path, empty_venv, KNOWN)
    bench = Bench(tmp_path)
    bench.stop_at = "speaking"
    with pytest.raises(KeyboardInterrupt):
        bench.installer.install(Wishes())
    venv = tmp_path / "engines" / "tiny" / "venv-1"
    (module,) = venv.rglob("tinyvoice.py")
    module.unlink()
    (next(venv.rglob("tinyvoice-1.0.dist-info")) / "INSTALLER").unlink()
    again = Bench(tmp_path)
    assert again.installer.install(Wishes()).trial is SPOKEN
    assert module.exists()
