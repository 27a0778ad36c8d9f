"""Lines to messages: a start or continuation pattern says which lines belong together. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import PatternError, PatternSlow, SourceError
from ttsd.frozen import frozen
from ttsd.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.model import Line
    from ttsd.settings import SourceSettings


@frozen
class Joiner:
    """Decides where a message begins."""

    start: Pattern | None
    """A line that matches begins a message."""
    onward: Pattern | None
    """A line that matches belongs to the one before it."""

    def begins(self, line: Line) -> bool:
        """Whether *line* begins a message. With both patterns, either says so; one too slow to tell does."""
        try:
            if self.onward is not None and self.onward.found(line.text):
                return False
            return self.start is None or self.start.found(line.text)
        except PatternSlow:
            return True

    def join(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        """Messages, each ending where its last line does; the last may still be incomplete."""
        messages: list[Line] = []
        for line in lines:
            if messages and not self.begins(line):
                last = messages[-1]
                messages[-1] = replace(
                    last, text=f"{last.text}\n{line.text}", end=line.end, cut=last.cut or line.cut
                )
            else:
                messages.append(line)
        return tuple(messages)


def joiner_of(settings: SourceSettings) -> Joiner | None:
    """The source's joiner; None: every line is a message. Raises SourceError for a bad pattern."""
    if settings.join_start is None and settings.join_continue is None:
        return None
    return Joiner(
        _compiled("join_start", settings.join_start), _compiled("join_continue", settings.join_continue)
    )


def _compiled(name: str, pattern: str | None) -> Pattern | None:
    try:
        return None if pattern is None else Pattern(pattern)
    except PatternError as error:
        raise SourceError(f"{name} {error.what}", where=pattern, next_step="correct the pattern") from error
