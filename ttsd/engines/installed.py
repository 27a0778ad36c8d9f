"""The engines' own venvs, as their markers tell: where each is, what is in it, whether it can be used.

`<data>/engines/NAME/` holds venvs and `installed.json`, which names the one in use. It is written, as a
whole, when a new venv has spoken; so there is no half-installed engine, and an upgrade that fails changes
nothing. Standard library: workers read this, too.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, field
from typing import TYPE_CHECKING, Any

from ttsd.engines import catalog
from ttsd.engines.protocol import PROTOCOL
from ttsd.frozen import frozen
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ttsd.engines.entry import Entry

MARKER = "installed.json"
_LARGEST = 1 << 20
"""Bytes of a marker that are read."""


@frozen
class Installed:
    """A venv that has spoken."""

    engine: str
    venv: str
    """Its folder's name."""
    device: str
    """What its packages were chosen for: cpu or cuda."""
    requirements: tuple[str, ...]
    """What pip was asked for."""
    python: str
    """Version of Python, such as 3.11.7."""
    ttsd: str
    """Version of the ttsd that made it."""
    protocol: int
    """That ttsd's: see protocol.PROTOCOL."""
    at: float
    """When, in Unix seconds."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """All that is in it, with versions."""


def folder(data: Path, engine: str) -> Path:
    """Where everything of *engine*'s installation lies. *data*: ttsd's data folder of the user."""
    return data / "engines" / engine


def interpreter(venv: Path) -> Path:
    """The Python of a venv."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def read(data: Path, engine: str) -> Installed | None:
    """What is installed; None: nothing, or nothing that its marker can tell."""
    try:
        with (folder(data, engine) / MARKER).open("rb") as file:
            found: Any = json.loads(file.read(_LARGEST))
        return Installed(
            engine=str(found["engine"]),
            venv=_name(found["venv"]),
            device=str(found["device"]),
            requirements=tuple(map(str, found["requirements"])),
            python=str(found["python"]),
            ttsd=str(found["ttsd"]),
            protocol=int(found["protocol"]),
            at=float(found["at"]),
            packages={str(name): str(version) for name, version in found["packages"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(data: Path, installed: Installed) -> None:
    """Put the marker in its place: from now on this venv is used. Raises OSError."""
    text = json.dumps(asdict(installed), indent=2) + "\n"
    replace_file(folder(data, installed.engine) / MARKER, text.encode("ascii"))


def python_of(data: Path, engine: str) -> Path | None:
    """The interpreter of the engine's own venv; None: it has none that can be used."""
    found = read(data, engine)
    if found is None:
        return None
    python = interpreter(folder(data, engine) / found.venv)
    return python if python.exists() else None


def missing(entry: Entry, data: Path) -> str | None:
    """Why it cannot be used here, to follow its name ("is not installed: …"); None: it can. Imports nothing."""
    if entry.adapter is not None and (found := read(data, entry.name)) is not None:
        python = interpreter(folder(data, entry.name) / found.venv)
        if python.exists():
            return None
        return f"is installed, but its Python is gone: {python}"
    return catalog.missing(entry)


def outdated(entry: Entry, found: Installed) -> str | None:
    """Why its venv should be made anew ("was installed by …"); None: it is as this ttsd wants it."""
    if found.protocol != PROTOCOL:
        return (
            f"was installed by ttsd {found.ttsd}, whose protocol was {found.protocol}; now it is {PROTOCOL}"
        )
    wanted = entry.recipe.requirements(found.device) if entry.recipe else found.requirements
    if wanted != found.requirements:
        new = ", ".join(one for one in wanted if one not in found.requirements) or "fewer packages"
        return f"was installed by ttsd {found.ttsd}; this one wants {new}"
    return None


def _name(value: object) -> str:
    """A folder's name and no path. Raises ValueError."""
    text = str(value)
    if not text or text != text.replace("/", "").replace("\\", "") or text.startswith("."):
        raise ValueError("no name of a folder")
    return text
