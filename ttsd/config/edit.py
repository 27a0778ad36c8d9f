"""Changing one setting in ttsd.toml: comments, order and line endings survive, and so does a crash.

The file is replaced as a whole (temporary file, fsync, rename), so a reader sees the old or the new
one; its mode is kept, and a symbolic link goes on leading to the same file.
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ttsd.config import environment, loading
from ttsd.errors import ConfigError, UsageError
from ttsd.replace_file import replace_file
from ttsd.schema import Table
from ttsd.settings import Settings
from ttsd.shapes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit.container import Container
    from tomlkit.items import Array

    from ttsd.shapes import Where

Value: TypeAlias = "str | float | bool | Sequence[str]"
_ITEM = re.compile(r"""\s*(?:(["'])(.*?)\1\s*,?)?\s*(?:#\s*(.*?))?\s*""")


def set_value(path: Path, key: str, value: Value) -> None:
    """Set *key* (`engines`, `speech.pause_ms`, `sources[0].start`) in the file; created if missing.

    Does not check that the key is a setting. Raises ConfigError if the file is not TOML, the key
    leads through something that is no table, or the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    after = edited(_text(path), key, value, path)
    try:
        replace_file(target, after.encode())
    except OSError as error:
        raise ConfigError([f"{path}: cannot be changed: {error.strerror or error}"]) from error


def set_text(path: Path, key: str, text: str) -> None:
    """The same with a checked key and a value as a person writes it: `120`, `2m`, `piper,hibari`.

    Problems that the file had before do not hinder. Raises UsageError for a key that does not exist,
    ConfigError if the value is not allowed there.
    """
    before = _text(path)
    given = loading.given(before, path, {})
    where = _put(given.data, parts_of(key), text)
    if where is None:
        known = [name.removeprefix(environment.PREFIX).lower() for name in environment.names(Settings)]
        hint = did_you_mean(key, [name.replace("__", ".") for name in known])
        raise UsageError(f"there is no setting {key}{hint}", next_step="`ttsd config show` lists them all")
    loading.keep_text(given.data, where, text)
    value: Any = given.data
    for part in where:
        value = value[part]
    after = edited(before, key, value, path)
    problems = loading.check(loading.given(after, path, {}))[1]
    old = loading.check(loading.given(before, path, {}))[1]
    if new := [str(problem) for problem in problems if problem not in old]:
        raise ConfigError(new)
    set_value(path, key, value)


def _put(data: dict[str, Any], parts: list[str], text: str) -> Where | None:
    """Set in *data* what *parts* leads to; where that is, None: nowhere. A profile has every setting, too."""
    if parts[0] != "profile" or len(parts) < 3:
        return environment.put(Table(Settings), data, parts, text)
    name = parts[1]
    below = environment.put(
        Table(Settings), data.setdefault("profile", {}).setdefault(name, {}), parts[2:], text
    )
    return None if below is None else ("profile", name, *below)


def _text(path: Path) -> str:
    """What is in the file, line endings as they are; nothing if there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be changed: {error}"]) from error


def parts_of(key: str) -> list[str]:
    """`sources[0].path` and `sources.0.path` in parts."""
    return key.replace("[", ".").replace("]", "").split(".")


def edited(text: str, key: str, value: Value, path: Path) -> str:
    """*text* with one setting changed; *path* is named in errors. Raises ConfigError."""
    import tomlkit  # 30 ms, needed only for a change
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        table: Any = document
        parts = parts_of(key)
        for part, following in itertools.pairwise(parts):
            if part.isdecimal():
                if int(part) == len(table):
                    table.append(tomlkit.table())
                table = table[int(part)]
            else:
                table = table.setdefault(part, tomlkit.aot() if following.isdecimal() else tomlkit.table())
        _assign(table, parts[-1], value)
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ConfigError([f"{path}: is not TOML: {error}"]) from error
    except (TypeError, AttributeError, IndexError) as error:
        raise ConfigError([f"{path}: {key}: leads through something that is no table"]) from error


def _assign(table: Container, key: str, value: Value) -> None:
    from tomlkit.items import Array

    old = table.get(key)
    if isinstance(old, Array) and "\n" in old.as_string() and isinstance(value, (list, tuple)):
        table[key] = _laid_out_like(old, value)
    else:
        table[key] = list(value) if isinstance(value, tuple) else value


def _laid_out_like(old: Array, items: Sequence[str]) -> Array:
    """One item a line, each with the comments that stood beside and above it."""
    import tomlkit

    above: dict[str, list[str]] = {}
    beside: dict[str, str] = {}
    waiting: list[str] = []
    for line in old.as_string().strip("[]").splitlines():
        match = _ITEM.fullmatch(line)
        if match and match[2] is not None:
            above[match[2]], waiting = waiting, []
            beside[match[2]] = match[3] or ""
        elif match and match[3]:
            waiting.append(match[3])
    new = tomlkit.array()
    for item in items:
        for comment in above.get(item, ()):
            new.add_line(comment=comment, add_comma=False)
        new.add_line(item, comment=beside.get(item) or None)
    for comment in waiting:
        new.add_line(comment=comment, add_comma=False)
    new.add_line(indent="")
    return new
