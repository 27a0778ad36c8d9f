"""The configuration as it is in force: every setting, where it comes from, secrets masked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttsd import config, shapes
from ttsd.errors import UsageError
from ttsd.schema import Table, fields_of, plain
from ttsd.settings import Settings
from ttsd.shapes import did_you_mean, dotted, is_secret
from ttsd.toml_lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.shapes import Shape, Where

MASK = "•••"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in force."""

    key: str
    """`speech.pause_ms`, `sources[0].path`."""
    value: Any
    """Plain data; MASK for a secret, None for what is not set."""
    origin: str
    """`default`, `ttsd.toml:12`, or the variable's name."""


def effective(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Setting, ...]:
    """Every setting, in the order of the documentation. Raises ConfigError."""
    given = config.read_given(path, environ)
    settings = config.build(given)
    lines = Lines(given.text)
    found = []
    for where, value in _leaves(Table(Settings), settings, ()):
        secret = value is not None and is_secret(str(where[-1]))
        found.append(Setting(dotted(where), MASK if secret else plain(value), _origin(where, given, lines)))
    return tuple(found)


def get(key: str, path: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Setting, ...]:
    """The setting of that name, or those of the table or list of that name.

    Raises UsageError for one that does not exist, ConfigError.
    """
    everything = effective(path, environ)
    found = tuple(
        setting
        for setting in everything
        if setting.key == key or setting.key.startswith((f"{key}.", f"{key}["))
    )
    if not found:
        hint = did_you_mean(key, [setting.key for setting in everything])
        raise UsageError(f"there is no setting {key}{hint}", next_step="`ttsd config show` lists them all")
    return found


def as_toml(found: tuple[Setting, ...]) -> str:
    """The settings as a TOML text, each with its origin; it loads as what it was made from."""
    table, lines = "", list[str]()
    for setting in found:
        outer, _, key = setting.key.rpartition(".")
        if outer != table:
            table = outer
            name, index, _ = outer.partition("[")
            lines += ["", f"[[{name}]]" if index else f"[{outer}]"]
        text = f"# {key}: not set" if setting.value is None else f"{key} = {toml_value(setting.value)}"
        lines.append(f"{text:<44} # {setting.origin}")
    return "\n".join(lines).lstrip("\n") + "\n"


def toml_value(value: object) -> str:
    """A scalar or a list of scalars as TOML writes it."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    # JSON's text, numbers and booleans are TOML's, but for the control character 127.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _leaves(shape: Shape, value: Any, where: Where) -> Iterator[tuple[Where, object]]:
    """Every single setting below *value*, with its place."""
    if isinstance(shape, Table):
        for field in fields_of(shape.cls):
            inner = getattr(value, field.name)
            yield from _leaves(field.shape, inner, where if field.rest else (*where, field.name))
    elif isinstance(shape, shapes.MapOf) and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(shape.shape, inner, (*where, key))
    elif isinstance(shape, shapes.ListOf) and isinstance(shape.shape, Table):
        for index, inner in enumerate(value):
            yield from _leaves(shape.shape, inner, (*where, index))
    else:
        yield where, value


def _origin(where: Where, given: config.Given, lines: Lines) -> str:
    if variable := config.variable_of(where, given):
        return variable
    here: Any = given.data
    for part in where:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return DEFAULT
    line = lines.of(where)
    return f"{given.path.name}:{line}" if given.path and line else DEFAULT
