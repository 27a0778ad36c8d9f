"""A line taken apart into named fields: plain, regex, JSON or logfmt. Pure; total over all texts.

Field names with a meaning: text, speaker, level, time. JSON and logfmt find them under their usual
names too, unless the source says where they are.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias

from ttsd.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ttsd.settings.text import SourceRules

    Fields: TypeAlias = Mapping[str, str]
    Parser: TypeAlias = Callable[[str], Fields | None]
    """Fields of a line, `text` always among them; None: it has not the format. Raises PatternSlow."""

USUAL: dict[str, tuple[str, ...]] = {
    "text": ("text", "message", "msg", "body", "content", "MESSAGE"),
    "speaker": ("speaker", "user", "username", "nick", "author", "from", "name", "SYSLOG_IDENTIFIER"),
    "level": ("level", "severity", "lvl", "PRIORITY"),
    "time": ("time", "timestamp", "ts", "@timestamp", "date"),
}
"""Where JSON lines and logfmt usually have what has a meaning; the first that is there counts."""
MOST_FIELDS = 200
"""Of one line; more are left out."""
DEEPEST = 12
"""Objects inside objects."""


def parser(settings: SourceRules) -> Parser:
    """What takes this source's lines apart. Raises PatternError."""
    match settings.format:
        case "plain":
            return _plain
        case "regex":
            return _by_regex(Pattern(settings.pattern or "(?P<text>.*)"))
        case "json":
            return _renamed(_json, settings.fields)
        case "logfmt":
            return _renamed(_logfmt, settings.fields)


def _plain(line: str) -> Fields:
    return {"text": line}


def _by_regex(pattern: Pattern) -> Parser:
    if "text" in pattern.names:

        def parse(line: str) -> Fields | None:
            fields = pattern.fields(line)
            if fields is not None and "text" not in fields:
                fields["text"] = ""
            return fields
    else:

        def parse(line: str) -> Fields | None:
            fields = pattern.fields(line)
            return None if fields is None else {"text": line, **fields}

    return parse


def _renamed(parse: Parser, where: Mapping[str, str]) -> Parser:
    """*parse* with the fields of a meaning under their names. *where*: name -> paths, as configured."""
    usual = {name: paths for name, paths in USUAL.items() if name not in where}
    wanted = {name: tuple(path.strip() for path in paths.split(" or ")) for name, paths in where.items()}

    def renamed(line: str) -> Fields | None:
        found = parse(line)
        if found is None:
            return None
        fields = dict(found)
        for name, paths in wanted.items():
            fields[name] = next((found[path] for path in paths if path in found), "")
        for name, paths in usual.items():
            if name not in fields:
                value = next((found[path] for path in paths if path in found), None)
                if value is not None:
                    fields[name] = value
        fields.setdefault("text", "")
        return fields

    return renamed


# ---- JSON


def _json(line: str) -> Fields | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):  # a number of ten thousand digits is a ValueError, too
        return None
    if not isinstance(data, dict):
        return None
    fields: dict[str, str] = {}
    _flatten(data, "", fields, DEEPEST)
    return fields


def _flatten(data: object, path: str, fields: dict[str, str], depth: int) -> None:
    """Every value by its path: `user.name`, `tags.0`. An object is no field of its own."""
    if len(fields) >= MOST_FIELDS or not depth:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            _flatten(value, f"{path}.{_text(key)}" if path else _text(key), fields, depth - 1)
    elif isinstance(data, list):
        if _is_bytes(data):
            fields[path] = _text(bytes(data).decode("utf-8", "replace"))
            return
        for index, value in enumerate(data):
            _flatten(value, f"{path}.{index}", fields, depth - 1)
    elif data is not None:
        fields[path] = _text(data) if isinstance(data, str) else json.dumps(data)


def _text(text: str) -> str:
    """JSON can write half of a surrogate pair, which is no character, and a bell, which is our beep."""
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()).replace("\a", " ")


def _is_bytes(data: list[object]) -> bool:
    """journald writes a message with colours or broken UTF-8 as a list of its bytes."""
    return len(data) > 3 and all(type(item) is int and 0 <= item < 256 for item in data)


# ---- logfmt

# Possessive, and only where a word begins: linear, whatever the line.
_PAIR = re.compile(r'(?<!\S)([^\s="]++)=("(?:[^"\\]|\\.)*+"|[^\s"]*+)(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def _logfmt(line: str) -> Fields | None:
    fields: dict[str, str] = {}
    if _PAIR.match(line.lstrip()) is None:
        return None  # prose with a = in it
    for pair in _PAIR.finditer(line):
        key, value = pair[1], pair[2]
        if value.startswith('"'):
            value = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), value[1:-1])
        fields[key] = value
        if len(fields) >= MOST_FIELDS:
            break
    return fields
