"""Who speaks: routes, a table of speakers, a stable choice from a pool, languages. Pure.

The first of these that has an answer: a voice asked for, a route, the voice for a language that was
detected, the speaker's own, one of the pool, the source's, the language's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ttsd.patterns import Pattern
from ttsd.text.language import DEFAULT, fits, nearest, normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttsd.model import EngineName, Priority
    from ttsd.settings.text import RouteSettings, SourceRules


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided about a text."""

    voice: str | None
    engine: EngineName | None
    priority: Priority


class Casting:
    """The voices of one source."""

    def __init__(
        self, settings: SourceRules, routes: Sequence[RouteSettings], languages: Mapping[str, str]
    ) -> None:
        """*languages*: `[language]`. Raises PatternError."""
        name = settings.name or settings.path
        self._routes = tuple(_Route(route) for route in routes if route.source in (None, name))
        self._languages = {tag if tag == DEFAULT else normal(tag): voice for tag, voice in languages.items()}
        self._speakers = {name.strip().casefold(): voice for name, voice in settings.speaker_voices.items()}
        self._pool, self._voice, self._priority = settings.voice_pool, settings.voice, settings.priority
        decides = self._routes or self._languages or self._speakers or self._pool
        self._always = None if decides else Choice(self._voice, None, self._priority)

    def choose(self, text: str, speaker: str, tag: str, *, detected: bool) -> Choice:
        """*tag*: the text's language; *detected*: it is its own, not the source's. Raises PatternSlow."""
        if self._always is not None:
            return self._always
        fitting = [route for route in self._routes if route.fits(text, speaker, tag)]
        return Choice(
            voice=self._voice_for(fitting, speaker, tag, detected),
            engine=next((r.settings.engine for r in fitting if r.settings.engine is not None), None),
            priority=next(
                (r.settings.priority for r in fitting if r.settings.priority is not None), self._priority
            ),
        )

    def _voice_for(self, fitting: Sequence[_Route], speaker: str, tag: str, detected: bool) -> str | None:
        for route in fitting:
            if route.settings.voice is not None:
                return route.settings.voice
            if route.settings.pool:
                return of_pool(speaker, route.settings.pool)
        language = nearest(tag, self._languages)
        if detected and language is not None:
            return language
        own = self._speakers.get(speaker.strip().casefold()) if speaker else None
        if own is not None:
            return own
        if self._pool and speaker:
            return of_pool(speaker, self._pool)
        return self._voice or language or self._languages.get(DEFAULT)


class _Route:
    """One `[[route]]`."""

    def __init__(self, settings: RouteSettings) -> None:
        self.settings = settings
        self._speaker = settings.speaker.strip().casefold() if settings.speaker is not None else None
        self._match = Pattern(settings.match) if settings.match is not None else None

    def fits(self, text: str, speaker: str, tag: str) -> bool:
        settings = self.settings
        return (
            len(text) >= settings.min_chars
            and (settings.max_chars is None or len(text) <= settings.max_chars)
            and (self._speaker is None or speaker.strip().casefold() == self._speaker)
            and (settings.language is None or fits(tag, settings.language))
            and (self._match is None or self._match.found(text))
        )


@lru_cache(maxsize=1024)
def _choice(speaker: str, pool: tuple[str, ...]) -> str:
    from hashlib import blake2b  # OpenSSL comes with it: 5 ms

    def weight(voice: str) -> bytes:
        return blake2b(f"{speaker}\0{voice}".encode("utf-8", "replace"), digest_size=8).digest()

    return max(pool, key=weight)


def of_pool(speaker: str, pool: tuple[str, ...]) -> str:
    """The voice of *speaker*: always the same, also after a restart, and when the pool's order changes.

    A voice that is added takes over only some speakers, the others keep theirs (highest random weight).
    """
    return _choice(speaker.strip().casefold()[:200], pool)
