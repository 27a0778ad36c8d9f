"""`ttsd doctor`: what was found, whether it is well, what to do. A line for each thing.

A probe is a function that looks at one thing and tells it in Checks; it changes nothing. `examine`
runs them all, whatever each finds.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.doctor import engines, files, machine, places, service, sound, sources, voices
from ttsd.doctor.check import Check, examine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.doctor.check import Probe
    from ttsd.settings import Settings

__all__ = ["Check", "examine", "probes", "whole"]


def whole(path: Path | None, environ: Mapping[str, str] = os.environ) -> tuple[Check, ...]:
    """Everything that can be looked at, the configuration first."""
    settings, found = places.configuration(path, environ)
    return found + examine(probes(settings))


def probes(settings: Settings) -> tuple[tuple[str, Probe], ...]:
    """What is looked at, in the order in which things depend on each other."""
    folder = settings.state.dir or paths.default_state_dir()
    socket = settings.control.socket or paths.default_socket_path()
    return (
        ("state folder", lambda: places.state_folder(folder)),
        ("daemon", lambda: places.control_socket(socket)),
        ("sources", lambda: sources.followed(settings)),
        ("watching", lambda: machine.watching(settings, Path("/proc"))),
        ("engines", lambda: engines.chain(settings)),
        ("voices", lambda: voices.asked_for(settings)),
        ("words", lambda: files.words(settings)),
        ("sound", lambda: sound.outputs(settings)),
        ("http", lambda: files.http(settings)),
        ("service", service.installed),
        ("clock", lambda: machine.clock(time.time(), folder)),
    )
