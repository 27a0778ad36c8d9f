"""The kinds of value that settings and parameters have: how each is checked, named and described.

A kind is a small frozen class with four methods (see `Shape`); `schema.py` finds the kind for an
annotation. Pure. Invariant: nothing is coerced silently: `1` is not true, `"5"` is not a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ttsd.frozen import frozen
from ttsd.settings import Range

Where: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root: ("sources", 0, "start")."""

ANY = Range()
_LARGEST = 2**63 - 1  # of TOML's and SQLite's integers
_SHOWN = 60  # characters of a refused value that are repeated in the message


@frozen
class Problem:
    """One thing that does not fit."""

    where: Where
    """What it is about; a key that is missing is named itself."""
    text: str
    """What is allowed and what was found, without the path."""

    def __str__(self) -> str:
        return f"{dotted(self.where)}: {self.text}" if self.where else self.text


class Shape(Protocol):
    """A kind of value."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        """The typed value; if it does not fit, a problem is added and the result means nothing."""
        ...

    def words(self) -> str:
        """What is allowed, to follow "must be"."""
        ...

    def data(self, text: str) -> object:
        """Plain data for `read` from one word of text (an environment variable, a plain command)."""
        ...

    def json(self) -> dict[str, Any]:
        """JSON Schema (2020-12)."""
        ...


def dotted(where: Where) -> str:
    """`sources[0].start` for ("sources", 0, "start")."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest known word, or nothing."""
    from difflib import get_close_matches  # needed only when something is wrong

    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word[:_SHOWN].lower(), by_lower, n=1, cutoff=0.65)
    return f'; did you mean "{by_lower[near[0]]}"?' if near else ""


def is_secret(name: str) -> bool:
    """Whether the value under this key is masked wherever it is shown; the name of a file that holds one is not."""
    sounds = re.search(r"token|secret|passw|credential|[a-z]_?key$", name, re.IGNORECASE)
    return sounds is not None and not name.lower().endswith(("_file", "_env"))


@frozen
class Text:
    """A string; its range counts characters."""

    range: Range = ANY

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, str):
            _refuse(self, value, where, problems)
        elif not _inside(len(value), self.range):
            problems.append(Problem(where, f"must be {self.words()}, not {len(value)}"))
        elif not _is_unicode(value):
            problems.append(Problem(where, "must be Unicode text without lone surrogates"))
        return value

    def words(self) -> str:
        return "text" if self.range == ANY else f"text, {_between(self.range, str)} characters long"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {"type": "string"} | _limits(self.range, "minLength", "maxLength")


@frozen
class FilePath:
    """A path: kept as written, made absolute by whoever knows the folder it is relative to."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, str) or not value or "\0" in value or not _is_unicode(value):
            return _refuse(self, value, where, problems)
        return Path(value)

    def words(self) -> str:
        return "a path"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@frozen
class Boolean:
    """True or false."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        return value if isinstance(value, bool) else _refuse(self, value, where, problems)

    def words(self) -> str:
        return "true or false"

    def data(self, text: str) -> object:
        return {"true": True, "on": True, "false": False, "off": False}.get(text.lower(), text)

    def json(self) -> dict[str, Any]:
        return {"type": "boolean"}


@frozen
class Number:
    """A number; *whole*: an integer. Booleans and what is not finite are not numbers."""

    whole: bool
    range: Range = ANY

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        fits = isinstance(value, int) or (isinstance(value, float) and not self.whole)
        if not fits or isinstance(value, bool) or not _inside(value, self.range):
            return _refuse(self, value, where, problems)
        return value

    def words(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return kind if self.range == ANY else f"{kind} {_between(self.range, str)}"

    def data(self, text: str) -> object:
        return _number(text)

    def json(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number"} | _limits(self.range, "minimum", "maximum")


@frozen
class Quantity:
    """A number with a unit: a plain number counts in the base unit, text names its unit."""

    kind: str
    """What it is called: "a duration", "a size"."""
    units: Mapping[str, float]
    """Factor of each unit, smallest first; the first that is 1 is the base unit."""
    whole: bool
    range: Range = ANY

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        amount = value
        if isinstance(value, str):
            match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]*)", value.strip())
            factor = self.units.get(match[2] or self._base()) if match else None
            amount = None if match is None or factor is None else round(float(match[1]) * factor, 9)
        if (
            isinstance(amount, bool)
            or not isinstance(amount, (int, float))
            or not _inside(amount, self.range)
        ):
            return _refuse(self, value, where, problems)
        if self.whole and amount != int(amount):
            return _refuse(self, value, where, problems)
        return int(amount) if self.whole else float(amount)

    def words(self) -> str:
        return f"{self.kind} {_between(self.range, self.show)}".rstrip()

    def show(self, amount: float) -> str:
        """`500ms`, `2m`: the largest unit in which *amount* is a whole number."""
        for unit, factor in reversed(list(self.units.items())):
            count = round(amount / factor)
            if count and abs(amount / factor - count) < 1e-9 * count:
                return f"{count}{unit}"
        return f"{round(amount, 9):g}{self._base()}"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        number = {"type": "integer" if self.whole else "number"} | _limits(self.range, "minimum", "maximum")
        pattern = rf"^\s*\d+(\.\d+)?\s*({'|'.join(self.units)})?\s*$"
        return {"anyOf": [number, {"type": "string", "pattern": pattern}]}

    def _base(self) -> str:
        return next(unit for unit, factor in self.units.items() if factor == 1)


DURATION_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
SIZE_UNITS = {"B": 1, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


@frozen
class Choice:
    """One of some words."""

    choices: Mapping[str, object]
    """The word as written, and the value it stands for."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if isinstance(value, str) and value in self.choices:
            return self.choices[value]
        hint = did_you_mean(value, self.choices) if isinstance(value, str) else ""
        return _refuse(self, value, where, problems, hint)

    def words(self) -> str:
        return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


@frozen
class Scalar:
    """Any single value: for options whose kind somebody else knows."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        fits = isinstance(value, (str, bool)) or _inside(value, ANY)
        return value if fits else _refuse(self, value, where, problems)

    def words(self) -> str:
        return "text, a number, true or false"

    def data(self, text: str) -> object:
        return {"true": True, "false": False}.get(text.lower(), _number(text))

    def json(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"]}


@frozen
class Optional:
    """A value, or null (JSON only: TOML has no null)."""

    shape: Shape

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        return None if value is None else self.shape.read(value, where, problems)

    def words(self) -> str:
        return self.shape.words()

    def data(self, text: str) -> object:
        return self.shape.data(text)

    def json(self) -> dict[str, Any]:
        return self.shape.json()


@frozen
class OrText:
    """A table, or a text that stands for one of its keys."""

    shape: Shape
    key: str

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, str | Mapping):
            return _refuse(self, value, where, problems)
        return self.shape.read({self.key: value} if isinstance(value, str) else value, where, problems)

    def words(self) -> str:
        return f"text (its {self.key}) or {self.shape.words()}"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, self.shape.json()]}


@frozen
class ListOf:
    """A list, read into a tuple."""

    shape: Shape
    longest: int = 10_000
    """Items; more are a mistake or an attack."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) > self.longest:
            return _refuse(self, value, where, problems)
        return tuple(self.shape.read(item, (*where, index), problems) for index, item in enumerate(value))

    def words(self) -> str:
        return f"a list; each item {self.shape.words()}"

    def data(self, text: str) -> object:
        return [self.shape.data(item.strip()) for item in text.split(",") if item.strip()]

    def json(self) -> dict[str, Any]:
        return {"type": "array", "items": self.shape.json()}


@frozen
class MapOf:
    """A table whose keys are free."""

    shape: Shape

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, Mapping):
            return _refuse(self, value, where, problems)
        return {key: self.shape.read(item, (*where, key), problems) for key, item in value.items()}

    def words(self) -> str:
        return "a table"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.shape.json()}


def _refuse(shape: Shape, value: object, where: Where, problems: list[Problem], hint: str = "") -> None:
    names = [part for part in where if isinstance(part, str)]
    shown = "what it is" if names and is_secret(names[-1]) else _show(value)
    problems.append(Problem(where, f"must be {shape.words()}, not {shown}{hint}"))


def _show(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (str, int, float)):
        if isinstance(value, int) and abs(value) > _LARGEST:
            return "a number of so many digits"
        text = f'"{value}"' if isinstance(value, str) else str(value)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else "a date"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(value: object, allowed: Range) -> bool:
    if not isinstance(value, (int, float)) or not -_LARGEST <= value <= _LARGEST:  # NaN is not, either
        return False
    return (allowed.low is None or value >= allowed.low) and (allowed.high is None or value <= allowed.high)


def _between(allowed: Range, show: Callable[[float], str]) -> str:
    low, high = (None if bound is None else show(bound) for bound in (allowed.low, allowed.high))
    if low is not None and high is not None:
        return f"from {low} to {high}"
    return f"of at least {low}" if low is not None else f"of at most {high}" if high is not None else ""


def _limits(allowed: Range, low: str, high: str) -> dict[str, Any]:
    found = {low: allowed.low, high: allowed.high}
    return {key: bound for key, bound in found.items() if bound is not None}


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
