"""Text to sentences, the pieces an engine gets at a time.

Invariants: no letter or digit is lost or reordered; no piece is longer than the limit; every piece
has something speakable in it. Boundaries are found by sentencex (about 300 languages, abbreviations
known); what is still too long is cut at a clause, else at a space, else between characters.
"""

from __future__ import annotations

import re
import unicodedata

import sentencex

MAX_SENTENCE_CHARS = 400
"""Memory of an engine grows with the sentence: nothing longer is handed on in one piece."""

_SPEAKABLE = re.compile(r"[^\W_]")
_CLAUSE_ENDS = ",;:–—、，；：،؛"


def speakable(text: str) -> bool:
    """Whether there is a letter, a digit or another symbol with a name in *text*, not only punctuation."""
    return _SPEAKABLE.search(text) is not None


def split_sentences(
    text: str, language: str | None = None, *, limit: int = MAX_SENTENCE_CHARS
) -> tuple[str, ...]:
    """Return the sentences of *text*, trimmed, each at most *limit* characters and speakable.

    language: BCP 47 tag; None: English rules, which hold for most Latin scripts.
    """
    pieces = [
        piece
        for paragraph in text.splitlines()
        for sentence in sentencex.segment((language or "en").split("-")[0].lower(), paragraph)
        for piece in _shorten(sentence.strip(), limit)
    ]
    return tuple(piece for piece in pieces if speakable(piece))


def _shorten(sentence: str, limit: int) -> list[str]:
    pieces = []
    while len(sentence) > limit:
        cut = _cut_at(sentence, limit)
        pieces.append(sentence[:cut].rstrip())
        sentence = sentence[cut:].lstrip()
    return [*pieces, sentence] if sentence else pieces


def _cut_at(sentence: str, limit: int) -> int:
    """The best place to cut, at most *limit* characters in, at least one."""
    window = sentence[:limit]
    for marks in (_CLAUSE_ENDS, " \t\u3000"):
        place = max(window.rfind(mark) for mark in marks) + 1
        if place > limit // 4:  # a cut right at the start would leave crumbs
            return place
    place = limit
    # Never between a character and what combines with it.
    while place > 1 and (unicodedata.combining(sentence[place]) or sentence[place] in "\u200d\ufe0f"):
        place -= 1
    return place
