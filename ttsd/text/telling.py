"""Whether a text is long enough for its language to be told, and what its script alone tells. Pure.

A greeting of two words is the same in several languages, and a wrong guess is heard; so short texts
keep the language of their source. A letter of a script that writes whole syllables says more than one of
an alphabet, and some scripts belong to one language alone.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

ENOUGH = 16
"""Letters of an alphabet from which a text's language can be told."""
WORDS = 3
"""Words of an alphabet, likewise."""
LONGEST = 400
"""Characters that are looked at; the rest says the same."""
_HEAVY = {"CJK": 4, "HIRAGANA": 4, "KATAKANA": 4, "HANGUL": 4, "THAI": 2}
"""Scripts whose letters count for more."""
_ALONE = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "THAI": "th",
    "GREEK": "el",
    "HEBREW": "he",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GUJARATI": "gu",
}
"""Scripts of one language, for this purpose."""


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0]


def tells(text: str) -> str | bool:
    """The language if the text's script alone tells it; else whether there is enough of it to ask further."""
    weight = 0
    alone: dict[str, int] = {}
    letters = 0
    for letter in text[:LONGEST]:
        if not letter.isalpha():
            continue
        letters += 1
        script = _script(letter)
        weight += _HEAVY.get(script, 1)
        if script in _ALONE:
            alone[_ALONE[script]] = alone.get(_ALONE[script], 0) + 1
    if "ja" in alone:  # with its Chinese characters
        alone["ja"] += sum(_script(letter) == "CJK" for letter in text[:LONGEST] if letter.isalpha())
    if alone:
        language, count = max(alone.items(), key=lambda item: item[1])
        if count >= 2 and 2 * count > letters:
            return language
    heavy = weight > letters
    return weight >= ENOUGH and (heavy or len(text.split()) >= WORDS)
