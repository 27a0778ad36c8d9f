"""Users' regular expressions, which can neither hang ttsd nor take its memory.

The library `regex` takes what people write elsewhere (Python's syntax, Unicode words, look-around) and
stops at a time limit, with the GIL released meanwhile. Invariants: a match takes at most LIMIT seconds;
a pattern stands for at most MOST_STEPS steps, so that compiling it stays cheap.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from ttsd.errors import PatternError, PatternSlow

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 0.1
"""Seconds. A sane pattern takes microseconds; a preempted thread on a busy machine must not count as slow."""
MOST_STEPS = 20_000
"""Counted repetitions are written out: ((a{200}){200}){200} would take gigabytes."""
DEEPEST = 100
"""Groups inside groups."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*),?(\d*)\}|.", re.DOTALL)


class Pattern:
    """One regular expression. Immutable; may be used from any thread."""

    def __init__(self, source: str, *, ignore_case: bool = False) -> None:
        """Raises PatternError, whose text follows "…: "."""
        import regex  # 9 ms: only for those who use patterns

        steps, depth = _weight(source)
        if steps > MOST_STEPS or depth > DEEPEST:
            raise PatternError(
                f"stands for more than {MOST_STEPS} steps" if steps > MOST_STEPS else "is nested too deeply",
                next_step="use smaller counts in braces" if steps > MOST_STEPS else "use fewer groups",
            )
        try:
            with warnings.catch_warnings(
                action="ignore", category=FutureWarning
            ):  # it may mean a set one day
                self._compiled: Any = regex.compile(source, regex.IGNORECASE if ignore_case else 0)
        except (regex.error, RecursionError, OverflowError) as error:
            at = getattr(error, "pos", None)
            where = "" if at is None else f" at character {at + 1}"
            raise PatternError(
                f"is no regular expression: {getattr(error, 'msg', None) or error}{where}"
            ) from error
        self.source = source
        self.names: tuple[str, ...] = tuple(self._compiled.groupindex)
        """Its named groups."""
        self.groups: int = self._compiled.groups
        """How many groups it has, named ones included."""

    def found(self, text: str) -> bool:
        """Whether it matches anywhere in *text*. Raises PatternSlow."""
        try:
            return self._compiled.search(text, timeout=LIMIT) is not None
        except TimeoutError as error:
            raise self._slow() from error

    def fields(self, text: str) -> dict[str, str] | None:
        """The named groups that took part in the first match; None: no match. Raises PatternSlow."""
        try:
            match = self._compiled.search(text, timeout=LIMIT)
        except TimeoutError as error:
            raise self._slow() from error
        if match is None:
            return None
        named: dict[str, str | None] = match.groupdict()
        if None in named.values():
            return {name: value for name, value in named.items() if value is not None}
        return named  # type: ignore[return-value]  # no value is None

    def replace(self, text: str, by: Callable[[tuple[str, ...]], str]) -> str:
        """Each match replaced by what *by* makes of it and its groups (index 0: all). Raises PatternSlow."""

        def made(match: Any) -> str:
            return by((match.group(), *(group or "" for group in match.groups())))

        try:
            return str(self._compiled.sub(made, text, timeout=LIMIT))
        except TimeoutError as error:
            raise self._slow() from error

    def group(self, name: str) -> int | None:
        """The number of a named group; None: there is none."""
        number: int | None = self._compiled.groupindex.get(name)
        return number

    def _slow(self) -> PatternSlow:
        return PatternSlow(
            f'"{shown(self.source)}" took longer than {LIMIT * 1000:.0f} ms',
            next_step="avoid a repetition inside a repetition, as in (a+)+",
        )


def shown(source: str) -> str:
    """A pattern as messages show it."""
    return source if len(source) <= 60 else source[:59] + "…"


def _weight(source: str) -> tuple[int, int]:
    """How many steps a pattern stands for with its counts written out, and how deep its groups go."""
    outer: list[int] = []
    steps = last = deepest = 0
    for token in _TOKEN.finditer(source):
        text = token[0]
        if text == "(":
            outer.append(steps)
            deepest = max(deepest, len(outer))
            steps = last = 0
        elif text == ")" and outer:
            last = steps + 1
            steps = outer.pop() + last
        elif text[0] == "{" and (token[1] or token[2]):
            count = max(_count(token[1]), _count(token[2]), 1)
            steps += last * (count - 1)
            last *= count
        else:
            last = 1
            steps += 1
    return sum(outer) + steps, deepest


def _count(digits: str | None) -> int:
    return min(int(digits[:9]), MOST_STEPS + 1) if digits else 0
