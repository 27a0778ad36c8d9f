"""Every engine under its own name, whichever of its spellings (`xtts-v2` for `xtts`) the file has. Pure.

A server that the user gave a name keeps it, whatever it is called.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.engines import catalog
from ttsd.model import EngineName
from ttsd.shapes import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.settings import Settings


def proper(name: EngineName, settings: Settings) -> EngineName:
    """The engine's own name."""
    configured = settings.engine.get(name)
    entry = None if configured is not None and configured.uri is not None else catalog.find(name)
    return name if entry is None else EngineName(entry.name)


def canonical(settings: Settings) -> Settings:
    """The same settings, with each engine's own name in the chain and as its table's."""
    return replace(
        settings,
        engines=tuple(dict.fromkeys(proper(name, settings) for name in settings.engines)),
        engine={proper(name, settings): engine for name, engine in settings.engine.items()},
    )


def problems(settings: Settings) -> Iterator[Problem]:
    """An engine that has two tables, under two of its spellings."""
    seen: dict[EngineName, EngineName] = {}
    for name in settings.engine:
        own = proper(name, settings)
        if seen.setdefault(own, name) != name:
            yield Problem(("engine", name), f"is the engine {own}, which [engine.{seen[own]}] is about, too")
