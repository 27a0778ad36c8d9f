"""Text into the symbols that Kokoro was trained on (misaki's, not espeak's own), in batches it can take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.portions import portions
from ttsd.errors import EngineMissing, EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 200
"""Symbols of a batch. The model takes 510; shorter ones are heard sooner and are never late."""
LONG = 120
"""Symbols, some seven seconds, beyond which the first clause is made by itself, to be heard soon."""
_FIRST = re.compile(r".{25,100}?[,;:.!?—]\s", re.DOTALL)
_BY_ESPEAK = {
    "es": "es",
    "fr": "fr-fr",
    "hi": "hi",
    "it": "it",
    "pt-BR": "pt-br",
}
"""espeak's names of the languages; misaki turns its phonemes into the model's."""
_FLAG = re.compile(r"\((?:[a-z]{2,3}(?:-[a-z0-9]{2,8})*)\)")
"""espeak's mark of a foreign word."""
_QUOTES = str.maketrans("()", "“”")


class Symbols:
    """Pronounces; what each language needs is loaded with its first text."""

    def __init__(self) -> None:
        self._pronounce: dict[str, Any] = {}

    def of(self, text: str, language: str) -> str:
        """The symbols of *text*; *language*: one of kokoro_voices.LANGUAGES. Raises EngineMissing, EngineRefused."""
        if language not in self._pronounce:
            self._pronounce[language] = _pronouncer(language)
        try:
            found = self._pronounce[language](text)
        except (RuntimeError, ValueError, KeyError, IndexError) as error:
            raise EngineRefused(f"cannot pronounce it in {language}: {type(error).__name__}") from error
        # misaki answers with symbols and tokens, or symbols alone.
        return str(found[0] if isinstance(found, tuple) else found).strip()


@frozen
class English:
    """misaki's way with English words that it does not know, for all of them.

    Its way with those that it knows wants a model that no package has.
    """

    pronounce: Any
    text: str = ""
    """What it pronounces, as a token of misaki's."""

    def __call__(self, text: str) -> str:
        # Marks of foreign words come in parentheses: there must be no others.
        found, _ = self.pronounce(English(None, text.translate(_QUOTES)))
        return _FLAG.sub("", found or "").replace("ɹɹ", "ɹ")  # it links words: "weather is"


def _pronouncer(language: str) -> Any:
    try:
        if language == "ja":
            from misaki import ja

            return ja.JAG2P()
        if language == "zh-CN":
            from misaki import zh

            return zh.ZHG2P()
    except ImportError as error:
        extra = language.partition("-")[0]
        raise EngineMissing(
            f"cannot read {language}: the package {error.name} is missing",
            next_step=f'install "misaki[{extra}]" in its venv',
        ) from error
    if language not in _BY_ESPEAK and not language.startswith("en-"):
        raise EngineRefused(f"does not speak {language}")
    try:
        from misaki import espeak
    except ImportError as error:
        raise EngineMissing(f"misaki cannot be imported: {error}") from error
    if language.startswith("en"):
        return English(espeak.EspeakFallback(british=language == "en-GB"))
    return espeak.EspeakG2P(language=_BY_ESPEAK[language])


def batches(symbols: str, known: Collection[str]) -> list[str]:
    """What the model can take of *symbols*, cut where a reader would breathe; empty if there is no sound in it."""
    kept = "".join(symbol for symbol in symbols if symbol in known)
    first = _FIRST.match(kept) if len(kept) > LONG else None
    parts = (first[0], kept[first.end() :]) if first else (kept,)
    pieces = (piece for part in parts for piece in portions(part, LONGEST))
    return [piece for piece in pieces if any(symbol.isalpha() for symbol in piece)]


def pause_after(piece: str) -> float:
    """Seconds of silence between a batch and the next: what the model makes of it is trimmed."""
    return 0.25 if piece.endswith((".", "!", "?")) else 0.1 if piece.endswith((",", ";", ":", "—")) else 0.0
