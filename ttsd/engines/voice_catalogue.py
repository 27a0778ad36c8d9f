"""Piper's catalogue of voices: what `voices.json` says, read and searched. Pure.

What does not look like a voice is left out, never guessed at: names become file names here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ttsd.engines.fetch import FetchError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}")
_PATH = re.compile(r"([\w.+-]+/)*[\w.+-]+")
_DIGEST = {"sha256_digest": re.compile("[0-9a-f]{64}"), "md5_digest": re.compile("[0-9a-f]{32}")}
_LICENCE = re.compile(r"^\W*licen[sc]e\W*:\s*(?P<licence>.+?)\s*$", re.IGNORECASE | re.MULTILINE)
MOST = 20_000
"""Voices of a catalogue that are read."""


@frozen
class CatalogueFile:
    """One file of a voice."""

    path: str
    """Relative to the catalogue."""
    size: int
    """Bytes."""
    checksum: str
    """`sha256:…` or `md5:…`."""

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition("/")[2]


@frozen
class CatalogueVoice:
    """A voice that can be had."""

    name: str
    language: str
    """BCP 47."""
    language_name: str
    """In English, with the country: Portuguese (Brazil)."""
    quality: str
    speakers: int
    model: CatalogueFile
    config: CatalogueFile
    card: CatalogueFile | None
    words: tuple[str, ...]
    """Everything it can be found by, in small letters."""

    @property
    def size(self) -> int:
        """Bytes, all together."""
        return sum(file.size for file in (self.model, self.config, self.card) if file is not None)


def parse(data: bytes, where: str) -> tuple[CatalogueVoice, ...]:
    """The catalogue's voices, by name. Raises FetchError for what is no catalogue."""
    try:
        entries = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"is no catalogue of voices: {error}"[:200], where=where) from None
    if not isinstance(entries, dict):
        raise FetchError("is no catalogue of voices", where=where)
    found = (_voice(key, entry) for key, entry in list(entries.items())[:MOST])
    return tuple(sorted((voice for voice in found if voice is not None), key=lambda voice: voice.name))


def search(voices: Iterable[CatalogueVoice], text: str) -> tuple[CatalogueVoice, ...]:
    """Those in which every word of *text* is found: a language, a country, a name, a quality."""
    wanted = text.lower().replace("-", "_").split()
    return tuple(v for v in voices if all(any(word in have for have in v.words) for word in wanted))


def licence_of(card: str) -> str | None:
    """What a model card says of its licence; None: nothing."""
    found = _LICENCE.search(card)
    return found["licence"][:200] if found else None


def _voice(key: object, entry: Any) -> CatalogueVoice | None:
    try:
        language, files = entry["language"], dict(_files(entry["files"]))
        names = {file.name: file for file in files.values()}
        code = str(language["code"])
        english, country = str(language.get("name_english", "")), str(language.get("country_english", ""))
        spoken = (
            code,
            str(language.get("family", "")),
            str(language.get("name_native", "")),
            english,
            country,
        )
        aliases = tuple(str(alias) for alias in entry.get("aliases") or ())
        if NAME.fullmatch(str(key)) is None:
            return None
        return CatalogueVoice(
            name=str(key),
            language=code.replace("_", "-"),
            language_name=f"{english} ({country})" if country else english or code,
            quality=str(entry.get("quality", "")),
            speakers=int(entry.get("num_speakers", 1)),
            model=names[f"{key}.onnx"],
            config=names[f"{key}.onnx.json"],
            card=names.get("MODEL_CARD"),
            words=tuple(
                word.lower().replace("-", "_")
                for word in (str(key), str(entry.get("quality", "")), *spoken, *aliases)
                if word
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _files(files: Mapping[str, Any]) -> Iterator[tuple[str, CatalogueFile]]:
    for path, told in files.items():
        size = told["size_bytes"]
        digests = ((kind, str(told.get(f"{kind}_digest", "")).lower()) for kind in ("sha256", "md5"))
        checksum = next((f"{k}:{d}" for k, d in digests if _DIGEST[f"{k}_digest"].fullmatch(d)), None)
        whole = isinstance(size, int) and 0 < size < 1 << 33 and checksum is not None
        if whole and _PATH.fullmatch(path) and ".." not in path.split("/"):
            assert checksum is not None
            yield path, CatalogueFile(path, size, checksum)
