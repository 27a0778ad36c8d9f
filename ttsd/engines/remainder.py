"""What is left to say of a sentence of which a part was heard. Pure.

By word times if the engine gave them; else by the length of what was heard and the voice's pace.
The cut is at a word's boundary: a word that was heard in part is said again if less than half of it
was heard (or its times are known: then it was not heard to its end).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.model import WordTime

PACE = 15.0
"""Characters per second of a voice that was not measured yet."""
_SLACK = 0.02
"""Seconds that may be missing at the end of a word that was heard."""


def remainder(text: str, heard: float, words: Sequence[WordTime], pace: float | None) -> str:
    """The end of *text* that was not heard; empty if nothing speakable is left.

    heard: seconds of sound given; words: their times, as far as known; pace: characters per second.
    """
    if heard <= 0:
        return text
    cut = _cut_by_words(text, heard, words)
    if cut is None:
        cut = _cut_by_pace(text, heard, pace or PACE)
    rest = text[cut:].lstrip()
    return rest if any(c.isalnum() for c in rest) else ""


def _cut_by_words(text: str, heard: float, words: Sequence[WordTime]) -> int | None:
    at = 0
    for word in words:
        found = text.find(word.text, at)
        if found < 0 or not word.text:
            return None  # not the text's own words
        if word.end > heard + _SLACK:
            return found
        at = found + len(word.text)
    # Every word known was heard; what follows was not.
    return at if words else None


def _cut_by_pace(text: str, heard: float, pace: float) -> int:
    position = heard * pace
    for word in re.finditer(r"\S+", text):
        if position < (word.start() + word.end()) / 2:
            return word.start()
    return len(text)
