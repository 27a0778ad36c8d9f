"""The engines and converters that ttsd knows, and what can be asked of them without importing any.

`config` and every worker import this: standard library, nothing heavy. An entry without an adapter
is known and not built in this version; it says so wherever it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines.converter_entries import CONVERTERS as CONVERTERS
from ttsd.engines.entries import ENTRIES as ENTRIES
from ttsd.engines.entry import Entry as Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttsd.engines.engine import Scalar


def find(name: str) -> Entry | None:
    """The engine of that name or alias; other packages are looked at if it is none of ttsd's own."""
    wanted = name.lower()
    return _among(ENTRIES, wanted) or _among(_others(), wanted)


def find_converter(name: str) -> Entry | None:
    """What makes another voice out of an engine's: no engine, but installed and run as they are."""
    return _among(CONVERTERS, name.lower())


def find_any(name: str) -> Entry | None:
    """The engine or converter of that name."""
    return find_converter(name) or find(name)


def entries() -> tuple[Entry, ...]:
    """Every engine: ttsd's own, then those of other packages."""
    return (*ENTRIES, *_others())


def a_server(name: str) -> Entry:
    """The entry of a Wyoming server that is no engine of the catalogue: all that is known is its address."""
    return Entry(
        name=name,
        label=name,
        description="A Wyoming server.",
        languages=("*",),
        code_licence="the server's own",
        weights_licence="the server's own",
    )


def names() -> tuple[str, ...]:
    """The names of the engines that ttsd brings."""
    return tuple(entry.name for entry in ENTRIES)


def missing(entry: Entry) -> str | None:
    """Why this interpreter cannot run it, to follow its name ("is not installed: …"); None: it can.

    Imports nothing. Whether it has a venv of its own, `installed.missing` knows.
    """
    if entry.adapter is None:
        return "is not part of this version of ttsd"
    # What was installed since this process started is found, too.
    import importlib.util

    importlib.invalidate_caches()
    absent = [module for module in entry.modules if importlib.util.find_spec(module) is None]
    if absent:
        what = f"package {absent[0]} is" if len(absent) == 1 else f"packages {' and '.join(absent)} are"
        return f"is not installed: the Python {what} missing"
    return None


def defaults(name: str) -> dict[str, Scalar]:
    """The options that have a default."""
    entry = find_any(name)
    return {} if entry is None else {o.name: o.default for o in entry.options if o.default is not None}


def fastest_pace(name: str) -> float | None:
    """See Entry.fastest_pace; None for engines that are not known."""
    entry = find_any(name)
    return None if entry is None else entry.fastest_pace


def option_problems(name: str, options: Mapping[str, object]) -> tuple[str, ...]:
    """What is wrong with an engine's own options, a sentence each; nothing for engines that are not known."""
    entry = find_any(name)
    if entry is None:
        return ()
    known = {option.name: option for option in entry.options}
    problems = []
    for key, value in options.items():
        option = known.get(key)
        if option is None:
            problems.append(f"{key} is no option of {entry.name}{_near(key, known)}")
        elif not option.accepts(value):
            problems.append(f"{key} must be {option.allowed()}, not {_shown(value)}")
    return tuple(problems)


def did_you_mean(name: str) -> str:
    """What to say behind a name that nobody knows: why its package is of no use, or what it looks like."""
    from ttsd.engines.plugins import plugins

    for broken in plugins().broken:
        if broken.name.lower() == name.lower():
            return f"; {broken.reason}"
    if find_converter(name) is not None:
        return f'; it makes another voice out of one: [voice.NAME.convert] type = "{name.lower()}"'
    return _near(name, [spelling for entry in entries() for spelling in (entry.name, *entry.aliases)])


def _among(entries: Iterable[Entry], wanted: str) -> Entry | None:
    return next((entry for entry in entries if wanted == entry.name or wanted in entry.aliases), None)


def _others() -> tuple[Entry, ...]:
    from ttsd.engines.plugins import plugins  # imports all packages' metadata: only where it is needed

    return plugins().entries


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # needed only when something is wrong

    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.65)
    return f'; did you mean "{near[0]}"?' if near else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
