"""Which lines are spoken at all: by text, fields, speaker, level, command. Pure.

Each rule answers None (it may be spoken) or the reason why not, in words that name the rule. A pattern
that is too slow for a line drops that line: what a filter could not judge is not spoken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ttsd.patterns import Pattern, shown
from ttsd.text.levels import LEVELS, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.settings.text import SourceRules
    from ttsd.text.fields import Fields

    Filter: TypeAlias = Callable[[Fields], str | None]


def filters(settings: SourceRules) -> tuple[Filter, ...]:
    """This source's filters, cheapest first. Raises PatternError."""
    return tuple(_filters(settings))


def _filters(settings: SourceRules) -> Iterator[Filter]:
    if settings.commands:
        yield _commands(settings.commands)
    if settings.only_speakers or settings.ignore_speakers:
        yield _speakers(settings.only_speakers, settings.ignore_speakers)
    if settings.min_level is not None:
        yield _level(settings.min_level)
    for name, source in settings.exclude_fields.items():
        yield _without("exclude_fields", name, Pattern(source))
    for name, source in settings.include_fields.items():
        yield _with("include_fields", name, (Pattern(source),))
    for source in settings.exclude_text:
        yield _without("exclude", "text", Pattern(source))
    if settings.include_text:
        yield _with("include", "text", tuple(map(Pattern, settings.include_text)))


def _commands(prefixes: tuple[str, ...]) -> Filter:
    def command(fields: Fields) -> str | None:
        return "commands: it is one" if fields["text"].lstrip().startswith(prefixes) else None

    return command


def _speakers(only: Sequence[str], ignored: Sequence[str]) -> Filter:
    is_allowed, is_ignored = matcher(only), matcher(ignored)

    def speaker(fields: Fields) -> str | None:
        name = fields.get("speaker", "")
        if is_ignored(name):
            return f"ignore_speakers: {name}"
        # A line without a speaker is nobody's: a list of who may speak does not let it pass.
        return None if not only or is_allowed(name) else f"only_speakers: not {name or 'nobody'}"

    return speaker


def matcher(names: Sequence[str]) -> Callable[[str], bool]:
    """Whether a name is one of *names*: capitals and spaces around it make no difference, * is anything."""
    folded = [name.strip().casefold() for name in names]
    plain = {name for name in folded if "*" not in name}
    globs = [name.split("*") for name in folded if "*" in name]

    def matches(name: str) -> bool:
        folded = name.strip().casefold()
        return folded in plain or any(_fits(folded, parts) for parts in globs)

    return matches


def _fits(name: str, parts: list[str]) -> bool:
    """Whether *name* is the parts with anything between them."""
    first, *middle, last = parts
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _level(lowest: str) -> Filter:
    bound = LEVELS.index(lowest)

    def level(fields: Fields) -> str | None:
        found = rank(fields.get("level", ""))
        return (
            f"min_level: {LEVELS[found]} is below {lowest}" if found is not None and found < bound else None
        )

    return level


def _without(rule: str, field: str, pattern: Pattern) -> Filter:
    reason = f'{rule}: "{shown(pattern.source)}"' + ("" if field == "text" else f" in {field}")

    def without(fields: Fields) -> str | None:
        return reason if pattern.found(fields.get(field, "")) else None

    return without


def _with(rule: str, field: str, patterns: tuple[Pattern, ...]) -> Filter:
    wanted = " or ".join(f'"{shown(pattern.source)}"' for pattern in patterns)
    reason = f"{rule}: no {wanted}" + ("" if field == "text" else f" in {field}")

    def within(fields: Fields) -> str | None:
        text = fields.get(field, "")
        return None if any(pattern.found(text) for pattern in patterns) else reason

    return within
