"""What can be configured about voices: presets, converters, the catalogue. Pure data.

A preset is a voice of yours: its name stands wherever a voice can be named, and it says which voice of
each engine that is, so that the chain may change and the name stays.
"""

from __future__ import annotations

from collections.abc import Mapping  # at run time too: `schema.py` reads the annotations
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from ttsd.frozen import frozen
from ttsd.model import EngineName
from ttsd.settings.marks import Duration, Help, Hidden, Range, Rest

UPSTREAM = "https://huggingface.co/rhasspy/piper-voices/resolve/main/voices.json"
"""Piper's catalogue, as its authors publish it."""
COMMAND, SOVITS = "command", "sovits"
"""Kinds of converters: a program of the user's, and so-vits-svc."""


@frozen(kw_only=True)
class EngineVoice:
    """A preset's voice in one engine; a text alone is its name."""

    name: Annotated[
        str | None, Range(1, 1000), Help("Its name in this engine; default: the engine's own.")
    ] = None
    speaker: Annotated[str | None, Range(1, 200), Help("The speaker within it.")] = None
    options: Annotated[Mapping[str, str | int | float | bool], Rest()] = field(default_factory=dict)
    """The engine's own options that differ for this voice: speaker_wav, temperature, …"""


@frozen(kw_only=True)
class ConvertSettings:
    """`[voice.NAME.convert]`: what makes another voice of what the engine said."""

    type: Annotated[
        Literal["command", "sovits"],
        Help("command: a program of yours; sovits: so-vits-svc (`ttsd engine install sovits`)."),
    ] = "command"
    command: Annotated[
        tuple[str, ...],
        Help("The program and its arguments; it reads sound from stdin and writes it to stdout."),
    ] = ()
    format: Annotated[
        Literal["wav", "raw"], Help("What it reads and writes: WAV, or samples alone (16 bits, mono).")
    ] = "wav"
    rate: Annotated[
        int | None,
        Range(8000, 192_000),
        Help("raw: frames per second of what it writes; default: as it got."),
    ] = None
    timeout: Annotated[
        Duration | None,
        Range(0.1, 600),
        Help("Longest wait for its next sound once it has the whole sentence; default: 10s, sovits 1m."),
    ] = None
    options: Annotated[Mapping[str, str | int | float | bool], Rest()] = field(default_factory=dict)
    """The converter's own options, checked against its catalogue entry; a command has none."""
    folder: Annotated[Path | None, Hidden()] = None
    """Where it runs: the configuration's folder. Not a setting."""


@frozen(kw_only=True)
class VoiceSettings:
    """`[voice.NAME]`: a preset. Every other key is an engine, and its voice there: a name or a table."""

    language: Annotated[
        str | None, Range(2, 35), Help("What it speaks (de, pt-BR); default: as its voices' names tell.")
    ] = None
    speed: Annotated[float, Range(0.25, 4), Help("Pace; 2 is twice as fast.")] = 1.0
    gain: Annotated[float, Range(-40, 20), Help("Louder (or softer, below 0) by so many dB.")] = 0.0
    convert: Annotated[ConvertSettings | None, Help("What makes another voice of it; default: nothing.")] = (
        None
    )
    engines: Annotated[Mapping[EngineName, str | EngineVoice], Rest()] = field(default_factory=dict)
    """The voice of each engine; a text is read as an EngineVoice of that name."""


@frozen(kw_only=True)
class VoicesSettings:
    """`[voices]`: where `ttsd voices` finds voices for Piper."""

    catalogue: Annotated[
        str, Range(1, 2000), Help("Address of a catalogue like Piper's; its files lie beside it.")
    ] = UPSTREAM
