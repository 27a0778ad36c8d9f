"""The house keeps its shape: which room may import which, what stays light, and how large a file may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ttsd"
LONGEST = 400
"""Lines of a file; a longer one has more than one responsibility."""

WORDS = {
    *("__init__", "clock", "errors", "file_lock", "frozen", "logger", "model", "patterns", "replace_file"),
    *("schema", "settings", "shapes"),
}
"""Modules of the vocabulary, which everybody may import. They import nothing but one another."""
ROOMS: dict[str, set[str]] = {
    "text": set(),
    "store": set(),
    "sources": {"store"},
    "engines": set(),
    "audio": set(),
    "control": {"commands", "events", "paths"},
    "speech": {"store", "engines", "audio", "text", "events"},
    # What it does not do itself it asks the daemon for, by command.
    "http": {
        *("commands", "control", "events", "engines", "speech", "audio", "text", "paths", "speakers"),
        "sources",  # what the bytes of a line are
    },
}
"""What each room may import besides the vocabulary and itself."""
CONFIGURATION = {"config", "paths"}
"""Reads and writes ttsd.toml; of the rooms it knows what engines are called, where they may run, and
whether the rules of what is said can be used."""
KNOWN_TO_CONFIGURATION = {
    *("ttsd.engines.catalog", "ttsd.engines.uri", "ttsd.engines.voices", "ttsd.engines.voice_names"),
    *("ttsd.text.check", "ttsd.text.language"),
}
HALL = {"commands", "completion", "events", "journal", "log", "stderr"}
"""What the house and its clients share; knows no room."""
HEAVY = {
    *("numpy", "soxr", "soundfile", "sounddevice", "onnxruntime", "watchdog", "platformdirs"),
    *("sentencex", "regex", "babel", "unicode_rbnf", "emoji"),
    *("fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client"),
}
CLIENT_MODULES = ("ttsd.cli.remote", "ttsd.control.client")


def module_of(file: Path) -> str:
    """Dotted name; a package's is that of its `__init__`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in PACKAGE.rglob("*.py")}


def imports(file: Path) -> Iterator[str]:
    """Modules of ttsd that *file* imports when it runs; what only type checking needs does not count."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tuple(ast.walk(tree)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "ttsd")
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "ttsd":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def place(module: str) -> str:
    """The room that *module* is in, or its own name if it stands in no room."""
    return [*module.split("."), "__init__"][1]


def may_import(importer: str, imported: str) -> bool:
    """Whether the arrow points the right way."""
    here, there = place(importer), place(imported)
    if here == there or (there in WORDS and here not in WORDS):
        return True
    if here in ROOMS:
        return there in ROOMS[here]
    if here in WORDS:
        return there in WORDS
    if here in CONFIGURATION:
        return there in CONFIGURATION or imported in KNOWN_TO_CONFIGURATION
    if here in HALL:
        return there in HALL
    return there != "cli" or here in {"__main__", "cli"}  # the house: all but the command line


def test_arrows_point_one_way() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, file in sorted(MODULES.items())
        for imported in imports(file)
        if not may_import(importer, imported)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_names_what_exists() -> None:
    places = {place(module) for module in MODULES} | {"__init__"}
    assert not (WORDS | set(ROOMS) | CONFIGURATION | HALL) - places


def test_no_file_is_longer_than_what_one_can_hold_in_mind() -> None:
    lengths = {module: len(file.read_text("utf-8").splitlines()) for module, file in MODULES.items()}
    assert not {module: length for module, length in lengths.items() if length > LONGEST}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are loaded after *statement* ran in a fresh interpreter."""
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name.split(".")[0] for name in found.stdout.split()}


@pytest.mark.parametrize("module", CLIENT_MODULES)
def test_the_client_needs_the_standard_library_alone(module: str) -> None:
    ours_before = loaded_by("pass")  # what the venv itself loads at start
    strangers = loaded_by(f"import {module}") - ours_before - set(sys.stdlib_module_names)
    assert strangers == {"ttsd"}


@pytest.mark.parametrize("module", ["ttsd.daemon.daemon", "ttsd.config", "ttsd.engines.chain", "ttsd.store"])
def test_importing_the_daemon_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import {module}") & HEAVY


def test_ttsd_status_loads_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """All that happens on the way to a daemon that is not there."""
    config = tmp_path / "ttsd.toml"
    config.write_text('[control]\nsocket = "nobody.sock"\n')
    strangers = loaded_by(
        f"from ttsd.cli import main; assert main(['status', '--config', {str(config)!r}]) == 3"
    )
    assert strangers - loaded_by("pass") - set(sys.stdlib_module_names) == {"ttsd"}
