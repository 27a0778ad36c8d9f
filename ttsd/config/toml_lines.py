"""Which line of a TOML text a setting stands in: for messages, computed only when there are problems.

tomllib tells no positions, so this scans headers and keys; what it does not understand it passes
over, and the nearest table that encloses a setting stands for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.shapes import Where

_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=")
_TOKEN = re.compile(r"""\"\"\"|'''|"(?:[^"\\]|\\.)*"|'[^']*'|\#.*|[][{}]""")


class Lines:
    """The line of each table and key of a text, counted from 1."""

    def __init__(self, text: str) -> None:
        self._found: dict[Where, int] = {}
        self._lengths: dict[Where, int] = {}
        table: Where = ()
        depth, string = 0, ""  # open brackets and the quotes of an open multi-line string
        for number, line in enumerate(text.split("\n"), 1):
            if not depth and not string:
                if header := _HEADER.match(line):
                    table = self._enter(_parts(header[2]), array=header[1] == "[[")
                    self._found.setdefault(table, number)
                    continue
                if key := _ASSIGNMENT.match(line):
                    self._found.setdefault(table + _parts(key[1]), number)
            depth, string = _left_open(line, depth, string)

    def of(self, where: Where) -> int | None:
        """The line of *where*, or of the nearest thing around it; None: it is not in the text."""
        while where:
            if where in self._found:
                return self._found[where]
            where = where[:-1]
        return None

    def _enter(self, parts: tuple[str, ...], *, array: bool) -> Where:
        table: Where = ()
        for part in parts[:-1]:
            table = self._last((*table, part))
        table = (*table, parts[-1])
        if array:
            self._lengths[table] = self._lengths.get(table, 0) + 1
        return self._last(table)

    def _last(self, table: Where) -> Where:
        """The last element, if *table* is an array of tables."""
        return (*table, self._lengths[table] - 1) if table in self._lengths else table


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))


def _left_open(line: str, depth: int, string: str) -> tuple[int, str]:
    """Brackets and multi-line string that are still open at the end of *line*."""
    at = 0
    while at <= len(line):
        if string:
            end = line.find(string, at)
            if end < 0:
                return depth, string
            at, string = end + 3, ""
        token = _TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token[0] in ('"""', "'''"):
            string = token[0]
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
    return max(depth, 0), string
