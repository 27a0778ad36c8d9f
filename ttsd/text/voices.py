"""Who speaks: routes, languages, a table of speakers, a stable choice from a pool, the source. Pure.

The first of these that has an answer: a voice asked for, a route, the voice for a language that was
detected, the speaker's own, one of the pool, the source's, the language's. What is chosen is a name: of
a preset, or of an engine's voice. A text whose own language was detected is never given to a voice that
is known to speak another one, unless somebody asked for that voice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.patterns import Pattern
from ttsd.text.language import AUTO, DEFAULT, fits, general, nearest, normal, of_voice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ttsd.model import EngineName, Priority
    from ttsd.settings import Settings
    from ttsd.settings.text import RouteSettings, SourceRules
    from ttsd.settings.voices import VoiceSettings


@frozen
class Tongue:
    """The language of a text, and how it is known."""

    tag: str
    """BCP 47."""
    detected: bool = False
    """It is the text's own, not its source's."""
    sure: bool = False
    """It was configured, detected, or told by a voice, rather than assumed."""


@frozen
class Choice:
    """What was decided about a text."""

    voice: str | None
    """A preset or an engine's voice; None: the engine's own for the language."""
    engine: EngineName | None
    priority: Priority
    because: str = "engine"
    """What decided the voice: asked, route 2, language, speaker, pool, source; engine: nothing did."""


class Casting:
    """The voices of one source."""

    def __init__(self, source: SourceRules, settings: Settings) -> None:
        """Raises PatternError."""
        name = source.name or source.path
        self._presets = settings.voice
        self._routes = tuple(
            _Route(number, route)
            for number, route in enumerate(settings.route, 1)
            if route.source in (None, name)
        )
        self._languages = {
            tag if tag == DEFAULT else normal(tag): voice for tag, voice in settings.language.items()
        }
        self._speakers = {name.strip().casefold(): voice for name, voice in source.speaker_voices.items()}
        self._pool, self._voice, self._priority = source.voice_pool, source.voice, source.priority
        decides = self._routes or self._languages or self._speakers or self._pool or source.language == AUTO
        because = "engine" if self._voice is None else "source"
        self._always = None if decides else Choice(self._voice, None, self._priority, because)

    def choose(self, text: str, speaker: str, tongue: Tongue) -> Choice:
        """*text*: as it is said. Raises PatternSlow."""
        if self._always is not None:
            return self._always
        fitting = [route for route in self._routes if route.fits(text, speaker, tongue.tag)]
        voice, because = next(self._voices_for(fitting, speaker, tongue), (None, "engine"))
        return Choice(
            voice=voice,
            engine=next((r.settings.engine for r in fitting if r.settings.engine is not None), None),
            priority=next(
                (r.settings.priority for r in fitting if r.settings.priority is not None), self._priority
            ),
            because=because,
        )

    def language_of(self, voice: str | None) -> str | None:
        """What a preset, or an engine's voice by its name, speaks; None: it does not tell."""
        return language_of(voice, self._presets)

    def _voices_for(
        self, fitting: Sequence[_Route], speaker: str, tongue: Tongue
    ) -> Iterator[tuple[str, str]]:
        """The answers there are, each with what gave it; the first counts."""
        for route in fitting:
            if route.settings.voice is not None:
                yield route.settings.voice, f"route {route.number}"
            if route.settings.pool:
                yield of_pool(speaker, route.settings.pool), f"route {route.number}"
        language = nearest(tongue.tag, self._languages)
        if tongue.detected and language is not None:
            yield language, "language"
        known = self._speakers.get(speaker.strip().casefold()) if speaker else None
        pooled = of_pool(speaker, self._pool) if self._pool and speaker else None
        for voice, because in ((known, "speaker"), (pooled, "pool"), (self._voice, "source")):
            if voice is not None and not (tongue.detected and self._is_foreign(voice, tongue)):
                yield voice, because
        if language is not None:
            yield language, "language"
        default = self._languages.get(DEFAULT)
        if default is not None and not (tongue.sure and self._is_foreign(default, tongue)):
            yield default, "language"

    def _is_foreign(self, voice: str, tongue: Tongue) -> bool:
        """Whether the voice is known to speak another language."""
        spoken = self.language_of(voice)
        return spoken is not None and general(spoken) != general(tongue.tag)


class _Route:
    """One `[[route]]`."""

    def __init__(self, number: int, settings: RouteSettings) -> None:
        """*number*: its place in the configuration, from 1."""
        self.number, self.settings = number, settings
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


def language_of(voice: str | None, presets: Mapping[str, VoiceSettings]) -> str | None:
    """What a preset, or an engine's voice by its name, speaks; None: it does not tell."""
    if voice is None:
        return None
    preset = presets.get(voice)
    if preset is None:
        return of_voice(voice)
    if preset.language is not None:
        return normal(preset.language)
    names = (one if isinstance(one, str) else one.name for one in preset.engines.values())
    return next((tag for name in names if name is not None and (tag := of_voice(name))), None)


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
