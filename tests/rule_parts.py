"""What tests of rules share: a source in one line, and what becomes of a text."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ttsd.settings import Settings, SourceSettings
from ttsd.settings.text import CleanSettings
from ttsd.text.clean import Cleaner
from ttsd.text.rules import Extras, Rules, Verdict


def rules(source: dict[str, Any] | None = None, /, extras: Extras | None = None, **top: Any) -> Rules:
    """The rules of one source. *source*: its settings; *top*: those at the top of the file."""
    settings = SourceSettings(**{"path": "chat.log", "name": "chat", **(source or {})})
    return Rules(settings, Settings(sources=(settings,), **top), extras)


def said(line: str, /, **source: Any) -> str:
    """What is said of *line*; the reason in brackets if nothing is."""
    return text_of(rules(source).apply(line))


def text_of(verdict: Verdict) -> str:
    """The same of a verdict."""
    return verdict.text if verdict.spoken else f"[{verdict.reason}]"


def cleaned(text: str, tag: str = "en-US", /, **settings: Any) -> str:
    """*text* after `[clean]`."""
    return Cleaner(CleanSettings(**settings)).clean(text, tag)


ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # lone surrogates, too
"""What JSON or a broken writer may bring."""
MESSY = st.lists(
    st.sampled_from(
        [
            *" .,;:!?-_*#`~|<>[](){}@/\\$€%&'\"+=\n\t",
            *("http://", "www.", ".com", "a@b.example.org", "```", "**", "](", "\x1b[31m", "&amp;", "<b>"),
            *("12", "3.5", "1,234", "2024-03-14", "14:30", "5 km", "$3", "1st", "0x1f", "deadbeef1", "007"),
            *(
                "😀",
                "👍🏽",
                "👨‍👩‍👧",
                "é",
                "ß",
                "你好",
                "नमस्ते",
                "שלום",
                "\u200d",
                "\u202e",
                "\ud800",
                "\ue000",
            ),
            *("hello", "Dr.", "e.g.", "z. B.", "haha", "no", "aaaa", "World", "speaker", "text"),
        ]
    ),
    max_size=30,
).map("".join)
"""Pieces of everything that the rules look for, in any order."""
TAGS = st.sampled_from(["en-US", "de", "fr", "pt-BR", "ja", "ar", "xx"])
