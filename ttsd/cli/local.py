"""Verbs that need no daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttsd import __version__
from ttsd.errors import ConfigError

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True, slots=True)
class EngineRow:
    """An engine as `ttsd engines` lists it."""

    name: str
    label: str
    installed: bool
    in_chain: int | None
    """Its place in the configured chain, from 1; None: not in it."""
    detail: str | None
    """Why it cannot be used, and the command that brings it; None: it can."""
    description: str
    languages: tuple[str, ...]
    streaming: bool
    cloning: bool
    code_licence: str
    weights_licence: str


def version(arguments: argparse.Namespace) -> int:
    """`ttsd version`."""
    print(json.dumps({"version": __version__}) if arguments.json else f"ttsd {__version__}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """`ttsd check`: exit code 78 with every problem, or 0."""
    from ttsd import config

    try:
        settings = config.load(arguments.config)
    except ConfigError as error:
        if arguments.json:
            print(json.dumps({"ok": False, "config": None, "problems": error.problems}, ensure_ascii=False))
        raise
    path = str(settings.path) if settings.path else None
    if arguments.json:
        print(json.dumps({"ok": True, "config": path, "problems": []}, ensure_ascii=False))
    else:
        print(f"{path or 'the built-in configuration'} is well")
    return 0


def engines(arguments: argparse.Namespace) -> int:
    """`ttsd engines`."""
    from ttsd import config
    from ttsd.schema import plain

    chain = config.load(arguments.config).engines
    rows = engine_rows(chain)
    if arguments.json:
        print(json.dumps({"chain": chain, "engines": plain(rows)}, ensure_ascii=False, indent=2))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        place = f"{row.in_chain}." if row.in_chain else "  "
        print(f"{place} {row.name:{width}}  {row.detail or row.description}")
    return 0


def engine_rows(chain: tuple[str, ...]) -> tuple[EngineRow, ...]:
    """Every known engine: the chain's first, in its order."""
    from ttsd.engines import catalog

    rows = []
    for entry in catalog.ENTRIES:
        why = catalog.missing(entry)
        detail = f"{why} ({entry.install})" if why and entry.install else why
        rows.append(
            EngineRow(
                name=entry.name,
                label=entry.label,
                installed=why is None,
                in_chain=chain.index(entry.name) + 1 if entry.name in chain else None,
                detail=detail,
                description=entry.description,
                languages=entry.languages,
                streaming=entry.streaming,
                cloning=entry.cloning,
                code_licence=entry.code_licence,
                weights_licence=entry.weights_licence,
            )
        )
    return tuple(sorted(rows, key=lambda row: row.in_chain or len(rows) + 1))


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "version": version,
    "check": check,
    "engines": engines,
}
