"""When each word of a text sounds, from the lengths that a Piper voice gives its phonemes. Pure.

espeak speaks "of the" as one word and "123" as four, so the text's words are laid beside the spoken
ones in order, at the least cost: lengths should agree, words should begin alike, and a comma should
meet a comma. Where one spoken word stands for several of the text, they share its time by their letters.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.model import WordTime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARKS = frozenset("ˈˌːˑ ̩̯̃͡‍")
"""Phonemes that take no time of their own."""
_STOPS = frozenset(".,;:!?")
_DIGIT = 4.0
"""A digit sounds as long as so many letters."""
_STEPS = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (1, 6))
"""So many words of the text for so many spoken ones."""
_DETOUR = 1.5
"""Cost of a step that is not one for one."""
_STRANGE = 1.5
"""Cost of words that begin differently."""
_VAGUE = 0.3
"""Weight of the length where digits are spoken: nobody knows how."""
_PAUSE = 3.0
"""Cost of a comma that meets none."""
_BAND = 6
"""Words that one side may be ahead of the other, beside the difference in their numbers."""
_MOST = 80
"""Words that are aligned with care; it takes milliseconds before the first sound."""
_ALIKE = {
    letter: letters[0]
    for letters in ("pb", "fv", "tdθðɾ", "kgcqxɡ", "szʃʒ", "mnŋ", "lrɹɻɾ", "h", "aeiouywjɛɑɔʌɪɐᵻəæʊɜɚøyœɒ")
    for letter in letters
}
"""Letters and phonemes by what they sound like, roughly."""


@frozen
class Spoken:
    """A word as it is spoken: phonemes *first* to *last* (exclusive) of a sentence."""

    sentence: int
    first: int
    last: int
    size: float
    """Phonemes that take time."""
    stop: bool
    """A pause follows."""
    begins: str | None
    """What it begins like; None: nobody knows."""


@frozen
class Match:
    """A word of the text, and the spoken words that it shares."""

    text: str
    spoken: tuple[Spoken, ...]
    begin: float
    """Share of their time at which it begins, 0 to 1."""
    end: float
    """Share at which it ends."""


def spans(
    phonemes: Sequence[str], ids: Mapping[str, Sequence[int]], frames: Sequence[float]
) -> list[tuple[float, float]] | None:
    """Begin and end of each phoneme, in frames; None if *frames* are not those of its ids.

    *ids*: the voice's map; *frames*: lengths of: begin, pad, (phoneme, pad)…, end.
    """
    pad = len(ids.get("_", ()))
    at = len(ids.get("^", ())) + pad
    time = sum(frames[:at])
    found = []
    for phoneme in phonemes:
        width = len(ids[phoneme]) + pad if phoneme in ids else 0
        length = sum(frames[at : at + width])
        found.append((time, time + length))
        at += width
        time += length
    return found if at + len(ids.get("$", ())) == len(frames) else None


def align(text: str, sentences: Sequence[Sequence[str]]) -> list[Match]:
    """Lay the words of *text* beside those spoken in its *sentences* of phonemes."""
    words = [word for word in text.split() if any(c.isalnum() for c in word)]
    spoken = [one for i, sentence in enumerate(sentences) for one in _spoken(i, sentence)]
    if not words or not spoken:
        return []
    if len(words) == len(spoken) or len(words) > _MOST:
        slope = len(spoken) / len(words)
        return [Match(word, (spoken[int(i * slope)],), 0.0, 1.0) for i, word in enumerate(words)]
    matches = []
    i = j = 0
    for some, ones in _path(words, spoken):
        sizes = [_letters(word) for word in words[i : i + some]]
        whole, at = sum(sizes), 0.0
        for word, size in zip(words[i : i + some], sizes, strict=True):
            matches.append(Match(word, tuple(spoken[j : j + ones]), at / whole, (at + size) / whole))
            at += size
        i, j = i + some, j + ones
    return matches


def times(
    matches: Sequence[Match], sentence: int, found: Sequence[tuple[float, float]], frame: float, offset: float
) -> tuple[WordTime, ...]:
    """The words that sound in *sentence*. *found*: see `spans`; *frame*, *offset*: seconds."""
    words = []
    for match in matches:
        here = [one for one in match.spoken if one.sentence == sentence]
        if not here or match.spoken[0].sentence != sentence:
            continue
        begin, end = found[here[0].first][0] * frame, found[here[-1].last - 1][1] * frame
        length = end - begin
        words.append(
            WordTime(match.text, offset + begin + match.begin * length, offset + begin + match.end * length)
        )
    return tuple(words)


def _spoken(sentence: int, phonemes: Sequence[str]) -> list[Spoken]:
    found = []
    first = 0
    for at, phoneme in enumerate([*phonemes, " "]):
        if phoneme != " ":
            continue
        last = at
        while last > first and phonemes[last - 1] in _STOPS:
            last -= 1
        if timed := [p for p in phonemes[first:last] if p not in _MARKS]:
            found.append(Spoken(sentence, first, last, len(timed), last < at, _ALIKE.get(timed[0])))
        first = at + 1
    return found


def _letters(word: str) -> float:
    return sum(_DIGIT if c.isdigit() else 1.0 for c in word if c.isalnum())


def _path(words: Sequence[str], spoken: Sequence[Spoken]) -> list[tuple[int, int]]:
    """The cheapest way through both, as steps of so many words for so many spoken ones."""
    letters = [_letters(word) for word in words]
    stops = [word.rstrip("\"')]}»”’")[-1:] in _STOPS for word in words]
    begins = [_ALIKE.get(next(c for c in word.lower() if c.isalnum())) for word in words]
    vague = [any(c.isdigit() for c in word) for word in words]
    scale = sum(one.size for one in spoken) / sum(letters)
    band = abs(len(words) - len(spoken)) + _BAND
    slope = len(spoken) / len(words)
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(len(words)):
        middle = round(i * slope)
        for j in range(max(0, middle - band), min(len(spoken), middle + band + 1)):
            so_far = best.get((i, j), (inf, (0, 0)))[0]
            if so_far == inf:
                continue
            for some, ones in _STEPS:
                to = (i + some, j + ones)
                if to[0] > len(words) or to[1] > len(spoken):
                    continue
                length = sum(letters[i : to[0]]) * scale - sum(one.size for one in spoken[j : to[1]])
                if any(vague[i : to[0]]):
                    cost = so_far + abs(length) * _VAGUE
                else:
                    cost = so_far + abs(length) + (_DETOUR if some != ones else 0.0)
                if begins[i] and spoken[j].begins not in (None, begins[i]):
                    cost += _STRANGE
                if stops[to[0] - 1] != spoken[to[1] - 1].stop:
                    cost += _PAUSE
                if cost < best.get(to, (inf, (0, 0)))[0]:
                    best[to] = (cost, (some, ones))
    at = (len(words), len(spoken))
    steps = []
    while at != (0, 0):
        if at not in best:  # nothing as it should be: share all of it
            return [(len(words), len(spoken))]
        step = best[at][1]
        steps.append(step)
        at = (at[0] - step[0], at[1] - step[1])
    return steps[::-1]
