"""Language tags: BCP 47 as people write them, what fits what, and what a voice's name tells. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.settings import Settings

T = TypeVar("T")

AUTO = "auto"
"""As a source's language: each line's own, as detected."""
DEFAULT = "default"
"""The key of `[language]` for all languages that are not there."""
LAST_RESORT = "en"
"""Of the voices that ttsd installs, where nothing else tells."""

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_VOICE = re.compile(r"(?<![A-Za-z])([a-z]{2,3})_([A-Z]{2})(?=[-_])")
"""How Piper names its voices: de_DE-thorsten-medium."""
_LETTER = re.compile(r"([abefhijpz])[fm]_[a-z]+")
"""How Kokoro names its: language, sex, name; pf_dora."""
_LETTERS = {
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


def is_tag(text: str) -> bool:
    """Whether *text* can be a language tag: de, pt-BR, zh_Hant_TW."""
    return _TAG.fullmatch(text) is not None


def normal(tag: str) -> str:
    """The tag as BCP 47 writes it: pt_br -> pt-BR."""
    first, *rest = tag.replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def general(tag: str) -> str:
    """The language alone: pt-BR -> pt."""
    return tag.replace("_", "-").split("-")[0].lower()


def fits(tag: str | None, wanted: str) -> bool:
    """Whether a text in language *tag* is one in *wanted*: de-AT is de, de is not de-AT."""
    if tag is None:
        return False
    tag, wanted = tag.replace("_", "-").lower(), wanted.replace("_", "-").lower()
    return tag == wanted or tag.startswith(wanted + "-")


def ladder(tag: str) -> Iterator[str]:
    """The tag and its ever more general forms: zh-Hant-TW, zh-Hant, zh."""
    parts = normal(tag).split("-")
    for length in range(len(parts), 0, -1):
        yield "-".join(parts[:length])


def nearest(tag: str, table: Mapping[str, T]) -> T | None:
    """What *table*, by normal tags, has for the tag, the nearest more general one, or any of its language."""
    exact = next((table[step] for step in ladder(tag) if step in table), None)
    if exact is not None:
        return exact
    return next(
        (found for key, found in table.items() if key != DEFAULT and general(key) == general(tag)), None
    )


def of_voice(name: str) -> str | None:
    """The language that a voice's name or file tells; None: it does not."""
    match, letter = _VOICE.search(name), _LETTER.match(name)
    return f"{match[1]}-{match[2]}" if match else _LETTERS[letter[1]] if letter else None


def of_settings(settings: Settings) -> str | None:
    """The language that the first engine of the chain speaks; None: the configuration does not tell."""
    first = settings.engine.get(settings.engines[0]) if settings.engines else None
    return of_voice(first.voice) if first is not None and first.voice is not None else None
