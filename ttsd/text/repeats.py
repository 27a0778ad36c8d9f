"""Texts that were said a short while ago, so that they are not said again. Time is a parameter.

Texts are kept as digests, the newest MOST of them: memory is bounded, and what was said is not readable
in it. `remembered` goes into the state and comes back after a restart.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 4096
_BLANKS = re.compile(r"\W+")


class Repeats:
    """What was said within the window, of all sources or of one. For one thread."""

    def __init__(self, remembered: Iterable[tuple[str, float]] = ()) -> None:
        """*remembered*: what `remembered` gave before a restart."""
        self._said: dict[str, float] = dict(sorted(remembered, key=lambda one: one[1])[-MOST:])

    def again(self, text: str, window: float, now: float, *, source: str = "") -> bool:
        """Whether *text* was said by *source* less than *window* seconds ago; if not, it is said *now*.

        now: Unix seconds. Capitals, blanks and punctuation make no difference. A repetition does not
        lengthen the window: after it the text is said again.
        """
        digest = _digest(source, text)
        before = self._said.get(digest)
        if before is not None and 0 <= now - before < window:
            return True
        self._said.pop(digest, None)  # to the end: the oldest stand first
        self._said[digest] = now
        if len(self._said) > MOST:
            del self._said[next(iter(self._said))]
        return False

    def forget(self, text: str, *, source: str = "") -> None:
        """It was not said after all."""
        self._said.pop(_digest(source, text), None)

    def remembered(self) -> tuple[tuple[str, float], ...]:
        """Digests and when they were said, oldest first."""
        return tuple(self._said.items())


def _digest(source: str, text: str) -> str:
    folded = _BLANKS.sub(" ", text).strip().casefold() or text.strip()
    return blake2b(f"{source}\0{folded}".encode("utf-8", "replace"), digest_size=12).hexdigest()
