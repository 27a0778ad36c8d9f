"""Kokoro's voices: the language that a name tells, blends of several, and the voice for a language. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ttsd.errors import UnknownVoice
from ttsd.model import Voice

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ttsd.engines.engine import Request

USUAL = "af_heart"
USUAL_LANGUAGE = "en-US"
"""What a voice whose name tells no language reads."""
LANGUAGES = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh-CN",
}
"""The first letter of a voice's name tells what it speaks."""
FIRST = {
    "en-US": "af_heart",
    "en-GB": "bf_emma",
    "es": "ef_dora",
    "fr": "ff_siwis",
    "hi": "hf_alpha",
    "it": "if_sara",
    "ja": "jf_alpha",
    "pt-BR": "pf_dora",
    "zh-CN": "zf_xiaobei",
}
"""The voice to speak a language with where none is named."""
_PART = re.compile(r"\s*([\w-]+)\s*(?::\s*(\d*\.?\d+)\s*)?")


def language_of(voice: str) -> str | None:
    """What a voice, or the heaviest of a blend, speaks; None: its name does not tell."""
    heaviest = max(_parts(voice), key=lambda part: part[1])[0] if "+" in voice or ":" in voice else voice
    return LANGUAGES.get(heaviest[:1]) if heaviest[2:3] == "_" else None


def spoken(language: str) -> str | None:
    """The language of Kokoro's that a tag means: `pt` is pt-BR, `en-AU` is en-US; None: it has none."""
    wanted = language.replace("_", "-").lower()
    known = {tag.lower(): tag for tag in LANGUAGES.values()}
    if wanted in known:
        return known[wanted]
    primary = wanted.partition("-")[0]
    return next((tag for tag in LANGUAGES.values() if tag.lower().partition("-")[0] == primary), None)


def best_for(language: str | None, default: str, names: Collection[str]) -> str | None:
    """The voice for a sentence that names none; None: none speaks its *language*."""
    if language is None:
        return default
    wanted, own = spoken(language), language_of(default)
    plain = language.partition("-")[0].partition("_")[0].lower()
    # An unknown own language is nobody's to judge; `en` is spoken by any English voice.
    if own is None or wanted == own or (language.lower() == plain == own.partition("-")[0]):
        return default
    if wanted is None:
        return None
    if FIRST[wanted] in names:
        return FIRST[wanted]
    return next((name for name in sorted(names) if language_of(name) == wanted), None)


def chosen(request: Request, default: str, names: Collection[str]) -> tuple[str, str]:
    """The voice that speaks a sentence, and the language it is read in. Raises UnknownVoice."""
    voice = request.voice or best_for(request.language, default, names)
    if voice is None:
        raise UnknownVoice(f"has no voice for the language {request.language}")
    told = spoken(request.language) if request.language else None
    return voice, told or language_of(voice) or USUAL_LANGUAGE


def default_of(configured: str | None, names: Sequence[str]) -> str:
    """The voice where none is asked for. Raises UnknownVoice."""
    default = configured or (USUAL if USUAL in names else names[0])
    blend(default, names)
    return default


def offered(default: str, names: Collection[str]) -> tuple[Voice, ...]:
    """All of them, *default* (which may be a blend) first."""
    return tuple(Voice(name, language_of(name)) for name in dict.fromkeys((default, *names)))


def blend(voice: str, names: Collection[str]) -> tuple[tuple[str, float], ...]:
    """The voices of `af_heart:0.6+af_bella:0.4` and their shares, which sum to 1. Raises UnknownVoice."""
    parts = _parts(voice)
    if unknown := [name for name, _ in parts if name not in names]:
        shown = ", ".join(sorted(names)[:12])
        raise UnknownVoice(f"has no voice {unknown[0]}", next_step=f"it has {shown} …")
    whole = sum(share for _, share in parts)
    if whole <= 0:
        raise UnknownVoice(f"the shares of {voice} are all 0")
    return tuple((name, share / whole) for name, share in parts if share > 0)


def _parts(voice: str) -> list[tuple[str, float]]:
    found = []
    for text in voice.split("+"):
        match = _PART.fullmatch(text)
        if match is None:
            raise UnknownVoice(
                f"{voice} is no voice and no blend", next_step='write it as "af_heart:0.6+af_bella:0.4"'
            )
        found.append((match[1], 1.0 if match[2] is None else float(match[2])))
    return found
