"""The page about engines says of each what the catalogue says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ttsd.engines.catalog import ENTRIES, Entry
from ttsd.engines.options import Option
from ttsd.engines.uri import parse

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")


def row(option: Option) -> str:
    """An option's line in the table."""
    default = "its own" if option.default is None else str(option.default)
    default = default.lower() if isinstance(option.default, bool) else default
    return f"| `{option.name}` | {option.allowed()} | {default} | {option.help} |"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_engine_has_its_section_with_every_option(entry: Entry) -> None:
    _, heading, rest = PAGE.partition(f"### {entry.label}: `{entry.name}`\n")
    assert heading, f"{entry.name} has no section"
    section = rest.partition("\n#")[0]
    written = [line for line in section.splitlines() if line.startswith("| `")]
    assert written == [row(option) for option in entry.options]
    assert ("not part of this version" in section) == (entry.adapter is None)
    assert entry.code_licence in section
    assert entry.weights_licence in section
    assert all(alias in PAGE for alias in entry.aliases if alias != "styletts")


def test_the_examples_are_toml_and_their_addresses_are_addresses() -> None:
    examples = [part.partition("```")[0] for part in PAGE.split("```toml\n")[1:]]
    assert examples
    for example in examples:
        for engine in tomllib.loads(example).get("engine", {}).values():
            if "uri" in engine:
                parse(engine["uri"])  # raises if it is none
