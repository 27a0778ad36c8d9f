"""Engines of other packages: entry points of the group `ttsd.engines`, each an Entry or a function that
returns one.

Looked for only when a name is not one of ttsd's own (reading all packages' entry points takes 30 ms). What
cannot be used is a problem to be told, never an error: a stranger's package does not keep ttsd from speaking.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ttsd.engines.converter_entries import CONVERTERS
from ttsd.engines.entries import ENTRIES
from ttsd.engines.entry import Entry
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "ttsd.engines"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What an engine may be called: its name is a key of the configuration and a folder."""


@frozen
class Broken:
    """An entry point that gave no engine."""

    name: str
    """The entry point's."""
    reason: str
    """A sentence without capital and full stop that names the package."""


@frozen
class Plugins:
    """What other packages bring."""

    entries: tuple[Entry, ...]
    broken: tuple[Broken, ...]


@cache
def plugins() -> Plugins:
    """All of them; packages that are installed later are found by the next process."""
    from importlib.metadata import entry_points

    entries: list[Entry] = []
    broken: list[Broken] = []
    taken = {spelling for entry in (*ENTRIES, *CONVERTERS) for spelling in (entry.name, *entry.aliases)}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        package = point.dist.name if point.dist else "a package"
        try:
            entry = _entry_of(point)
        except Exception as error:  # noqa: BLE001  # whatever a stranger's module raises is told
            broken.append(Broken(point.name, f"{package} is broken: {type(error).__name__}: {error}"[:300]))
            continue
        spellings = {entry.name, *entry.aliases}
        if both := sorted(spellings & taken):
            broken.append(Broken(point.name, f"{package} brings {', '.join(both)}, which is taken"))
            continue
        taken |= spellings
        entries.append(entry)
    return Plugins(tuple(entries), tuple(broken))


def _entry_of(point: EntryPoint) -> Entry:
    found = point.load()
    entry = found() if callable(found) else found
    if not isinstance(entry, Entry):
        raise TypeError(f"{point.value} is no ttsd.engines.entry.Entry")
    if not NAME.fullmatch(entry.name):
        raise ValueError(f"{entry.name!r} is no name for an engine: small letters, digits, - and _ alone")
    return entry
