"""What is wrong with presets, and with the names of voices wherever the configuration has one.

A voice that no engine of the chain can have is a mistake. One that is merely not installed here is none:
like an engine that is not installed it is passed over, and reported when it is asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.config.engine_names import proper
from ttsd.engines import catalog, voices
from ttsd.engines.voice_names import may_have
from ttsd.schema import fields_of
from ttsd.settings.voices import COMMAND, ConvertSettings, EngineVoice, VoiceSettings
from ttsd.shapes import Problem, did_you_mean
from ttsd.text.language import is_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ttsd.model import EngineName
    from ttsd.settings import Settings
    from ttsd.shapes import Where

_OF_COMMANDS = ("command", "format", "rate")
_NAME = re.compile(r"\S(.{0,62}\S)?")


def problems(settings: Settings, folder: Path) -> Iterator[Problem]:
    """All of them. *folder*: the configuration's."""
    if not settings.voice and not settings.route and not any(named(settings)):
        return
    here = [file.name for file in voices.listed(folder, paths.default_data_dir())]
    for name, preset in settings.voice.items():
        for where, text in _of_preset(name, preset, settings, here):
            yield Problem(("voice", name, *where), text)
    for index, route in enumerate(settings.route):
        if route.engine is not None and route.engine not in settings.engines:
            known = ", ".join(settings.engines)
            hint = did_you_mean(route.engine, settings.engines)
            yield Problem(("route", index, "engine"), f'"{route.engine}" is not in the chain ({known}){hint}')
    for where, name in named(settings):
        problem = _unknown(name, settings, here)
        if problem is not None:
            yield Problem(where, problem)


def canonical(settings: Settings, folder: Path) -> Mapping[str, VoiceSettings]:
    """The presets with every engine under its own name, every voice a table, and
    every program to be run in *folder*."""

    def table(voice: str | EngineVoice) -> EngineVoice:
        return EngineVoice(name=voice) if isinstance(voice, str) else voice

    return {
        name: replace(
            preset,
            engines={proper(e, settings): table(voice) for e, voice in preset.engines.items()},
            convert=preset.convert and replace(preset.convert, folder=folder.absolute()),
        )
        for name, preset in settings.voice.items()
    }


def _of_preset(
    name: str, preset: VoiceSettings, settings: Settings, here: Sequence[str]
) -> Iterator[tuple[Where, str]]:
    if _NAME.fullmatch(name) is None:
        yield (), "a name has 64 characters at most, and no blanks at its ends"
    if preset.language is not None and not is_tag(preset.language):
        yield ("language",), f'"{preset.language}" is no language such as de or pt-BR'
    for engine, voice in preset.engines.items():
        entry = catalog.find(engine)
        configured = settings.engine.get(engine)
        if entry is None and (configured is None or configured.uri is None):
            known = ["language", "speed", "gain", "convert", *catalog.names(), *settings.engine]
            yield (engine,), f"is no setting of a voice, and no engine{did_you_mean(engine, known)}"
            continue
        given = EngineVoice(name=voice) if isinstance(voice, str) else voice
        for key, value in given.options.items():
            for text in catalog.option_problems(engine, {key: value}):
                yield (engine, key), text
        if given.name is not None and not _may_have(engine, given.name, here):
            yield (engine,), f'{engine} has no voice "{given.name}"{did_you_mean(given.name, here)}'
    if preset.convert is not None:
        for key, text in _of_converter(preset.convert):
            yield ("convert", key), text


def _of_converter(convert: ConvertSettings) -> Iterator[tuple[str, str]]:
    if convert.type == COMMAND:
        if not convert.command:
            yield "command", "names no program"
        known = [field.name for field in fields_of(ConvertSettings) if not field.rest]
        for key in convert.options:
            yield key, f"is not known here{did_you_mean(key, known)}"
        return
    for field in fields_of(ConvertSettings):
        if field.name in _OF_COMMANDS and getattr(convert, field.attribute) != field.default:
            yield field.name, f'is for type = "{COMMAND}" alone, not for {convert.type}'
    for key, value in convert.options.items():
        for text in catalog.option_problems(convert.type, {key: value}):
            yield key, text


def named(settings: Settings) -> Iterator[tuple[Where, str]]:
    """Every place of the configuration where a voice is named."""
    for index, source in enumerate(settings.sources):
        if source.voice is not None:
            yield ("sources", index, "voice"), source.voice
        for speaker, voice in source.speaker_voices.items():
            yield ("sources", index, "speaker_voices", speaker), voice
        for place, voice in enumerate(source.voice_pool):
            yield ("sources", index, "voice_pool", place), voice
    for index, route in enumerate(settings.route):
        if route.voice is not None:
            yield ("route", index, "voice"), route.voice
        for place, voice in enumerate(route.pool):
            yield ("route", index, "pool", place), voice
    for tag, voice in settings.language.items():
        yield ("language", tag), voice


def _may_have(engine: EngineName, name: str, here: Sequence[str]) -> bool:
    entry = catalog.find(engine)
    return may_have(engine, name) or (entry is not None and entry.name == "piper" and name in here)


def _unknown(name: str, settings: Settings, here: Sequence[str]) -> str | None:
    """Why no engine of the chain can have the voice; None: one may. *here*: Piper's voices."""
    chain = ", ".join(settings.engines)
    preset = settings.voice.get(name)
    if preset is not None:
        mine = canonical(settings, Path())[name].engines
        if not mine or any(engine in mine for engine in settings.engines):
            return None
        return f'the voice "{name}" has no engine of the chain ({chain}); it has {", ".join(mine)}'
    if any(_may_have(engine, name, here) for engine in settings.engines):
        return None
    hint = did_you_mean(name, [*settings.voice, *here])
    return f'no engine of the chain ({chain}) has a voice "{name}", and there is no [voice.{name}]{hint}'
