"""Verbs about the configuration file: init, config, completion."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ttsd import paths
from ttsd.cli import parser
from ttsd.config import edit, first, show
from ttsd.engines import catalog, installed
from ttsd.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ttsd.completion import Shell
    from ttsd.config.first import Answers
    from ttsd.config.show import Setting

_ANSWERS = ("sources", "start", "engines", "voice", "output", "device", "folder")


def init(arguments: argparse.Namespace) -> int:
    """`ttsd init`: asks a person at a terminal, takes options otherwise."""
    path = _file(arguments)
    if path.exists() and not arguments.force:
        raise first.exists(path)
    given = {name: value for name in _ANSWERS if (value := getattr(arguments, name)) is not None}
    for name in ("sources", "engines"):
        if name in given:
            given[name] = tuple(given[name])
    answers = replace(_default_answers(), **given)
    if not given and not arguments.yes and sys.stdin.isatty():
        answers = first.ask(_prompt, answers)
    first.write(path, answers, replace=arguments.force)
    print(f"wrote {path}")
    for name in answers.engines:
        if (entry := catalog.find(name)) and (why := installed.missing(entry, paths.default_data_dir())):
            print(f"{name} {why}; {entry.install or 'it is passed over'}")
    print(f"next: ttsd run{f' --config {path}' if arguments.config else ''}")
    return 0


def _default_answers() -> Answers:
    """The default chain as far as it is installed; whole where nothing is, to say what to install."""
    default = first.Answers()
    data = paths.default_data_dir()
    known = ((name, catalog.find(name)) for name in default.engines)
    there = tuple(name for name, entry in known if entry and not installed.missing(entry, data))
    return replace(default, engines=there or default.engines)


def _prompt(question: str, default: str) -> str:
    try:
        return input(f"{question}\n[{default}] ").strip() or default
    except EOFError as error:
        raise UsageError("no more answers; nothing was written", next_step="ttsd init --yes") from error


def configuration(arguments: argparse.Namespace) -> int:
    """`ttsd config show | get | set | schema`."""
    match arguments.action:
        case "schema":
            from ttsd.config.json_schema import config_schema

            print(json.dumps(config_schema(), ensure_ascii=False, indent=2))
            return 0
        case "show":
            found = show.effective(arguments.config)
            print(_as_json(found) if arguments.json else show.as_toml(found), end="")
            return 0
        case action if arguments.key is None:
            raise UsageError("which setting?", next_step=f"ttsd config {action} speech.pause_ms")
        case "get":
            found = show.get(arguments.key, arguments.config)
            print(_as_json(found) if arguments.json else _for_people(arguments.key, found), end="")
            return 0
        case _:
            return _set(arguments)


def _set(arguments: argparse.Namespace) -> int:
    if arguments.value is None:
        raise UsageError("which value?", next_step=f"ttsd config set {arguments.key} VALUE")
    path = _file(arguments)
    edit.set_text(path, arguments.key, arguments.value)
    try:
        found = show.get(arguments.key, path)
    except ConfigError as error:  # what was wrong before still is; this one is set
        print(f"{error}\nthat is wrong with {path} still", file=sys.stderr)
        found = ()
    if arguments.json:
        print(_as_json(found), end="")
        return 0
    value = f" = {_for_people(arguments.key, found).strip()}" if len(found) == 1 else " is set"
    print(f"{arguments.key}{value} in {path}")
    if any(setting.origin.startswith("TTSD_") for setting in found):
        print(f"{found[0].origin} in the environment goes over the file", file=sys.stderr)
    return 0


def _for_people(key: str, found: tuple[Setting, ...]) -> str:
    """One setting bare, as a script wants it; a table as TOML."""
    if len(found) != 1 or not found[0].is_named(key):
        return show.as_toml(found)
    value = found[0].value
    if value is None:
        return "\n"
    return f"{value if isinstance(value, str) else show.toml_value(value)}\n"


def _as_json(found: tuple[Setting, ...]) -> str:
    rows = [{"key": one.key, "value": one.value, "origin": one.origin} for one in found]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def _file(arguments: argparse.Namespace) -> Path:
    """The file to write: the one that would be read, or the user's."""
    return paths.find_config(arguments.config, os.environ) or paths.default_config_path()


def completion(arguments: argparse.Namespace) -> int:
    """`ttsd completion SHELL`."""
    from ttsd.completion import script

    print(script(parser.build(), cast("Shell", arguments.shell)))
    return 0


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": init,
    "config": configuration,
    "completion": completion,
}
