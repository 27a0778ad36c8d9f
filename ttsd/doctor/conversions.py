"""Probes of what presets are converted by: is it installed, is its model here, and does it know the speaker?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.doctor.check import Check
from ttsd.engines import catalog, installed
from ttsd.engines.adapters import sovits_files
from ttsd.errors import EngineError
from ttsd.settings.voices import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.settings import Settings
    from ttsd.settings.voices import ConvertSettings


def asked_for(settings: Settings, base: Path) -> Iterator[Check]:
    """A line for each preset that is converted. *base*: the configuration's folder."""
    for name, preset in settings.voice.items():
        if preset.convert is not None:
            yield _conversion(f"voice {name}", preset.convert, base)


def _conversion(label: str, convert: ConvertSettings, base: Path) -> Check:
    if convert.type == COMMAND:
        program = convert.command[0]
        found = shutil.which(str(base / program) if "/" in program else program)
        if found is None:
            return Check(label, "warn", f"{program} is not here; it is heard unconverted", "install it")
        return Check(label, "ok", f"is converted by {found}")
    entry, data = catalog.find_converter(convert.type), paths.default_data_dir()
    assert entry is not None, "the configuration was checked"
    if why := installed.missing(entry, data):
        return Check(label, "warn", f"{entry.label} {why}; it is heard unconverted", entry.install)
    try:
        files = sovits_files.find(convert.options, base, data)
        speaker = files.speaker(str(convert.options.get("speaker", "")))
    except EngineError as error:
        return Check(label, "warn", f"{entry.label} {error.what}; it is heard unconverted", error.next_step)
    if (made := installed.read(data, entry.name)) and (old := installed.outdated(entry, made)):
        return Check(label, "warn", old, f"ttsd engine upgrade {entry.name}")
    return Check(label, "ok", f"is converted by {entry.label} into {speaker} of {files.weights}")
