"""A virtual cable: a sink that ttsd speaks into, and a microphone that other programs hear it from.

Made of the sound server's own modules, through its own interface, so it works alike on PulseAudio and
PipeWire. Invariants: making and removing are idempotent; the default sink stays what it was, so that
nothing but speech gets into the cable. The cable ends with the server; who wants it for good makes it anew.
"""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

from ttsd.audio import libpulse
from ttsd.audio.pulse_client import text
from ttsd.errors import OutputError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.audio.pulse_client import PulseClient

_APPEARS = 3.0
"""Seconds within which a device that was asked for is there."""


@frozen
class Cable:
    """What a cable's two ends are called."""

    sink: str = "ttsd"
    microphone: str = "ttsd_mic"
    rate: int = 48_000


@frozen
class CableStatus:
    """Which of its ends are there."""

    sink: bool
    microphone: bool

    @property
    def complete(self) -> bool:
        """Whether other programs can hear speech."""
        return self.sink and self.microphone


@frozen
class _Module:
    index: int
    name: str
    arguments: tuple[str, ...]


def status(client: PulseClient, cable: Cable | None = None) -> CableStatus:
    """What there is of the cable now."""
    cable = cable or Cable()
    return CableStatus(
        sink=client.sink(cable.sink) is not None, microphone=cable.microphone in client.sources()
    )


def create(client: PulseClient, cable: Cable | None = None) -> CableStatus:
    """Make what is missing of the cable. Raises OutputError if the server will not have it."""
    cable = cable or Cable()
    default = client.server()
    there = status(client, cable)
    if not there.sink:
        # norewinds: else a PulseAudio sink that nobody records sleeps up to two seconds at a time,
        # and the first words wait for it. PipeWire does not know the word.
        rewinds = "" if "PipeWire" in default.name else " norewinds=1"
        _load(
            client,
            "module-null-sink",
            f"sink_name={cable.sink} rate={cable.rate} channels=2{rewinds}"
            f" sink_properties=device.description={cable.sink}",
        )
    if not there.microphone:
        _load(
            client,
            "module-remap-source",
            f"master={cable.sink}.monitor source_name={cable.microphone}"
            f" source_properties=device.description={cable.microphone}",
        )
    there = _await(client, cable, CableStatus(sink=True, microphone=True))
    if default.default_sink not in ("", cable.sink) and client.server().default_sink == cable.sink:
        operation = client.pulse.pa_context_set_default_sink(
            client.context, default.default_sink.encode(), None, None
        )
        client.finish(operation, "the default sink cannot be set back")
    return there


def remove(client: PulseClient, cable: Cable | None = None) -> CableStatus:
    """Take the cable away, whoever made it. Sinks and microphones that are no cable are left alone."""
    cable = cable or Cable()
    modules = _modules(client)
    removed: list[str] = []
    for name, argument in (
        ("module-remap-source", f"source_name={cable.microphone}"),
        ("module-null-sink", f"sink_name={cable.sink}"),
    ):
        for module in modules:
            if module.name == name and argument in module.arguments:
                operation = client.pulse.pa_context_unload_module(client.context, module.index, None, None)
                client.finish(operation, "the cable cannot be removed")
                removed.append(name)
    there = status(client, cable)
    left = CableStatus(
        sink=there.sink and "module-null-sink" not in removed,
        microphone=there.microphone and "module-remap-source" not in removed,
    )
    return _await(client, cable, left)


def _await(client: PulseClient, cable: Cable, wanted: CableStatus) -> CableStatus:
    """PipeWire answers before what was asked for has happened."""
    deadline = time.monotonic() + _APPEARS
    while (there := status(client, cable)) != wanted:
        if time.monotonic() > deadline:
            raise OutputError("the cable did not become what was asked for", where=cable.sink)
        client.turn(0.02)
    return there


def _load(client: PulseClient, module: str, arguments: str) -> None:
    indices: list[int] = []
    callback = libpulse.IndexCallback(lambda _context, index, _data: indices.append(index))
    operation = client.pulse.pa_context_load_module(
        client.context, module.encode(), arguments.encode(), callback, None
    )
    client.finish(operation, f"{module} cannot be loaded")
    if indices in ([], [libpulse.NO_INDEX]):
        raise client.error(f"{module} cannot be loaded")


def _modules(client: PulseClient) -> list[_Module]:
    found: list[_Module] = []

    def tell(_context: Any, info: Any, end: int, _data: Any) -> None:
        if not end and info:
            module = info.contents
            found.append(_Module(module.index, text(module.name), _words(text(module.argument))))

    callback = libpulse.ModuleInfoCallback(tell)
    operation = client.pulse.pa_context_get_module_info_list(client.context, callback, None)
    client.finish(operation, "no answer about modules")
    return found


def _words(arguments: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(arguments))
    except ValueError:  # a stray quote in somebody else's module
        return ()
