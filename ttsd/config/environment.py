"""`TTSD_…` variables over the configuration file: TTSD_SPEECH__PAUSE_MS=100, TTSD_ENGINES=piper,hibari.

Two underscores lead into a table (or, with a number, into a list); names are lower-cased. A variable
whose first part is a setting's name is one of ours and checked like the file; others are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttsd import shapes
from ttsd.paths import CONFIG_VARIABLE
from ttsd.schema import Table, fields_of
from ttsd.shapes import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.shapes import Shape, Where

PREFIX = "TTSD_"


def apply(
    cls: type, data: dict[str, Any], environ: Mapping[str, str], problems: list[Problem]
) -> dict[Where, str]:
    """Put *environ*'s settings into *data*; return which variable each of them came from."""
    origins: dict[Where, str] = {}
    known = {field.name for field in fields_of(cls)}
    for variable in sorted(environ):
        parts = variable.removeprefix(PREFIX).lower().split("__")
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if len(parts) == 1 and parts[0] not in known:
            continue  # somebody else's: TTSD_… is used by scripts too
        where = put(Table(cls), data, parts, environ[variable])
        if where is None:
            problems.append(Problem((variable,), f"names no setting{did_you_mean(variable, names(cls))}"))
        else:
            origins[where] = variable
    return origins


def names(cls: type, prefix: str = PREFIX) -> Iterator[str]:
    """Every variable that can set something; `0` and `NAME` stand for any number and name."""
    for field in fields_of(cls):
        shape, name = field.shape, prefix + field.name.upper()
        if isinstance(shape, shapes.ListOf) and isinstance(shape.shape, Table):
            shape, name = shape.shape, f"{name}__0"
        if isinstance(shape, shapes.MapOf) and isinstance(shape.shape, Table):
            shape, name = shape.shape, f"{name}__NAME"
        if isinstance(shape, Table):
            yield from names(shape.cls, f"{name}__")
        elif not field.rest:
            yield name


def put(shape: Shape, data: Any, parts: list[str], text: str) -> Where | None:
    """Set in plain *data* what *parts* leads to, from text; where that is, or None if it leads nowhere."""
    key, *rest = parts
    where: str | int
    if isinstance(shape, shapes.Optional | shapes.OrText):
        return put(shape.shape, data, parts, text)
    if isinstance(shape, Table) and isinstance(data, dict):
        fields = {field.name: field.shape for field in fields_of(shape.cls) if not field.rest}
        others = [field.shape for field in fields_of(shape.cls) if field.rest]
        where, inner = key, fields.get(key) or next((_values(other) for other in others), None)
    elif isinstance(shape, shapes.MapOf) and isinstance(data, dict):
        dashed = key.replace("_", "-")
        where, inner = (dashed if dashed in data else key), shape.shape
    elif isinstance(shape, shapes.ListOf) and isinstance(data, list) and key.isdecimal() and len(key) < 5:
        where, inner = int(key), shape.shape
        if where == len(data):
            data.append({} if rest else None)
        if where >= len(data):
            return None
    else:
        return None
    if inner is None:
        return None
    if not rest:
        data[where] = inner.data(text)
        return (where,)
    if isinstance(data, dict):
        data.setdefault(where, [] if isinstance(inner, shapes.ListOf) else {})
    below = put(inner, data[where], rest, text)
    return None if below is None else (where, *below)


def _values(shape: Shape) -> Shape | None:
    return shape.shape if isinstance(shape, shapes.MapOf) else None
