"""docs/configuration.md tells what is: its tables are made from the settings, its examples load."""

from __future__ import annotations

import re
from pathlib import Path

import config_tables

from ttsd import config
from ttsd.config import environment
from ttsd.settings import Settings

TEXT = config_tables.FILE.read_text(encoding="utf-8")


def test_the_tables_are_as_the_settings_are() -> None:
    assert config_tables.renewed(TEXT) == TEXT, "run: python tests/config_tables.py"


def test_every_setting_has_its_help() -> None:
    for line in config_tables.tables().splitlines():
        if line.startswith("| `"):
            assert line.rstrip("| ").endswith("."), line


def test_the_examples_load() -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert examples
    for example in examples:
        config.build(config.given(example, Path("ttsd.toml"), {}))


def test_the_messages_shown_are_the_messages_given() -> None:
    shown = re.findall(r"^ttsd\.toml:\d+: (.*)$", TEXT, re.MULTILINE)
    text = '[[sources]]\npath = "a"\nstart = "ned"\n[speech]\npause_ms = -3\n'
    problems = config.check(config.given(text, Path("ttsd.toml"), {}))[1]
    assert [str(problem) for problem in problems] == shown


def test_the_variables_are_ones() -> None:
    variables = re.findall(r"`(TTSD_[A-Z0-9_]+)=([^`]*)`", TEXT)
    assert len(variables) >= 5
    for name, value in variables:
        if name != "TTSD_CONFIG":
            given = config.given("", None, {name: value})
            assert not given.problems
            assert list(given.variables.values()) == [name]
    assert "TTSD_SPEECH__PAUSE_MS" in set(environment.names(Settings))
