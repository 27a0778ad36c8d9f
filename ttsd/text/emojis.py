"""Emoji by their names in the language (library emoji, Unicode's own names), or left out. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ttsd.text.language import general

if TYPE_CHECKING:
    from collections.abc import Iterator

_PERHAPS = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\ufe0f\u20e3\U0001f000-\U0001faff]"
)
_SKINS = re.compile("[\U0001f3fb-\U0001f3ff]")
_LEFT_OVER = re.compile("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_PIECE = 256
"""Characters that are looked through at a time; at most twice as many, if they belong together."""
_JOINS = re.compile(
    "\u200d|.[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff\U000e0020-\U000e007f]",
    re.DOTALL,
)
"""A character that belongs to the next one."""


def with_emoji(text: str, tag: str, *, named: bool) -> str:
    """Emoji named or dropped; one that is repeated is named once."""
    if text.isascii() or _PERHAPS.search(text) is None:
        return text
    import emoji

    language = general(tag)
    if language not in emoji.LANGUAGES:
        language = "en"
    parts: list[str] = []
    at, last = 0, ""
    for begin, end, found in _found(text):
        between, at = text[at:begin], end
        name = _name(found, language) if named else ""
        if between.strip(" \u200d\ufe0f"):
            parts.append(between)
            last = ""
        if name and name != last:
            parts.append(f", {name}" if last else f" {name}")
            last = name
        parts.append(" ")
    parts.append(text[at:])
    return _LEFT_OVER.sub("", re.sub("(?<! ) +(?=,)", "", "".join(parts)))


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the emoji are, and which: piece by piece, as the library's time grows with the square of the length."""
    import emoji  # 25 ms and 8 MB: only for texts that have some

    begin = 0
    while begin < len(text):
        end = begin + _PIECE
        while end < min(len(text), begin + 2 * _PIECE) and _JOINS.match(text, end - 1):
            end += 1
        for found in emoji.emoji_list(text[begin:end]):
            yield begin + found["match_start"], begin + found["match_end"], found["emoji"]
        begin = end


@lru_cache(maxsize=256)
def _name(chars: str, language: str) -> str:
    import emoji

    plain = _SKINS.sub("", chars)
    name = emoji.demojize(plain, delimiters=("", ""), language=language)
    # Without a name in this language it comes back as it was.
    return "" if name == plain else name.replace("_", " ").replace(":", " ").strip()
