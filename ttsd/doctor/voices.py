"""Probes of voices: is what the configuration names here, and can languages be told?"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.config.voice_problems import named
from ttsd.doctor import conversions
from ttsd.doctor.check import Check
from ttsd.engines import catalog, voices
from ttsd.engines.voice_names import may_have
from ttsd.settings.voices import EngineVoice
from ttsd.speakers import NAME, Speakers
from ttsd.speech.detect import INSTALL, LIBRARY
from ttsd.text.language import AUTO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.settings import Settings

PIPER = "piper"


def asked_for(settings: Settings) -> Iterator[Check]:
    """Voices and recordings that are not here; a line in all if nothing is missing."""
    base = settings.path.parent if settings.path is not None else paths.default_config_path().parent
    missing = {**_voices(settings, base), **_recordings(settings, base)}
    for what, next_step in missing.items():
        yield Check("voices", "warn", f"{what} is not here; other voices speak instead", next_step)
    if not missing and settings.voice:
        yield Check("voices", "ok", f"presets: {', '.join(settings.voice)}")
    yield from conversions.asked_for(settings, base)
    if any(source.language == AUTO for source in settings.sources):
        there = importlib.util.find_spec(LIBRARY) is not None
        found = f"told by {LIBRARY}" if there else "cannot be told: lines have that of their source"
        yield Check("languages", "ok" if there else "warn", found, None if there else INSTALL)


def _voices(settings: Settings, base: Path) -> dict[str, str]:
    """Piper's voices that are named and not here, each with the command that brings it."""
    if PIPER not in settings.engines:
        return {}
    here = {file.name for file in voices.listed(base, paths.default_data_dir())}
    wanted = [
        voice.name
        for preset in settings.voice.values()
        for engine, voice in preset.engines.items()
        if engine == PIPER and isinstance(voice, EngineVoice) and voice.name
    ]
    # A name that another engine may have, too, is that one's matter.
    others = [engine for engine in settings.engines if engine != PIPER]
    wanted += [
        name
        for _, name in named(settings)
        if name not in settings.voice and not any(may_have(engine, name) for engine in others)
    ]
    absent = dict.fromkeys(name for name in wanted if name not in here and "/" not in name)
    return {f"the voice {name}": f"ttsd voices add {name}" for name in absent}


def _recordings(settings: Settings, base: Path) -> dict[str, str]:
    """Recordings to clone from, likewise."""
    here = {one.name for data in (paths.default_data_dir(), base) for one in Speakers(data).listed()}
    given = [
        str(options.get("speaker_wav", ""))
        for options in (
            *(one.options for name, one in settings.engine.items() if catalog.find(name)),
            *(
                voice.options
                for preset in settings.voice.values()
                for voice in preset.engines.values()
                if isinstance(voice, EngineVoice)
            ),
        )
    ]
    absent = [name for name in given if name and name not in here and not (base / name).is_file()]
    return {f"the recording {name}": _bring(name) for name in dict.fromkeys(absent)}


def _bring(name: str) -> str:
    return f"ttsd speakers add FILE --name {name}" if NAME.fullmatch(name) else "put it there"
