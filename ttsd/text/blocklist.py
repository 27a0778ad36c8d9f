"""Words that are not spoken, however they are disguised: d4rn, d@rn, d.a.r.n, daaaarn, d*rn, dаrn (Cyrillic а).

Pure. A word counts only as a whole: a list with `ass` leaves `class` alone. Invariant: what is not on
the list is left exactly as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

BEEP = "\a"
"""Stands in a text where a beep sounds. Cleaning takes it out of what people write."""

# What looks like a Latin letter: signs and digits, Cyrillic, Greek. 1, !, |, i and l are one.
_LOOKS = (
    str.maketrans("4@3€1!|l0$5ß7+69", "aaeeiiiiosssttgg")
    | str.maketrans("аеорсухікмнтвѕјһԁԛԝ", "aeopcyxikmhtbsjhdqw")
    | str.maketrans("αερονικτυχ", "aepovikyyx")
)
_HIDDEN = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
_LETTER = rf"[\w@€!|$+*#{_HIDDEN}]"
_CANDIDATE = re.compile(
    # Single characters with the same separator between them, or a word.
    rf"(?<!{_LETTER})[\w@€$]([ ._~*-])[\w@€!|$+](?:\1[\w@€!|$+])+(?![^\W_])|{_LETTER}+(?:['’]{_LETTER}+)*+"
)
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_GENITIVE = re.compile("['’]s$")
_LONGEST_WORD = 64
"""Characters; what is longer is looked up anew each time rather than remembered."""
_NO_WORD = 2000
"""Characters; what is longer, whatever is repeated in it, is no spelling of a word."""


@frozen
class Found:
    """What a list found in a text."""

    text: str
    """With the words replaced."""
    words: tuple[str, ...]
    """As they stand in the list."""


class Blocklist:
    """A list of words, ready to be looked for."""

    def __init__(self, words: Iterable[str]) -> None:
        """*words*: a star at the end stands for any ending; blank ones are passed over."""
        self._whole: dict[str, str] = {}
        self._runs: dict[str, list[tuple[tuple[int, ...], str]]] = {}
        self._starts: dict[str, str] = {}
        for word in words:
            written = word.strip()
            folded = fold(written.removesuffix("*"))
            if not folded:
                continue
            if written.endswith("*"):
                self._starts[folded] = written
            else:
                self._whole[folded] = written
                letters, runs = _runs(folded)
                self._runs.setdefault(letters, []).append((runs, written))
        self._lengths = sorted({len(start) for start in self._starts})
        self._known = lru_cache(maxsize=4096)(self._listed)

    def __bool__(self) -> bool:
        return bool(self._whole or self._starts)

    def find(self, text: str, mask: str) -> Found:
        """Look for the words; *mask* stands for each that is found."""
        found: list[str] = []

        def replaced(match: re.Match[str]) -> str:
            written = match[0]
            listed = self._known(written) if len(written) <= _LONGEST_WORD else self._long(written)
            if listed is None:
                return written
            found.append(listed)
            return mask

        made = _CANDIDATE.sub(replaced, text)
        return Found(made, tuple(found)) if found else Found(text, ())

    def _long(self, written: str) -> str | None:
        """A word that is long by repetition, or so long that it is none."""
        shorter = _REPEATED.sub(r"\1\1\1", written)
        return self._listed(shorter) if len(shorter) <= _NO_WORD else None

    def _listed(self, written: str) -> str | None:
        """The entry that *written* is a spelling of."""
        # A ! behind a word is one; inside a word it is an i. Stars around a word are emphasis.
        bare = _GENITIVE.sub("", written.strip("*#+|_").rstrip("!")) or written
        folded = fold(bare)
        if (word := self._whole.get(folded)) is not None:
            return word
        for length in self._lengths:
            if (word := self._starts.get(folded[:length])) is not None:
                return word
        letters, runs = _runs(folded)
        for wanted, word in self._runs.get(letters, ()):
            if all(has == want or (has > want and has >= 3) for has, want in zip(runs, wanted, strict=True)):
                return word
        return self._masked(folded) if "*" in bare or "#" in bare else None

    def _masked(self, folded: str) -> str | None:
        """d*rn: a sign stands for one letter, if letters enough are left."""
        if sum(char in "*#" for char in folded) * 2 > len(folded):
            return None
        for word, listed in self._whole.items():
            if len(word) == len(folded) and all(
                a == b or a in "*#" for a, b in zip(folded, word, strict=True)
            ):
                return listed
        return None


def fold(word: str) -> str:
    """A word without its disguises; the same for all its spellings."""
    if not (word.isascii() and word.isalpha()):
        word = unicodedata.normalize("NFKD", _INVISIBLE.sub("", word))
        word = "".join(char for char in word if not unicodedata.combining(char))
        word = re.sub(r"[ ._~'’-]", "", word)
    return word.casefold().translate(_LOOKS)


def _runs(folded: str) -> tuple[str, tuple[int, ...]]:
    """Its letters without repetition, and how often each is repeated."""
    groups = [(letter, len(tuple(group))) for letter, group in groupby(folded)]
    return "".join(letter for letter, _ in groups), tuple(count for _, count in groups)
