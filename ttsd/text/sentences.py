"""Text to sentences, the pieces an engine gets at a time.

Invariants: no letter or digit is lost or reordered; no piece is longer than the limit; every piece
has something speakable in it. Boundaries are found by sentencex (about 300 languages, abbreviations
known); what it takes for an end after an abbreviation or a list's number is put together again; what is
too long is cut at a clause, else at a space, else between graphemes.
"""

from __future__ import annotations

import re

import sentencex

from ttsd.text.abbreviations import unfinished
from ttsd.text.cut import grapheme
from ttsd.text.language import LAST_RESORT, general

MAX_SENTENCE_CHARS = 400
"""Memory of an engine grows with the sentence: nothing longer is handed on in one piece."""

_SPEAKABLE = re.compile(r"[^\W_]")
_PART = 4000
"""Characters in which ends of sentences are looked for at a time."""
_ENDS = (". ", "! ", "? ", "。", "！", "？")
_NUMBERING = re.compile(r"(?:\d{1,3}|[A-Za-z])[.)]")
_CLAUSE_ENDS = ",;:–—、，；：،؛"
_BLANKS = " \t\u00a0\u3000"


def speakable(text: str) -> bool:
    """Whether there is a letter, a digit or another symbol with a name in *text*, not only punctuation."""
    return _SPEAKABLE.search(text) is not None


def split_sentences(
    text: str, language: str | None = None, *, limit: int = MAX_SENTENCE_CHARS
) -> tuple[str, ...]:
    """Return the sentences of *text*, trimmed, each at most *limit* characters and speakable.

    language: BCP 47 tag; None: English rules, which hold for most Latin scripts.
    """
    tag = language or LAST_RESORT
    pieces = [
        piece
        for paragraph in text.splitlines()
        for sentence in _whole(_segmented(paragraph, general(tag)), tag)
        for piece in _shorten(sentence.strip(), limit)
    ]
    return tuple(piece for piece in pieces if speakable(piece))


def _segmented(paragraph: str, language: str) -> list[str]:
    """sentencex's sentences. Its time grows with the square of the quotation marks: a long text is given in parts."""
    found: list[str] = []
    while len(paragraph) > _PART:
        window = paragraph[:_PART]
        end = max(window.rfind(mark) for mark in _ENDS) + 1
        cut = end if end > _PART // 4 else _cut_at(paragraph, _PART)
        found += sentencex.segment(language, paragraph[:cut])
        paragraph = paragraph[cut:]
    return [*found, *sentencex.segment(language, paragraph)]


def _whole(sentences: list[str], tag: str) -> list[str]:
    """Sentences that ended too early put together with what follows them."""
    if len(sentences) < 2:
        return sentences
    found = [sentences[0]]
    for sentence in sentences[1:]:
        before = found[-1].strip()
        if _NUMBERING.fullmatch(before) or unfinished(before, tag):
            found[-1] = f"{found[-1].rstrip()} {sentence.lstrip()}"
        else:
            found.append(sentence)
    return found


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
    for marks in (_CLAUSE_ENDS, _BLANKS):
        place = max(window.rfind(mark) for mark in marks) + 1
        # A cut right at the start would leave crumbs; one in a number or a grapheme would change it.
        if place > limit // 4 and not (sentence[place - 1] in ",:" and sentence[place : place + 1].isdigit()):
            return grapheme(sentence, place) or place
    return grapheme(sentence, limit) or limit
