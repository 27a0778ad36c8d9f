"""From settings to outputs. Nothing is opened here, and nothing heavy imported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.audio.auto import AutoOutput
from ttsd.audio.devices import has_sound_card, on_linux
from ttsd.audio.file import FileOutput
from ttsd.audio.null import NullOutput
from ttsd.audio.portaudio import PortAudio, PortAudioOutput
from ttsd.audio.pulse import PulseOutput
from ttsd.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ttsd.audio.output import Output
    from ttsd.clock import Clock
    from ttsd.settings import OutputSettings

UNTIMED = "untimed"
"""`device` of a null output that takes sound as fast as it comes."""


def make_all(
    outputs: Sequence[OutputSettings], *, folder: Path, library: PortAudio | None = None
) -> tuple[Output, ...]:
    """The outputs, each with a name of its own. *folder*: where files go when a setting names none;
    *library*: shared by all that a process ever makes."""
    library, taken, made = library or PortAudio(), set[str](), []
    for settings in outputs:
        output = make(settings, folder=folder, library=library)
        name, count = output.name, 1
        while output.name in taken:
            count += 1
            output.name = f"{name}#{count}"
        taken.add(output.name)
        made.append(output)
    return tuple(made)


def make(
    settings: OutputSettings,
    *,
    folder: Path,
    library: PortAudio | None = None,
    clock: Clock | None = None,
    server: str | None = None,
) -> Output:
    """One output. *library*: to be shared by all of a process; *server*: the sound server's address."""
    library, clock = library or PortAudio(), clock or SystemClock()
    if settings.fallback_device is not None and settings.type in ("pulse", "portaudio"):
        first, second = (
            make(
                replace(settings, device=device, fallback_device=None),
                folder=folder,
                library=library,
                clock=clock,
                server=server,
            )
            for device in (settings.device, settings.fallback_device)
        )
        gone = f"{first.name} is gone"
        return AutoOutput([first], second, clock, name=first.name, faithful=False, why=gone)
    match settings.type:
        case "pulse":
            return _pulse(settings, server)
        case "portaudio":
            return _portaudio(settings, library)
        case "file":
            return _file(settings, folder)
        case "null":
            return NullOutput(
                clock, rate=settings.rate, latency=settings.latency, timed=settings.device != UNTIMED
            )
        case "auto":
            return AutoOutput(_devices(settings, library, server), _file(settings, folder), clock)


def _devices(settings: OutputSettings, library: PortAudio, server: str | None) -> tuple[Output, ...]:
    if not on_linux():
        return (_portaudio(settings, library),)
    if not has_sound_card():
        return (_pulse(settings, server),)
    return _pulse(settings, server), _portaudio(settings, library)


def _pulse(settings: OutputSettings, server: str | None) -> PulseOutput:
    return PulseOutput(
        settings.device,
        rate=settings.rate,
        channels=settings.channels,
        latency=settings.latency,
        lead_in=settings.lead_in,
        server=server,
    )


def _portaudio(settings: OutputSettings, library: PortAudio) -> PortAudioOutput:
    return PortAudioOutput(
        settings.device,
        library=library,
        rate=settings.rate,
        channels=settings.channels,
        latency=settings.latency,
        lead_in=settings.lead_in,
    )


def _file(settings: OutputSettings, folder: Path) -> FileOutput:
    return FileOutput(
        settings.path or folder,
        rate=settings.rate,
        channels=settings.channels or 1,
        subtype=settings.subtype,
        keep=settings.keep,
    )
