"""What the engines are to speak: a verdict of the rules, with its voice as each engine knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.engines.engine import Request
    from ttsd.model import EngineName
    from ttsd.speech.presets import Presets
    from ttsd.text.rules import Rules, Verdict


@frozen
class Script:
    """What the engines are to speak."""

    sentences: tuple[str, ...]
    """One at a time; a sentence that is an earcon (see `earcons`) is tones."""
    language: str | None
    """BCP 47; None: it is not known, and each engine's own counts."""
    voice: str | None
    """A preset, or a voice of an engine."""
    engine: EngineName | None
    """The engine to try before the chain."""
    adapt: Callable[[Request, EngineName], Request]
    """A sentence as this engine should get it. Raises UnknownVoice."""
    gain: float = 0.0
    """dB over the level that every voice is brought to."""


def script_of(rules: Rules, verdict: Verdict, presets: Presets, engine: EngineName | None) -> Script:
    """*verdict* is spoken. *engine*: asked for; it goes before the one that a route names."""
    preset = presets.of(verdict.voice)

    def adapt(request: Request, engine: EngineName) -> Request:
        text = rules.for_engine(request.text, verdict.language, engine)
        return presets.cast(replace(request, text=text), engine, verdict.voice)

    return Script(
        rules.sentences(verdict),
        verdict.language if verdict.sure else None,
        verdict.voice,
        engine or verdict.engine,
        adapt,
        preset.gain,
    )
