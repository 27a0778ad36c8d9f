"""Signs that are not words: terminal sequences, control characters, box drawing, repetitions. Pure.

Every function is total, idempotent and linear in its text.
"""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)


def without_ansi(text: str) -> str:
    """Without the sequences by which programs colour a terminal."""
    return _ANSI.sub("", text) if "\x1b" in text or "\x9b" in text else text


_KEPT = frozenset("\n\t\u00a0\u202f\u200c\u200d")
"""Line ends; spaces that hold a number together; what joins letters of Persian and Indic scripts, and emoji."""
_UNREADABLE = "\ufffd"


def without_controls(text: str) -> str:
    """Without what is no character: controls (tab and line end stay), halves of pairs, what stands for bytes
    that could not be read, invisible marks. A letter and its accent are one character, as engines know it."""
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():
        text = "".join(char if char in _KEPT or char.isprintable() else _instead(char) for char in text)
    return unicodedata.normalize("NFC", text.replace(_UNREADABLE, ""))


def _instead(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Zs", "Zl", "Zp"):
        return "\n" if category != "Zs" else " "
    return " " if char in "\r\v\f\x85" else ""


_BOXES = re.compile(
    "[\u2500-\u25a9\u25ac-\u25b5\u25b7-\u25bf\u25c1-\u25fa\u25ff\u2800-\u28ff]+"  # lines, blocks, spinners
    r"|(?<!\S)[-=_*~#+|<>]{4,}(?!\S)|[-=_*~#+|]{5,}"
    r"|\[[#=>.\- ]{3,}\]"
)
_ASCII_BOXES = re.compile(r"[-=_*~#+|<>\[][-=_*~#+|<>. ]{3}")


def without_boxes(text: str) -> str:
    """Without frames, progress bars and rules of ----."""
    if text.isascii() and _ASCII_BOXES.search(text) is None:
        return text
    return _BOXES.sub(" ", text)


_THRICE = re.compile(r"(.)\1\1")
_LETTERS = re.compile(r"([^\W\d_])\1{3,}")
_SYLLABLES = re.compile(r"([^\W\d_]{2,4}?)\1{3,}")
_WORDS = re.compile(r"\b(\w{1,40}+)(?:[^\w\n]{1,3}\1\b){3,}", re.IGNORECASE)
_MARKS = re.compile(r"([,~…¡¿])\1+|\.{4,}|[!?！？]{2,}")
_TWO_MARKS = ("!!", "??", "!?", "?!", "....", ",,", "~~")
_TWO_WIDE_MARKS = re.compile("……|¡¡|¿¿|[！？]{2}")


def without_repeats(text: str) -> str:
    """noooooo -> nooo, hahahahahaha -> hahaha, !!!!! -> !, lol lol lol lol lol -> lol lol lol."""
    # The looks before each search cost a third of it: most texts repeat nothing.
    if any(two in text for two in _TWO_MARKS) or (not text.isascii() and _TWO_WIDE_MARKS.search(text)):
        text = _MARKS.sub(_mark, text)
    if _THRICE.search(text) is not None:
        text = _LETTERS.sub(r"\1\1\1", text)
    words = text.lower().split()
    for word in words:
        if len(word) > 7 and len(set(word)) * 2 <= len(word):
            text = _SYLLABLES.sub(r"\1\1\1", text)
            break
    if len(words) - len(set(words)) > 1:
        text = _WORDS.sub(r"\1 \1 \1", text)
    return text


def _mark(match: re.Match[str]) -> str:
    marks = match[0]
    if marks[0] == ".":
        return "..."
    kinds = [kind for kind in "?!？！" if kind in marks]
    return "".join(kinds) if kinds else marks[0]


_BLANKS = re.compile(r"[^\S\n]+")
_BEFORE_MARK = re.compile(r"[^\S\n]+(?=[,.;!?](?:\s|$))")
_LINE_ENDS = re.compile(r" *\n\s*")


def tidy(text: str) -> str:
    """One space between words, none at the ends nor before a mark; lines stay lines."""
    if "\n" in text:
        text = _LINE_ENDS.sub("\n", text)
        return "\n".join(filter(None, map(tidy, text.split("\n"))))
    if "  " in text or text[:1] == " " or text[-1:] == " " or not text.isprintable():
        text = " ".join(text.split())
    return (
        _BEFORE_MARK.sub("", text) if " ." in text or " ," in text or " !" in text or " ?" in text else text
    )
