"""Cuts a sentence that is too long for an engine where a reader would breathe. Pure."""

from __future__ import annotations

import re

_PLACES = (
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])"),
    re.compile(r"(?<=[;:—–)])\s+|(?<=[；：])"),
    re.compile(r"(?<=,)\s+|(?<=[、，])"),
    re.compile(r"\s+"),
)
"""Where to cut, the best kind first."""


def portions(text: str, longest: int) -> list[str]:
    """*text* in pieces of at most *longest* characters, none of them blank; words are cut only if one is longer.

    Each cut is the last one of the best kind that leaves a piece of more than a third of that.
    """
    found = []
    rest = text.strip()
    while len(rest) > longest:
        end = _cut(rest, longest)
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*found, rest] if rest else found


def _cut(text: str, longest: int) -> int:
    for place in _PLACES:
        ends = [match.start() for match in place.finditer(text, 0, longest + 2) if match.start() <= longest]
        if ends and ends[-1] > longest // 3:
            return ends[-1]
    return longest
