"""Captions: sentences and the times of their words as WebVTT or SRT. Pure.

Invariants: what is written is read back as the same words by any player: nothing in a text is taken for
markup or for a time; a cue ends after it begins, and is at most LINES lines of WIDTH characters.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.model import WordTime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

WIDTH, LINES = 42, 2
"""What subtitles are made to: two lines of forty-two characters."""
_SHORTEST = 0.3
"""Seconds for which a cue stays, so that it can be seen."""
_WIDE = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uff9f"
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]{{1,{WIDTH}}}")
"""Scripts without spaces are shown character by character; a word is never wider than a line."""
_IS_WIDE = re.compile(rf"[{_WIDE}]")


@frozen
class Caption:
    """A sentence as it was heard."""

    start: float
    """Seconds since the captions began."""
    end: float
    text: str
    words: tuple[WordTime, ...] = ()
    """Counted from `start`; empty: the engine has none, they are estimated."""
    speaker: str | None = None


@frozen
class Cue:
    """What is shown at once."""

    start: float
    end: float
    text: str
    words: tuple[WordTime, ...] = ()
    """Counted from the beginning of the captions."""
    speaker: str | None = None
    estimated: bool = False
    """The times of its words are a guess."""


def estimated(text: str, seconds: float) -> tuple[WordTime, ...]:
    """Word times by the lengths of the words: a guess, for engines that tell none."""
    words = _WORD.findall(text)
    total = sum(len(word) + 1 for word in words)
    times, at = [], 0.0
    for word in words:
        length = seconds * (len(word) + 1) / total
        times.append(WordTime(word, at, at + length))
        at += length
    return tuple(times)


def cues(caption: Caption) -> tuple[Cue, ...]:
    """The caption in pieces that fit a screen, each with its own times."""
    length = max(caption.end - caption.start, _SHORTEST)
    words = _dressed(caption.text, caption.words) or estimated(caption.text, length)
    name = f"{caption.speaker}: " if caption.speaker else ""
    pieces: list[list[WordTime]] = [[]]
    for word in words:
        if pieces[-1] and len(_lines(name + _joined((*pieces[-1], word)))) > LINES:
            pieces.append([])
        pieces[-1].append(word)
    found = []
    for index, piece in enumerate(pieces):
        if not piece:
            continue
        start = caption.start + (piece[0].start if index else 0.0)
        last = index == len(pieces) - 1
        end = caption.start + (length if last else pieces[index + 1][0].start)
        moved = tuple(
            WordTime(word.text, caption.start + word.start, caption.start + word.end) for word in piece
        )
        end = max(end, start + 0.001)
        found.append(Cue(start, end, _joined(piece), moved, caption.speaker, estimated=not caption.words))
    return tuple(found)


def _dressed(text: str, words: Sequence[WordTime]) -> tuple[WordTime, ...]:
    """The words with the punctuation around them; as they are, if they are not the text's own."""
    begins, at = list[int](), 0
    for word in words:
        found = text.find(word.text, at)
        if found < 0:
            return tuple(words)
        blank = max(text.rfind(mark, at, found) for mark in " \t\n")
        begins.append(found if blank < 0 else blank + 1)
        at = found + len(word.text)
    if not begins:
        return ()
    ends, begins[0] = [*begins[1:], len(text)], 0
    return tuple(
        WordTime(" ".join(text[begin:end].split()), word.start, word.end)
        for begin, end, word in zip(begins, ends, words, strict=True)
    )


def _joined(words: Sequence[WordTime]) -> str:
    """The words as a text: with spaces, except in scripts that have none."""
    text = ""
    for word in words:
        glued = not text or (_IS_WIDE.match(word.text) and _IS_WIDE.match(text[-1]))
        text += word.text if glued else f" {word.text}"
    return text


def _lines(text: str) -> list[str]:
    return textwrap.wrap(_plain(text), WIDTH)


VTT_HEAD = "WEBVTT\n\n"
"""How a WebVTT file begins."""


def vtt(cue: Cue) -> str:
    """One cue of WebVTT with the times of its words, to be appended to the file."""
    text, at = "", cue.start
    for word in cue.words or (WordTime(cue.text, cue.start, cue.end),):
        # Times inside a cue must grow and lie within it.
        inside = at + 0.001 <= word.start < cue.end
        mark = f"<{_time(word.start, '.')}>" if inside else ""
        glued = not text or (_IS_WIDE.match(word.text) and _IS_WIDE.match(text[-1]))
        text += ("" if glued else " ") + mark + _vtt_text(word.text)
        at = max(at, word.start)
    if cue.speaker:
        text = f"<v {_vtt_text(cue.speaker)}>{text}</v>"
    note = f"{_NOTE}\n\n" if cue.estimated and len(cue.words) > 1 else ""
    return f"{note}{timing(cue)}\n{text}\n\n"


def srt(cue: Cue, number: int) -> str:
    """One cue of SRT, to be appended to the file. number: counted from 1."""
    text = f"{cue.speaker}: {cue.text}" if cue.speaker else cue.text
    shown = "\n".join(_lines(text))
    return f"{number}\n{timing(cue).replace('.', ',')}\n{shown}\n\n"


_TIMING = re.compile(r"^(\d\d+:\d\d:\d\d[.,]\d{3} --> \d\d+:\d\d:\d\d[.,]\d{3})", re.MULTILINE)
_NOTE = "NOTE word times are estimated"


def timing(cue: Cue) -> str:
    """When it is shown, as in its file (WebVTT's): what `without` knows it by."""
    return f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}"


def timings(document: str) -> list[str]:
    """Those of all cues in a file of either kind."""
    return [found.replace(",", ".") for found in _TIMING.findall(document)]


def without(document: str, timings: Collection[str]) -> str:
    """A file of either kind without the cues at *timings*; numbers are counted anew."""
    kept: list[str] = []
    notes: list[str] = []
    number = 0
    for block in document.split("\n\n"):
        if block == _NOTE:
            notes.append(block)
            continue
        found = _TIMING.search(block)
        if found is None or found[1].replace(",", ".") not in timings:
            head, line, rest = block.partition("\n")
            counted = found is not None and head.isdecimal()
            number += counted
            kept += [*notes, f"{number}{line}{rest}" if counted else block]
        notes = []
    return "\n\n".join(kept)


def all_vtt(captions: Sequence[Caption]) -> str:
    """A whole WebVTT file."""
    return VTT_HEAD + "".join(vtt(cue) for cue in _all(captions))


def all_srt(captions: Sequence[Caption]) -> str:
    """A whole SRT file."""
    return "".join(srt(cue, number) for number, cue in enumerate(_all(captions), 1))


def _all(captions: Sequence[Caption]) -> Iterator[Cue]:
    for caption in captions:
        yield from cues(caption)


def _vtt_text(text: str) -> str:
    text = " ".join(text.split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """SRT has no escapes: what players take for a tag or an arrow is written in other characters."""
    return " ".join(text.split()).replace("-->", "→").replace("<", "‹").replace(">", "›")


def _time(seconds: float, mark: str) -> str:
    milliseconds = max(round(seconds * 1000), 0)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{mark}{milliseconds % 1000:03}"
