"""Addresses, hashes and long digit runs: words for machines, said as one word for people. Pure.

Every function is total and linear in its text: a pattern begins only where a token begins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DOMAINS = (
    # Not me, be, it, no, at, in, us: there it is a full stop without its space.
    "com|org|net|edu|gov|info|io|dev|app|gg|tv|ly|co|ai|eu|uk|de|fr|es|nl|pl|pt|br|ru|ua|cz|se"
    "|fi|dk|ch|jp|kr|cn|au|ca|xyz|online|site|shop|gl"
)
_URL = re.compile(
    # With a scheme or www, with a path, or ending as domains do.
    r"(?<![\w@.-])(?:(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"]++"
    r"|(?:[a-z0-9][a-z0-9-]{0,62}\.){1,8}[a-z]{2,24}(?::\d{1,5})?/[^\s<>\"]*+"
    rf"|(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,8}}(?:{_DOMAINS})\b(?![\w.@-]*[\w@]))",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?…'\")]}>»”’*_~`"
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(?:www\.)?([^/:?#\s]+)", re.IGNORECASE)
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b(?![\w.-]*@)", re.IGNORECASE
)


_DOT = re.compile(r"\.[A-Za-z0-9]")


def with_urls(text: str, say: Callable[[str], str]) -> str:
    """Each address replaced by what *say* makes of its host."""
    if "://" not in text and _DOT.search(text) is None:
        return text

    def replaced(match: re.Match[str]) -> str:
        url = match[0].rstrip(_TRAILING)
        if url.count("(") > url.count(")") and match[0][len(url) :].startswith(")"):
            url += ")"  # a bracket of the address itself: …/Rust_(language)
        host = _HOST.match(url)
        return say(host[1] if host else url) + match[0][len(url) :]

    return _URL.sub(replaced, text)


def with_emails(text: str, say: Callable[[str], str]) -> str:
    """Each e-mail address replaced by what *say* makes of it."""
    return _EMAIL.sub(lambda match: say(match[0]), text)


_ID = re.compile(
    r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # UUID
    r"|(?:sha\d{1,3}|md5)[:-][0-9a-z+/=]{16,}"
    r"|0x[0-9a-f]{6,}"
    r"|(?=[0-9a-f]{0,40}?[0-9])(?=[0-9a-f]{0,40}?[a-f])(?=(?:[0-9a-f]{0,20}?[0-9]){2})[0-9a-f]{7,128}+)\b",
    re.IGNORECASE,
)
_BLOB = re.compile(
    r"(?<![\w+/=-])(?=[\w+/-]*?[0-9])(?=[\w+/-]*?[A-Z])(?=[\w+/-]*?[a-z])[A-Za-z0-9+/_-]{32,}+=*"
)
_DIGIT = re.compile(r"\d")


def with_ids(text: str, say: str) -> str:
    """Hashes, UUIDs and other long strings for machines replaced by *say*."""
    if _DIGIT.search(text) is None:
        return text
    return _BLOB.sub(say, _ID.sub(say, text))


_DIGITS = re.compile(r"(?<![\w.,])\+\d(?:[ ()./-]{0,2}\d){6,14}(?![\w.,/-]*\d)|(?<!\d)\d{4,}+")


def with_long_digits(text: str, longest: int, say: Callable[[str], str]) -> str:
    """Runs of *longest* digits or more, and telephone numbers with a +, replaced by what *say* makes of them."""

    def replaced(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return say(digits) if match[0][0] == "+" or len(digits) >= longest else match[0]

    return _DIGITS.sub(replaced, text)


def spelt(digits: str) -> str:
    """Digit by digit."""
    return " ".join(digits)
