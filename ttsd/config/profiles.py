"""`[profile.NAME]`: settings that go over the others as a whole while the profile is in use. Pure.

A table is merged key by key; a value or a list takes the other's place. An entry of `[[profile.NAME.sources]]`
with the name of a source goes over that source, another one is added.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from ttsd.shapes import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.shapes import Where

KEY = "profile"
FIXED = frozenset({"state", "control", KEY})
"""What a profile cannot set: a running daemon cannot change it, and profiles do not nest."""


def overlaid(data: Mapping[str, Any], pinned: Mapping[Where, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each profile's name and the whole of its settings, as if they stood in a file alone.

    data: of the file; what is no profile is left out. pinned: settings that variables set: they win.
    """
    profiles = data.get(KEY)
    for name, over in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(over, dict):
            base = {key: value for key, value in data.items() if key != KEY}
            whole = _merged(base, {key: value for key, value in over.items() if key not in FIXED})
            for where in pinned:
                _put(whole, where, data)
            yield name, whole


def problems_of(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Profiles that cannot be one."""
    profiles = data.get(KEY)
    for name, over in profiles.items() if isinstance(profiles, dict) else ():
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            yield Problem((KEY, name), "a name has letters, digits, - and _ alone, 64 at most")
        for key in FIXED & set(over if isinstance(over, dict) else ()):
            yield Problem((KEY, name, key), "is not for a profile: it cannot change while ttsd runs")


def located(name: str, problem: Problem, data: Mapping[str, Any]) -> Problem:
    """*problem* of a profile's whole, where it stands in the file: as near as can be told."""
    here: Any = data[KEY][name]
    where: Where = (KEY, name)
    for part in problem.where:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
        where = (*where, part)
    rest = problem.where[len(where) - 2 :]
    whose = "".join(f"{part}: " for part in rest if isinstance(part, str))
    return Problem(where, whose + problem.text)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    whole = copy.deepcopy(dict(base))
    for key, value in over.items():
        before = whole.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            whole[key] = _merged(before, value)
        elif key == "sources" and isinstance(before, list) and isinstance(value, list):
            whole[key] = _sources(before, value)
        else:
            whole[key] = copy.deepcopy(value)
    return whole


def _sources(before: list[Any], over: list[Any]) -> list[Any]:
    sources = list(before)
    places = {_name(source): place for place, source in enumerate(sources)}
    for source in over:
        place = places.get(_name(source))
        if place is None or not isinstance(sources[place], dict):
            sources.append(copy.deepcopy(source))
        else:
            sources[place] = _merged(sources[place], source)
    return sources


def _name(source: Any) -> object:
    """What a source is called; something that is no name for what is no source."""
    if not isinstance(source, dict):
        return object()
    name = source.get("name", source.get("path"))
    return name if isinstance(name, str) else object()


def _put(whole: dict[str, Any], where: Where, data: Mapping[str, Any]) -> None:
    """Set at *where* what stands there in *data*, if there is such a place."""
    value: Any = data
    place: Any = whole
    try:
        for part in where:
            value = value[part]
        for part in where[:-1]:
            place = place[part]
        place[where[-1]] = copy.deepcopy(value)
    except (KeyError, IndexError, TypeError):
        return
