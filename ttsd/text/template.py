"""Templates: `{speaker} says {text}`. Pure.

`{speaker|somebody}`: a word where the field is missing. `{speaker? says }`: the field and words behind it,
or nothing at all. `{{` and `}}` are braces. A field that is empty counts as missing. Values are put in as
they are: a field with braces in it is never read as a template.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Template: TypeAlias = Callable[[Mapping[str, str]], str]

_PART = re.compile(r"\{\{|\}\}|\{([^{}|?]*)(?:\|([^{}]*)|\?([^{}]*))?\}|[{}]")


def names(template: str) -> tuple[str, ...]:
    """The fields that *template* names, in its order."""
    return tuple(part[1].strip() for part in _PART.finditer(template) if part[1] is not None)


def stray_brace(template: str) -> bool:
    """Whether there is a brace that belongs to no field."""
    return any(part[0] in ("{", "}") for part in _PART.finditer(template))


def compiled(template: str) -> Template:
    """What fills *template* with fields."""
    pieces: list[tuple[str, str, str, str]] = []  # before it, the field, behind it, where it is missing
    text, at = "", 0
    for part in _PART.finditer(template):
        text += template[at : part.start()]
        at = part.end()
        if part[1] is None:
            text += part[0][0]
        else:
            pieces.append((text, part[1].strip(), part[3] or "", part[2] or ""))
            text = ""
    tail = text + template[at:]

    def fill(fields: Mapping[str, str]) -> str:
        made = ""
        for before, name, behind, missing in pieces:
            value = fields.get(name)
            made += before + (value + behind if value else missing)
        return made + tail

    return fill
