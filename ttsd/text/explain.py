"""What would be said of lines, and why: the rules as `ttsd explain` shows them. Pure, no daemon.

All lines are taken as coming at once: a text that `duplicates` keeps back is shown as such, however far
apart its lines were. Limits are not applied: they depend on the time between the lines alone.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.model import Priority
from ttsd.settings import SourceSettings
from ttsd.text.cut import seconds
from ttsd.text.repeats import Repeats
from ttsd.text.rules import Rules, directly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttsd.model import EngineName
    from ttsd.settings import Settings
    from ttsd.settings.voices import EngineVoice
    from ttsd.text.rules import Extras


@frozen
class ExplainedStep:
    """A step that changed the text."""

    step: str
    """parse, blocklist, template, a setting of `[clean]`, pronounce or cut."""
    text: str
    """The text behind it."""


@frozen
class Explained:
    """One line, and what becomes of it. Its names are the keys of `--json`."""

    line: str
    source: str | None
    """The source that the file belongs to; None: none, the line is cleaned and spoken whole."""
    spoken: bool
    reason: str | None
    """The rule that keeps it back; None: it is spoken."""
    text: str
    """What is said; `\\a` is a beep."""
    steps: tuple[ExplainedStep, ...] = ()
    sentences: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    speaker: str | None = None
    voice: str | None = None
    """The voice or preset; None: the engine's own."""
    because: str = "engine"
    """What decided the voice: route 2, language, speaker, pool, source; engine: nothing did."""
    voices: Mapping[EngineName, str | None] = field(default_factory=dict)
    """A preset's voice in each engine of the chain; None: that engine's own for the language."""
    engine: EngineName | None = None
    """The engine to try before the chain."""
    priority: Priority = Priority.NORMAL
    language: str = ""
    key: str | None = None
    seconds: float = 0.0
    """How long it takes to say, by estimate."""
    trouble: str | None = None
    """What the log would tell about it."""


def explain(
    settings: Settings, source: SourceSettings | None, lines: Iterable[str], extras: Extras | None = None
) -> list[Explained]:
    """What becomes of each of *lines* of *source*; None: of a text said directly. Raises PatternError."""
    rules = Rules(source or directly(extras), settings, extras)
    window = source.duplicates if source is not None else None
    repeats = Repeats()
    found = []
    for line in lines:
        verdict = rules.apply(line, trace=True)
        reason, text = verdict.reason, verdict.text
        if reason is None and window is not None and repeats.again(text, window, 0.0):
            reason, text = "duplicates: said before", ""
        found.append(
            Explained(
                line=line,
                source=rules.name if source is not None else None,
                spoken=reason is None,
                reason=reason,
                text=text,
                steps=tuple(ExplainedStep(name, after) for name, after in verdict.steps),
                sentences=rules.sentences(verdict) if reason is None else (),
                fields=verdict.fields,
                speaker=verdict.speaker or None,
                voice=verdict.voice,
                because=verdict.because,
                voices=in_engines(verdict.voice, settings),
                engine=verdict.engine,
                priority=verdict.priority,
                language=verdict.language,
                key=verdict.key,
                seconds=seconds(text),
                trouble=verdict.trouble,
            )
        )
    return found


def in_engines(voice: str | None, settings: Settings) -> dict[EngineName, str | None]:
    """What a preset is in each engine of the chain; empty for what is no preset."""
    preset = settings.voice.get(voice) if voice is not None else None
    if preset is None:
        return {}
    return {
        engine: None if engine not in preset.engines else shown(preset.engines[engine])
        for engine in settings.engines
    }


def shown(voice: str | EngineVoice) -> str:
    """A preset's voice in one engine, in a word: its name, its speaker, or what it was cloned from."""
    if isinstance(voice, str):
        return voice
    told = (voice.name, voice.speaker, voice.options.get("speaker_wav"))
    return " / ".join(str(one) for one in told if one is not None) or "its own"
