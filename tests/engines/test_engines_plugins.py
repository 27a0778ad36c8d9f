"""Engines of other packages: known by their entry points, and no harm where they are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from wheels import make_wheel

from ttsd.engines import catalog
from ttsd.engines.entry import Entry

ENGINE = """
from ttsd.engines.entry import Entry
from ttsd.engines.options import Option

ENTRY = Entry(
    name="cricket", label="Cricket", description="It chirps.", languages=("en",), code_licence="MIT",
    weights_licence="none", adapter="cricket:Cricket", aliases=("grillo",),
    options=(Option("tempo", float, "How fast.", 1.0, 0.5, 2.0),),
)

class Cricket:
    def open(self, setup, progress):
        pass
    def voices(self):
        from ttsd.model import Voice
        return (Voice("cricket", "en"),)
    def synthesize(self, request):
        import numpy as np
        from ttsd.model import Chunk
        yield Chunk(np.sin(np.arange(8000) / 3).astype(np.float32) / 2, 16000)
    def cancel(self):
        pass
    def close(self):
        pass
"""
POINTS = """[ttsd.engines]
cricket = cricket:ENTRY
wasp = wasp:ENTRY
stranger = cricket:Cricket
taken = taken:make
"""
TAKEN = """
def make():
    from dataclasses import replace
    from cricket import ENTRY
    return replace(ENTRY, name="piper")
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of installed packages with four entry points, one of which is an engine."""
    files = {"cricket.py": ENGINE, "wasp.py": "raise OSError('it stings')\n", "taken.py": TAKEN}
    wheel = make_wheel(tmp_path, "insects", "1.0", files, entry_points=POINTS)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "packages")
    return tmp_path / "packages"


def ttsd(packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line where *packages* are installed."""
    environment = {**os.environ, "PYTHONPATH": str(packages), "TTSD_CONFIG": str(packages / "ttsd.toml")}
    return subprocess.run(
        [sys.executable, "-m", "ttsd", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_engine_of_another_package_is_listed_configured_and_speaks(packages: Path) -> None:
    (packages / "ttsd.toml").write_text(
        'engines = ["cricket"]\n[engine.cricket]\ntempo = 2.0\n[state]\ndir = "state"\n'
    )
    assert ttsd(packages, "check").returncode == 0
    listed = json.loads(ttsd(packages, "engines", "--json").stdout)
    assert listed["engines"][0]["name"] == "cricket"
    assert listed["engines"][0]["label"] == "Cricket"
    assert listed["engines"][0]["installed"]
    tried = ttsd(packages, "engine", "test", "cricket", "--json")
    assert json.loads(tried.stdout)["seconds"] == 0.5, tried.stderr
    measured = json.loads(ttsd(packages, "engines", "--json").stdout)["engines"][0]
    assert measured["load_seconds"] > 0
    assert measured["voices"] == 1

    (packages / "ttsd.toml").write_text('engines = ["cricket"]\n[engine.cricket]\ntempo = 9\n')
    assert "from 0.5 to 2" in ttsd(packages, "check").stderr


def test_a_broken_package_is_told_and_keeps_nobody_from_speaking(packages: Path) -> None:
    (packages / "ttsd.toml").write_text('engines = ["tone"]\n')
    broken = {
        one["name"]: one["reason"] for one in json.loads(ttsd(packages, "engines", "--json").stdout)["broken"]
    }
    assert set(broken) == {"wasp", "stranger", "taken"}
    assert "insects is broken: OSError: it stings" in broken["wasp"]
    assert "cricket:Cricket" in broken["stranger"]
    assert "grillo, piper, which is taken" in broken["taken"]
    assert "it stings" in ttsd(packages, "engines").stdout
    (packages / "ttsd.toml").write_text('engines = ["wasp"]\n')
    wanted = ttsd(packages, "check")
    assert wanted.returncode == 78
    assert "it stings" in wanted.stderr


def test_the_declaration_in_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
    (example,) = (part.partition("```")[0] for part in page.split("```python\n")[1:])
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102  # our own page
    entry = names["ENTRY"]
    assert isinstance(entry, Entry)
    assert entry.install == "ttsd engine install cricket"
    assert entry.name in page.partition("Engines of other packages")[2]


def test_ttsds_own_engines_are_found_without_a_look_at_other_packages() -> None:
    code = (
        "import sys; from ttsd.engines import catalog; assert catalog.find('stylets2');"
        " print('importlib.metadata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
    assert catalog.find("nothing at all") is None
