"""What a preset means to each engine: its voice there, its options, its pace.

A name that is no preset's is an engine's own voice and goes on as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.engines.chain import VoiceElsewhere
from ttsd.engines.speed import paced
from ttsd.logger import Logger
from ttsd.settings import EngineSettings
from ttsd.settings.voices import EngineVoice, VoiceSettings

if TYPE_CHECKING:
    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import EngineName
    from ttsd.settings import Settings

log = Logger("ttsd.speech")

NO_PRESET = VoiceSettings()


class Presets:
    """The presets of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._presets, self._engines = settings.voice, settings.engine
        for name, preset in settings.voice.items():
            slow = [
                engine
                for engine in settings.engines
                if preset.speed != 1 and self._pace(engine, preset) is None
            ]
            if slow:
                log.warning("speed_ignored", voice=name, engines=slow, reason="they have no option for it")

    def of(self, voice: str | None) -> VoiceSettings:
        """The preset of that name, or one that changes nothing."""
        return self._presets.get(voice, NO_PRESET) if voice is not None else NO_PRESET

    def cast(self, request: Request, engine: EngineName, asked: str | None) -> Request:
        """*request* as *engine* should get it. *asked*: the voice of the utterance, which the request
        has lost if the engine is to speak in its own. Raises VoiceElsewhere."""
        preset = self.of(asked)
        if preset is NO_PRESET:
            return request
        options = self._pace(engine, preset) or {}
        if request.voice is None or not preset.engines:
            return replace(request, voice=None, options=options)
        voice = preset.engines.get(engine)
        if voice is None:
            raise VoiceElsewhere(f"the voice {asked} says nothing of it", where=engine)
        mine = EngineVoice(name=voice) if isinstance(voice, str) else voice
        return replace(request, voice=mine.name, speaker=mine.speaker, options={**mine.options, **options})

    def _pace(self, engine: EngineName, preset: VoiceSettings) -> dict[str, Scalar] | None:
        if preset.speed == 1:
            return None
        voice = preset.engines.get(engine)
        own = voice.options if isinstance(voice, EngineVoice) else {}
        return paced(engine, preset.speed, {**self._engines.get(engine, EngineSettings()).options, **own})
