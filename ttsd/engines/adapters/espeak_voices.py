"""Which of eSpeak's voices speaks a language: its names are tags of its own spelling. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import UnknownVoice

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHERWISE = {
    "en": "en-us",
    "fr": "fr-fr",
    "zh": "cmn",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-yue": "yue",
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "in": "id",
}
"""Tags that people and libraries use, and its own for them."""


def known_as(voice: str, names: Sequence[str], variants: Sequence[str]) -> str:
    """*voice* ("pt-BR", "en-us+f3") as the library spells it. Raises UnknownVoice."""
    base, plus, variant = voice.partition("+")
    found = _nearest(base.lower().replace("_", "-"), names)
    if found is None:
        raise UnknownVoice(f"has no voice {base}", next_step=f"it has {', '.join(names)}")
    if not plus:
        return found
    exact = next((known for known in variants if known.lower() == variant.lower()), None)
    if exact is None:
        shown = ", ".join(sorted(variants, key=str.lower))
        raise UnknownVoice(f"has no variant {variant}", next_step=f"it has {shown}")
    return f"{found}+{exact}"


def best_for(language: str | None, default: str, names: Sequence[str]) -> str | None:
    """The voice for a text in *language*: the default one if it is unknown or the same; None: there is none."""
    if language is None:
        return default
    wanted = language.lower().replace("_", "-")
    own = default.partition("+")[0]
    return default if wanted in (own, _primary(own)) else _nearest(wanted, names)


def tag_of(name: str) -> str:
    """The BCP 47 tag of a voice, spelt as usual: pt-BR, fa-Latn, en-GB-x-rp."""
    tag, mark, private = name.partition("+")[0].partition("-x-")
    first, *rest = tag.split("-")
    spelt = {2: str.upper, 4: str.title}  # a region, a script
    return "-".join([first, *(spelt.get(len(part), str)(part) for part in rest)]) + mark + private


def _nearest(wanted: str, names: Sequence[str]) -> str | None:
    """The same tag, what it is called here, the same with less said, or any of the language."""
    parts = wanted.split("-")
    for length in range(len(parts), 0, -1):
        tag = "-".join(parts[:length])
        for candidate in (tag, _OTHERWISE.get(tag)):
            if candidate in names:
                return candidate
    return next((name for name in names if _primary(name) == parts[0]), None)


def _primary(tag: str) -> str:
    return tag.partition("-")[0]
