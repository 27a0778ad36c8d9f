"""Which voice of an engine speaks a language. Pure.

The rule of every engine: a sentence whose language is known is never read by a voice of another one. An
engine that has none for it raises UnknownVoice, which costs it no rest, and the next one is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import UnknownVoice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ttsd.model import Voice


def suited(language: str | None, default: Voice, others: Callable[[], Sequence[Voice]]) -> str:
    """The name of the voice for a text in *language*: the default one if it speaks it, or tells nothing.

    Otherwise the first of *others* (asked only then) for the same tag, or for any of the same language.
    Raises UnknownVoice.
    """
    if language is None or default.language is None or primary(language) == primary(default.language):
        return default.name
    same = [voice for voice in others() if voice.language and primary(voice.language) == primary(language)]
    if not same:
        raise UnknownVoice(
            f"has no voice for {language}", next_step=f"ttsd voices search {primary(language)}"
        )
    wanted = language.replace("_", "-").lower()
    exact = [voice for voice in same if str(voice.language).replace("_", "-").lower() == wanted]
    return (exact or same)[0].name


def primary(tag: str) -> str:
    """The language alone: pt of pt-BR, and of pt_BR."""
    return tag.replace("_", "-").split("-")[0].lower()
