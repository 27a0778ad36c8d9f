"""Templates: `{speaker} says {text}`, `{speaker|somebody}` where a field may be missing, `{{` for a brace.

Pure. A field that is missing or empty and has no word behind `|` is nothing. Values are put in as they
are: a field with braces in it is never read as a template.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PART = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}|[{}]")


def names(template: str) -> tuple[str, ...]:
    """The fields that *template* names, in its order."""
    return tuple(part[1].strip() for part in _PART.finditer(template) if part[1] is not None)


def stray_brace(template: str) -> bool:
    """Whether there is a brace that belongs to no field."""
    return any(part[0] in ("{", "}") for part in _PART.finditer(template))


def compiled(template: str) -> Callable[[Mapping[str, str]], str]:
    """What fills *template* with fields."""
    pieces: list[tuple[str, str | None, str]] = []  # text before, field, word where it is missing
    text, at = "", 0
    for part in _PART.finditer(template):
        text += template[at : part.start()]
        at = part.end()
        if part[1] is None:
            text += part[0][0]
        else:
            pieces.append((text, part[1].strip(), part[2] or ""))
            text = ""
    tail = text + template[at:]

    def fill(fields: Mapping[str, str]) -> str:
        made = []
        for before, name, missing in pieces:
            made.append(before)
            made.append(fields.get(name or "") or missing)
        made.append(tail)
        return "".join(made)

    return fill
