"""What XTTS can be given: its languages, and how much text of each at a time. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines.adapters.portions import portions
from ttsd.errors import EngineRefused, UnknownVoice

if TYPE_CHECKING:
    from collections.abc import Collection

LIMITS = {
    "en": 250,
    "de": 253,
    "fr": 273,
    "es": 239,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "zh-cn": 82,
    "ar": 166,
    "cs": 186,
    "ru": 182,
    "nl": 251,
    "tr": 226,
    "ja": 71,
    "hu": 224,
    "ko": 95,
    "hi": 150,
}
"""Characters beyond which it begins to leave out words."""
UNKNOWN_LIMIT = 150
"""The same for a language that somebody taught it."""


def code(tag: str, known: Collection[str]) -> str:
    """Its own name of a language: `pt` for pt-BR, `zh-cn` for zh-TW. Raises EngineRefused."""
    wanted = tag.replace("_", "-").lower()
    primary = wanted.partition("-")[0]
    for candidate in (wanted, primary, *(["zh-cn"] if primary == "zh" else [])):
        if candidate in known:
            return candidate
    raise UnknownVoice(f"does not speak {tag}", next_step=f"it speaks {', '.join(known)}")


def pieces(text: str, language: str) -> list[str]:
    """*text* as it takes it, in parts; at least one of them has a letter or digit. Raises EngineRefused.

    It makes sounds of what has neither: that must not reach it.
    """
    found = portions(text, LIMITS.get(language, UNKNOWN_LIMIT))
    kept = [piece for piece in found if any(character.isalnum() for character in piece)]
    if not kept:
        raise EngineRefused("there is nothing to speak in the text")
    return kept
