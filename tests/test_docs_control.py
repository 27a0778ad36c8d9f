"""docs/control.md tells what the code does: its tables, its JSON and its examples are checked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from control_parts import serving

from ttsd import events
from ttsd.commands import METHODS, EventName, Say, Status
from ttsd.control.protocol import Request, parse
from ttsd.schema import fields_of

if TYPE_CHECKING:
    from ttsd.commands import Command
    from ttsd.control.server import Reply

TEXT = (Path(__file__).parent.parent / "docs" / "control.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the first table under a heading, by the name in their first cell."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            found[cells[0].strip("`")] = cells[1:]
    return found


def test_every_method_is_documented_with_its_parameters() -> None:
    documented = rows("Methods")
    assert list(documented) == list(METHODS)
    for method, cls in METHODS.items():
        expected = [field.name if field.required else f"[{field.name}]" for field in fields_of(cls)]
        assert re.findall(r"`([^`]+)`", documented[method][0]) == expected, method


def test_every_event_is_documented_with_its_fields() -> None:
    documented = rows("Events")
    known = {cls.name: cls for cls in events.Event.__subclasses__() if hasattr(cls, "name")}
    assert set(documented) == set(known)
    assert list(documented) == list(get_args(EventName))
    for name, cls in known.items():
        expected = [field.name for field in fields(cls) if field.name != "at"]
        assert re.findall(r"`([^`]+)`", documented[name][0]) == expected, name


def test_every_request_in_the_text_is_one() -> None:
    requests = [
        line
        for block in blocks("json")
        for line in block.splitlines()
        if '"method"' in line and '"id":' in line
    ]
    requests = [line for line in requests if '"params":{"at"' not in line]
    assert len(requests) >= 3
    for line in requests:
        assert isinstance(parse(line.encode()), Request), line


def daemon(command: Command, reply: Reply) -> None:
    if isinstance(command, Say):
        reply({"id": 42, "state": "queued"})
    elif isinstance(command, Status):
        reply({"state": "idle"})
    else:
        reply({"id": None})


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_examples_run(language: str, tmp_path: Path) -> None:
    examples = blocks(language)
    assert examples
    if language == "sh" and shutil.which("socat") is None:
        pytest.skip("socat is not installed (apt install socat)")
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    run = {"sh": ["sh", "-ec"], "python": [sys.executable, "-c"]}[language]
    with serving(tmp_path / "ttsd" / "control.sock", daemon):
        for example in examples:
            done = subprocess.run([*run, example], env=environ, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            assert re.search(r'^ok \{|"result":|^42$|^idle$', done.stdout, re.MULTILINE), done.stdout
