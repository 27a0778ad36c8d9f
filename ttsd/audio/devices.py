"""The places sound can go to on this machine, as they are now.

Asked anew each time, nothing is watched: an output that waits for its device asks every quarter of a
second on a connection that it has, which costs 0.1 to 0.2 ms, and so is back well within a second.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.audio.portaudio import PortAudio
from ttsd.audio.pulse_client import PulseClient
from ttsd.errors import OutputError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen
class Device:
    """A device that an output can name."""

    name: str
    """For `device` in an output's settings."""
    description: str
    """What people call it."""
    default: bool
    """What is used when no device is named."""
    kind: str
    """The output's `type`: pulse or portaudio."""
    rate: int
    """Frames per second."""
    channels: int


@frozen
class Listing:
    """What is there, and why something is not."""

    devices: tuple[Device, ...]
    problems: tuple[OutputError, ...]
    """One for each kind that could not be asked."""


def on_linux() -> bool:
    """Whether sound goes through a sound server here."""
    system: str = sys.platform  # mypy would call the other system's branch unreachable
    return system.startswith("linux")


def has_sound_card() -> bool:
    """Linux: whether ALSA has a card. Without one it can only fail, and prints a page about it."""
    try:
        cards = Path("/proc/asound/cards").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "no soundcards" not in cards


def list_devices(*, server: str | None = None, library: PortAudio | None = None) -> Listing:
    """All devices, and what went wrong. *server*: the sound server's address; *library*: the process's, if it plays."""
    kinds: list[Callable[[], list[Device]]] = []
    if on_linux():
        kinds.append(lambda: _sinks(server))
    if not on_linux() or has_sound_card():
        kinds.append(lambda: _portaudio(library or PortAudio()))
    found: list[Device] = []
    problems: list[OutputError] = []
    for kind in kinds:
        try:
            found += kind()
        except OutputError as error:
            problems.append(error)
    return Listing(tuple(found), tuple(problems))


def _sinks(server: str | None) -> list[Device]:
    client = PulseClient(server)
    try:
        default = client.server().default_sink
        return [
            Device(sink.name, sink.description, sink.name == default, "pulse", sink.rate, sink.channels)
            for sink in client.sinks()
        ]
    finally:
        client.close()


def _portaudio(library: PortAudio) -> list[Device]:
    try:
        default = str(library.find(None)["name"])
    except OutputError:  # there may be devices without a default one
        default = ""
    found = [library.find(name) for name in library.names()]
    return [
        Device(
            name=str(device["name"]),
            description=f"{device['name']} ({library.host(device)})",
            default=device["name"] == default,
            kind="portaudio",
            rate=int(device["default_samplerate"]),
            channels=int(device["max_output_channels"]),
        )
        for device in found
    ]
