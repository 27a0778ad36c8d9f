"""What engines print may hold what they were given to speak; a log must not. Pure."""

from __future__ import annotations

RUN = 3
"""So many words of the text in a row betray it."""


def withhold(line: str, text: str) -> str:
    """*line*, or a note in its place if it repeats *text* or a part of it."""
    said, words = _words(line), _words(text)
    size = min(RUN, len(words))
    if size == 0:
        return line
    heard = f" {' '.join(said)} "
    for start in range(len(words) - size + 1):
        if f" {' '.join(words[start : start + size])} " in heard:
            return "[a line that repeats the text]"
    return line


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()
