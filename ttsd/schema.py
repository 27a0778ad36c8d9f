"""Plain data to frozen dataclasses and back, driven by the dataclasses' annotations.

`config` (TOML) and `control/` (JSON) both read through here, and the JSON Schema and the tables
of the documentation come from the same annotations. Pure: no files, no environment.

Invariant: `read` reports every problem at once, and returns an object only if there was none.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from ttsd import shapes
from ttsd.frozen import frozen
from ttsd.settings import Duration, Help, Hidden, Range, Rest, Size
from ttsd.shapes import Problem, Shape, Where, did_you_mean

T = TypeVar("T")


@frozen
class Field:
    """A field of a dataclass as data sees it."""

    name: str
    attribute: str
    """The name in the dataclass: with a _ behind it where Python has a word of that name."""
    shape: Shape
    help: str
    required: bool
    default: Any
    """None if required; see also `required`."""
    rest: bool
    """It takes every key that no other field has."""


@frozen
class Table:
    """A dataclass: a TOML table, a JSON object."""

    cls: type
    lenient: bool = False
    """Unknown keys are ignored rather than reported."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        if not isinstance(value, Mapping):
            problems.append(Problem(where, "must be a table of keys and values"))
            return None
        before = len(problems)
        rest = dict(value)
        found: dict[str, object] = {}
        for field in fields_of(self.cls):
            at = (*where, field.name)
            if field.rest:
                continue
            if field.name in rest:
                found[field.attribute] = field.shape.read(rest.pop(field.name), at, problems)
            elif field.required:
                problems.append(Problem(at, f"is missing; it must be {field.shape.words()}"))
        for field in fields_of(self.cls):
            if field.rest:
                found[field.attribute], rest = field.shape.read(rest, where, problems), {}
        if not self.lenient:
            known = [field.name for field in fields_of(self.cls) if not field.rest]
            for key in rest:
                problems.append(Problem((*where, key), f"is not known here{did_you_mean(key, known)}"))
        return self.cls(**found) if len(problems) == before else None

    def words(self) -> str:
        return "a table"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        known = fields_of(self.cls)
        rest = [field.shape.json()["additionalProperties"] for field in known if field.rest]
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {field.name: _described(field) for field in known if not field.rest},
            "additionalProperties": rest[0] if rest else False,
        }
        required = [field.name for field in known if field.required]
        return schema | ({"required": required} if required else {})


@frozen
class Anything:
    """What is checked elsewhere."""

    def read(self, value: object, where: Where, problems: list[Problem]) -> Any:
        del where, problems
        return value

    def words(self) -> str:
        return "what stands for it elsewhere"

    def data(self, text: str) -> object:
        return text

    def json(self) -> dict[str, Any]:
        return {}


def read(cls: type[T], data: object, *, lenient: bool = False) -> tuple[T | None, tuple[Problem, ...]]:
    """Build *cls* from plain data; the object, or None and every problem.

    lenient: keys that *cls* does not have are ignored (JSON of newer clients) instead of reported.
    """
    problems: list[Problem] = []
    value = Table(cls, lenient).read(data, (), problems)
    return (None if problems else value), tuple(problems)


def plain(value: object) -> Any:
    """What `json.dumps` takes, from frozen dataclasses and what they hold; NaN becomes None."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def json_schema(cls: type, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of *cls*, as `json.dumps` takes it."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return head | Table(cls).json()


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields that data may give, in their order."""
    return _fields_of(cls)


@cache
def _fields_of(cls: type) -> tuple[Field, ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        marks = typing.get_args(hints[field.name])[1:] if _is_annotated(hints[field.name]) else ()
        if any(isinstance(mark, Hidden) for mark in marks):
            continue
        factory = field.default_factory
        default = factory() if factory is not MISSING else field.default
        found.append(
            Field(
                name=field.name.removesuffix("_"),
                attribute=field.name,
                shape=shape_of(hints[field.name]),
                help=next((mark.text for mark in marks if isinstance(mark, Help)), ""),
                required=default is MISSING,
                default=None if default is MISSING else default,
                rest=any(isinstance(mark, Rest) for mark in marks),
            )
        )
    return tuple(found)


def shape_of(hint: Any, allowed: Range = shapes.ANY) -> Shape:
    """The kind of value that an annotation means. Raises TypeError for one that is not data."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if _is_annotated(hint):
        allowed = next((mark for mark in arguments[1:] if isinstance(mark, Range)), allowed)
        return shape_of(arguments[0], allowed)
    if hint is Duration:
        return shapes.Quantity("a duration", shapes.DURATION_UNITS, whole=False, range=allowed)
    if hint is Size:
        return shapes.Quantity("a size", shapes.SIZE_UNITS, whole=True, range=allowed)
    if isinstance(hint, typing.NewType):
        return shape_of(hint.__supertype__, allowed)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1:
            return shapes.Optional(shape_of(inner[0], allowed))
        if set(inner) <= {str, int, float, bool}:
            return shapes.Scalar()
        if len(inner) == 2 and inner[0] is str and is_dataclass(inner[1]):
            return shapes.OrText(shape_of(inner[1]), fields(inner[1])[0].name)
    if origin is Literal:
        return shapes.Choice({word: word for word in arguments})
    if origin is tuple and arguments[1:] == (...,):
        return shapes.ListOf(shape_of(arguments[0], allowed))
    if origin is Mapping:
        return shapes.MapOf(shape_of(arguments[1], allowed))
    if isinstance(hint, type):
        return _shape_of_class(hint, allowed)
    raise TypeError(f"no kind of value for the annotation {hint!r}")


def _shape_of_class(cls: type, allowed: Range) -> Shape:
    if cls is object:
        return Anything()
    if cls is str:
        return shapes.Text(allowed)
    if cls is bool:
        return shapes.Boolean()
    if cls in (int, float):
        return shapes.Number(whole=cls is int, range=allowed)
    if cls is Path:
        return shapes.FilePath()
    if issubclass(cls, IntEnum):
        return shapes.Choice({member.name.lower(): member for member in cls})
    if issubclass(cls, Enum):
        return shapes.Choice({str(member.value): member for member in cls})
    if is_dataclass(cls):
        return Table(cls)
    raise TypeError(f"no kind of value for {cls!r}")


def _is_annotated(hint: Any) -> bool:
    return typing.get_origin(hint) is Annotated


def _described(field: Field) -> dict[str, Any]:
    schema = field.shape.json()
    if field.help:
        schema = schema | {"description": field.help}
    if not field.required and field.default is not None and not isinstance(field.shape, Table):
        schema = schema | {"default": plain(field.default)}
    return schema
