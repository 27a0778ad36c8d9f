"""Messages that are taken back: which ones are meant, and the lines that tell of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.patterns import Pattern

if TYPE_CHECKING:
    from ttsd.model import SourceName, UtteranceId

WITHDRAWS = "withdraw: it tells of a deletion"
"""Why a line is not spoken."""
WITHDRAWN = "withdrawn"
"""Why a message is not spoken, or no longer in the history."""


@frozen
class Target:
    """Which messages; those that meet everything that is given."""

    id: UtteranceId | None = None
    key: str | None = None
    """As the source's `key` makes it, or as it was said with."""
    speaker: str | None = None
    """Capitals and spaces around it make no difference."""
    source: SourceName | None = None
    before: UtteranceId | None = None
    """Only messages that came before this one: who was banned may come back."""


class Deletions:
    """A source's `withdraw`."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError."""
        self._pattern = Pattern(pattern)

    def found(self, line: str) -> bool:
        """Whether *line* tells of a deletion. Raises PatternSlow."""
        return self._pattern.found(line)

    def key_and_speaker(self, line: str) -> tuple[str | None, str | None]:
        """What *line* says was deleted; (None, None): nothing. Raises PatternSlow."""
        fields = self._pattern.fields(line) or {}
        return fields.get("key") or None, fields.get("speaker") or None


def problem_of(pattern: str, *, has_key: bool) -> str | None:
    """What is wrong with a pattern that compiles; None: nothing."""
    names = Pattern(pattern).names
    if "key" not in names and "speaker" not in names:
        return "has neither (?P<key>…) nor (?P<speaker>…): it does not say what was deleted"
    if "key" in names and not has_key:
        return "withdraws by key, and the source gives its lines none: set `key`"
    return None


def same_speaker(one: str, other: str) -> bool:
    """Whether two spellings are one speaker."""
    return one.strip().casefold() == other.strip().casefold()
