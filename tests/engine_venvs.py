"""Engines' real libraries for tests: installed by `ttsd engine install`'s own code, once, into the test cache.

The cache holds a data folder of ttsd, so that a host or a daemon whose data folder it is finds the engines
as users' would. An engine that is there and as the catalogue wants it is not touched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from fetching import cache_folder, sha256

from ttsd.engines import catalog, installed
from ttsd.engines.connect import Place, Process
from ttsd.engines.host import EngineHost
from ttsd.engines.install import Installer, Progress, Wishes
from ttsd.engines.trial import Trial
from ttsd.errors import EngineMissing
from ttsd.model import EngineName
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.engine import Scalar
    from ttsd.engines.entry import Entry
    from ttsd.model import Samples

TINY = Path(__file__).parent / "tiny"
SECONDS = 1200.0
"""Longest wait for what is made with a venv."""


def data_folder() -> Path:
    """ttsd's data folder of the tests."""
    return cache_folder() / "data"


def entry_of(engine: str) -> Entry:
    """The engine's declaration."""
    found = catalog.find_any(engine)
    assert found is not None
    return found


def python_of(engine: str) -> Path:
    """The Python of *engine*'s venv, installed now if it is not; always for the processor."""
    entry = entry_of(engine)

    def speak(python: Path) -> Trial:
        del python
        raise EngineMissing("the tests have it speak")

    def tell(at: Progress) -> None:
        sys.stderr.write(f"{engine}: {at.step}/{at.of} {at.what}\n")

    installer = Installer(entry, data_folder(), speak, tell)
    if installer.current() is None:
        installer.install(Wishes(device="cpu"))
    python = installed.python_of(data_folder(), entry.name)
    assert python is not None
    return python


def run_with_ttsd(python: Path, script: Path, *words: str) -> None:
    """Run *script* in an engine's venv, with this ttsd importable there as workers have it."""
    code = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); from importlib import util;"
        "spec = util.spec_from_file_location('ttsd', sys.argv[1] + '/ttsd/__init__.py',"
        " submodule_search_locations=[sys.argv[1] + '/ttsd']);"
        "sys.modules['ttsd'] = module = util.module_from_spec(spec); spec.loader.exec_module(module);"
        "sys.path.pop(0); sys.argv[:2] = []; sys.argv.insert(0, ''); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [str(python), "-c", code, root, str(script), *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def tiny(engine: str, *words: str) -> Path:
    """A small model of *engine* with random weights, written by its own library, once for each version of us.

    *words*: what its script takes beside the folder.
    """
    script = TINY / f"{engine}.py"
    mark = sha256(script)[:8]
    folder = cache_folder() / "tiny" / f"{'-'.join([engine, *words])}-{mark}"
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}-draft")
        run_with_ttsd(python_of(engine), script, str(draft), *words)
        draft.rename(folder)
        for old in folder.parent.glob(f"{'-'.join([engine, *words])}-????????"):
            if old != folder:  # an earlier script's
                shutil.rmtree(old)
    return folder


def host_of(
    engine: str,
    folder: Path,
    options: Mapping[str, Scalar],
    *,
    voice: str | None = None,
    adapter: str | None = None,
) -> EngineHost:
    """The engine in a worker of its own venv; *folder*: of configuration and cache."""
    entry = entry_of(engine)
    settings = EngineSettings(voice=voice, options=options)
    python = python_of(engine) if adapter else None
    place = Place(folder, data_folder(), folder / "cache", python=python, adapter=adapter)
    return EngineHost(EngineName(engine), entry, settings, Process(engine, entry, settings, place))


def lend(engine: str, home: Path) -> None:
    """Have a daemon whose home is *home* (see daemon_process) find the engine installed."""
    python_of(engine)
    mine = data_folder() / "engines" / engine
    theirs = home / ".local" / "share" / "ttsd" / "engines" / engine
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.symlink_to(mine, target_is_directory=True)


def write_voice(path: Path, *, seconds: float = 4.0, pitch: float = 120.0, rate: int = 22050) -> Path:
    """A recording with something like a voice in it: harmonics that come and go."""
    at = np.arange(int(seconds * rate)) / rate
    sound: Samples = sum(
        (np.sin(2 * np.pi * pitch * k * at) / k for k in range(1, 12)), np.zeros_like(at)
    ).astype(np.float32)
    sound *= (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at)).astype(np.float32)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound / np.abs(sound).max() * 0.5 * 32767).astype("<i2").tobytes())
    return path


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(f"{name} {python_of(name)}\n")
