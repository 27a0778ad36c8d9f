"""The configuration as it is in force: every setting, where it comes from, secrets masked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ttsd import shapes
from ttsd.config import edit, loading
from ttsd.config.toml_lines import Lines
from ttsd.errors import UsageError
from ttsd.frozen import frozen
from ttsd.schema import Anything, Table, fields_of, plain
from ttsd.settings import Settings
from ttsd.shapes import did_you_mean, dotted, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.shapes import Shape, Where

MASK = "•••"
DEFAULT = "default"


@frozen
class Setting:
    """One setting in force."""

    key: str
    """`speech.pause_ms`, `sources[0].path`."""
    value: Any
    """Plain data; MASK for a secret, None for what is not set."""
    origin: str
    """`default`, `ttsd.toml:12`, or the variable's name."""
    where: Where = field(default=(), compare=False)
    """The key in its parts."""

    @property
    def in_parts(self) -> list[str]:
        """The same as text."""
        return [str(part) for part in self.where]

    def is_named(self, key: str) -> bool:
        """Whether *key* names this one, and not a table or list that it stands in."""
        return self.key == key or self.in_parts == edit.parts_of(key)


def effective(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Setting, ...]:
    """Every setting, in the order of the documentation. Raises ConfigError."""
    given = loading.read_given(path, environ)
    settings = loading.build(given)
    lines = Lines(given.text)
    found = []
    for where, value in _leaves(Table(Settings), settings, ()):
        secret = value is not None and is_secret(str(where[-1]))
        shown = MASK if secret else plain(value)
        found.append(Setting(dotted(where), shown, _origin(where, given, lines), where))
    return tuple(found)


def get(key: str, path: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Setting, ...]:
    """The setting of that name, or those of the table or list of that name.

    Raises UsageError for one that does not exist, ConfigError.
    """
    everything = effective(path, environ)
    parts = edit.parts_of(key)
    found = tuple(
        setting
        for setting in everything
        if setting.is_named(key)
        or setting.key.startswith((f"{key}.", f"{key}["))
        or setting.in_parts[: len(parts)] == parts
    )
    if not found:
        hint = did_you_mean(key, [setting.key for setting in everything])
        raise UsageError(f"there is no setting {key}{hint}", next_step="`ttsd config show` lists them all")
    return found


def as_toml(found: tuple[Setting, ...]) -> str:
    """The settings as a TOML text, each with its origin; it loads as what it was made from."""
    tables: dict[Where, list[Setting]] = {(): []}  # what stands in no table comes first, as TOML wants it
    for setting in found:
        outer = setting.where[:-1]
        for end in range(1, len(outer) + 1):
            if end == len(outer) or isinstance(outer[end - 1], int):
                tables.setdefault(outer[:end], [])
        tables[outer].append(setting)
    lines = list[str]()
    for where, settings in tables.items():
        if where:
            header = ".".join(_key(part) for part in where if isinstance(part, str))
            lines += ["", f"[[{header}]]" if isinstance(where[-1], int) else f"[{header}]"]
        for one in settings:
            key = _key(str(one.where[-1]))
            text = f"# {key}: not set" if one.value is None else f"{key} = {toml_value(one.value)}"
            lines.append(f"{text:<44} # {one.origin}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _key(part: str) -> str:
    return part if re.fullmatch("[A-Za-z0-9_-]+", part) else toml_value(part)


def toml_value(value: object) -> str:
    """A scalar or a list of scalars as TOML writes it."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    # JSON's text, numbers and booleans are TOML's, but for the control character 127.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _leaves(shape: Shape, value: Any, where: Where) -> Iterator[tuple[Where, object]]:
    """Every single setting below *value*, with its place."""
    while isinstance(shape, shapes.OrText | shapes.Optional) and value is not None:
        shape = shape.shape
    if isinstance(shape, Table):
        for one in fields_of(shape.cls):
            inner = getattr(value, one.attribute)
            yield from _leaves(one.shape, inner, where if one.rest else (*where, one.name))
    elif isinstance(shape, shapes.MapOf) and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(shape.shape, inner, (*where, key))
    elif isinstance(shape, shapes.ListOf) and isinstance(shape.shape, Table):
        for index, inner in enumerate(value):
            yield from _leaves(shape.shape, inner, (*where, index))
    elif isinstance(shape, Anything) and isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(shape, inner, (*where, key))
    elif isinstance(shape, Anything) and isinstance(value, list) and _are_tables(value):
        for index, inner in enumerate(value):
            yield from _leaves(shape, inner, (*where, index))
    else:
        yield where, value


def _are_tables(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) for item in items)


def _origin(where: Where, given: loading.Given, lines: Lines) -> str:
    if variable := loading.variable_of(where, given):
        return variable
    here: Any = given.data
    for part in where:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return DEFAULT
    line = lines.of(where)
    return f"{given.path.name}:{line}" if given.path and line else DEFAULT
