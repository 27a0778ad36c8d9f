"""Probes of sound: is there a server, are the outputs' devices there?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ttsd.audio.devices import list_devices
from ttsd.doctor.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ttsd.audio.devices import Device, Listing
    from ttsd.settings import OutputSettings, Settings

_CABLE = "ttsd"
"""The sink that `ttsd cable create` makes."""


def outputs(settings: Settings, listing: Listing | None = None) -> Iterable[Check]:
    """The sound server, and a line for each output. *listing*: what there is; default: asked."""
    there = list_devices() if listing is None else listing
    wanted: set[str] = {output.type for output in settings.outputs}
    yield from _devices(there, wanted)
    for output in settings.outputs:
        yield from _output(output, there)


def _devices(there: Listing, wanted: set[str]) -> Iterator[Check]:
    if there.devices:
        default = next((device.name for device in there.devices if device.default), "none")
        yield Check("sound", "ok", f"{len(there.devices)} device(s), the default is {default}")
        return
    needed = bool(wanted & {"pulse", "portaudio"})
    why = "; ".join(problem.what for problem in there.problems) or "there are no devices"
    step = next((problem.next_step for problem in there.problems if problem.next_step), None)
    heard = "" if needed or "auto" not in wanted else "; what is spoken is kept in files"
    advice = step or "start PipeWire or PulseAudio: systemctl --user start pipewire-pulse"
    if "auto" in wanted or needed:
        yield Check("sound", "broken" if needed else "warn", why + heard, advice)
    else:
        yield Check("sound", "ok", f"{why}; no output needs one")


def _output(output: OutputSettings, there: Listing) -> Iterator[Check]:
    name = f"output {output.type}"
    match output.type:
        case "pulse" | "portaudio":
            devices = [device for device in there.devices if device.kind == output.type]
            yield from _device(name, output.device, devices)
        case "auto" if output.device is not None:
            yield from _device(name, output.device, list(there.devices))
        case "file" if output.path is not None:
            folder = next(parent for parent in (output.path, *output.path.parents) if parent.exists())
            if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
                yield Check(name, "ok", str(output.path))
            else:
                yield Check(name, "broken", f"{folder} cannot be written", "set the output's path")
        case "null":
            yield Check(name, "warn", "nothing is heard", 'set type = "auto"')


def _device(name: str, wanted: str | None, devices: list[Device]) -> Iterator[Check]:
    if not devices:
        return  # that there are none is said already
    if wanted is None or any(device.name == wanted for device in devices):
        yield Check(name, "ok", wanted or "the default device")
        return
    step = "ttsd cable create" if wanted == _CABLE else "`ttsd devices` lists what there is"
    yield Check(name, "broken", f"there is no device {wanted}; speech waits for it", step)
