"""`ttsd voices list | search | add | remove`. Only `list` asks a daemon, and does without one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd import config, paths
from ttsd.cli.colour import paint_for
from ttsd.cli.progress import Bar, megabytes
from ttsd.engines.voice_catalogue import search
from ttsd.engines.voice_shelf import Shelf
from ttsd.errors import ConfigError, ControlError, NotRunning, UsageError
from ttsd.schema import plain
from ttsd.settings import Settings

if TYPE_CHECKING:
    import argparse

    from ttsd.engines.voice_catalogue import CatalogueVoice
    from ttsd.engines.voice_shelf import Kept
    from ttsd.settings.voices import ConvertSettings, VoiceSettings

MOST = 40
"""Voices of the catalogue that people are shown."""


def run(arguments: argparse.Namespace) -> int:
    """The verb."""
    if arguments.action == "list":
        return _list(arguments)
    if arguments.action == "search":
        return _search(arguments)
    if len(arguments.words) != 1:
        raise UsageError("which voice?", next_step=f"ttsd voices {arguments.action} en_US-amy-medium")
    return _add(arguments) if arguments.action == "add" else _remove(arguments)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The configuration; to get a voice, one that wants this voice need not be mended first."""
    try:
        return config.load(arguments.config)
    except ConfigError:
        if arguments.config is not None:
            raise
        return Settings()


def _shelf(settings: Settings) -> Shelf:
    base = settings.path.parent if settings.path is not None else Path.cwd()
    return Shelf(base, paths.default_data_dir(), settings.voices.catalogue)


# ---- list


def _list(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    engine = " ".join(arguments.words) or None
    kept = {one.name: one for one in _shelf(settings).here()}
    found = _of_daemon(arguments, engine) or _of_disk(settings, kept, engine)
    for row in found["voices"]:
        one = kept.get(row["name"]) if row["engine"] == "piper" else None
        row["licence"] = one.licence if one is not None else None
        row["removable"] = one is not None and one.removable
    found["presets"] = [] if engine else [_preset(*one) for one in settings.voice.items()]
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print(_table(found, settings))
    return 0


def _of_daemon(arguments: argparse.Namespace, engine: str | None) -> dict[str, Any] | None:
    """What the running daemon's engines have; None: none runs."""
    from ttsd.control.address import control_address
    from ttsd.control.client import Client

    try:
        with Client.connect(control_address(arguments.config)) as client:
            answer: dict[str, Any] = client.call(
                "voice.list", {"engine": engine} if engine else {}, timeout=60.0
            )
            return answer
    except NotRunning:
        return None


def _of_disk(settings: Settings, kept: Mapping[str, Kept], engine: str | None) -> dict[str, Any]:
    """What can be told without starting an engine."""
    from ttsd.text.language import of_voice

    rows: list[dict[str, Any]] = [
        {"engine": "piper", "name": name, "language": of_voice(name), "speakers": []}
        for name in (kept if engine in (None, "piper") else ())
    ]
    others = [name for name in settings.engines if name != "piper" and engine in (None, name)]
    return {"voices": rows, "untold": dict.fromkeys(others, "tells its voices while ttsd runs")}


def _preset(name: str, preset: VoiceSettings) -> dict[str, Any]:
    return {
        "name": name,
        "language": preset.language,
        "speed": preset.speed,
        "gain": preset.gain,
        "convert": preset.convert and (list(preset.convert.command) or _converter(preset.convert)),
        "engines": plain(preset.engines),
    }


def _converter(convert: ConvertSettings) -> dict[str, Any]:
    return {"type": convert.type, **convert.options}


def _table(found: Mapping[str, Any], settings: Settings) -> str:
    from ttsd.text.explain import shown

    paint = paint_for(sys.stdout)
    lines = []
    for name, preset in settings.voice.items() if found["presets"] else ():
        inside = ", ".join(f"{engine}: {shown(voice)}" for engine, voice in preset.engines.items())
        lines.append(
            f"{paint.strong('preset'):<8}  {name}  {preset.language or ''}  {inside or 'as the engine'}"
        )
    for row in found["voices"]:
        speakers = f", {len(row['speakers'])} speakers" if row["speakers"] else ""
        licence = f", {row['licence']}" if row["licence"] else ""
        lines.append(f"{row['engine']:<8}  {row['name']}  {row['language'] or ''}{speakers}{licence}")
    lines += [paint.warn(f"{name:<8}  {why}") for name, why in found["untold"].items()]
    return "\n".join(lines) or "no voices"


# ---- the catalogue


def _search(arguments: argparse.Namespace) -> int:
    shelf = _shelf(_settings(arguments))
    here = {one.name for one in shelf.here()}
    found = search(shelf.catalogue(), " ".join(arguments.words))
    if arguments.json:
        rows = [
            {
                "name": voice.name,
                "language": voice.language,
                "language_name": voice.language_name,
                "quality": voice.quality,
                "speakers": voice.speakers,
                "size": voice.size,
                "here": voice.name in here,
            }
            for voice in found
        ]
        print(json.dumps({"voices": rows}, ensure_ascii=False, indent=2))
        return 0
    print("\n".join(_line(voice, voice.name in here) for voice in found[:MOST]) or "nothing is found")
    if len(found) > MOST:
        print(f"and {len(found) - MOST} more; another word makes them fewer")
    return 0


def _line(voice: CatalogueVoice, here: bool) -> str:
    speakers = f", {voice.speakers} speakers" if voice.speakers > 1 else ""
    mark = "*" if here else " "
    return f"{mark} {voice.name:<34}  {voice.language_name}, {megabytes(voice.size)}{speakers}"


def _add(arguments: argparse.Namespace) -> int:
    name = arguments.words[0]
    shelf = _shelf(_settings(arguments))
    bar: list[Bar] = []

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    def progress(done: int, total: int) -> None:
        if not bar:
            bar.append(Bar(name, total, megabytes))
        bar[0](done)

    try:
        added = shelf.add(name, tell, progress)
    finally:
        for one in bar:
            one.close()
    renewed = added.came_from != "here" and _renew(arguments)
    if arguments.json:
        print(json.dumps({**plain(added.voice), "came_from": added.came_from}, ensure_ascii=False, indent=2))
    elif added.came_from == "here":
        print(f"{added.voice.name} is here already: {added.voice.model}")
    else:
        print(f"{added.voice.name} is here: {added.voice.model}")
        print(f'next: [engine.piper] voice = "{added.voice.name}", or a preset')
        if renewed:
            print("ttsd, which runs, has it from its next sentence on")
    return 0


def _renew(arguments: argparse.Namespace) -> bool:
    """Let a Piper that runs start anew, so that it looks at its voices; whether there was one."""
    from ttsd.control.address import control_address
    from ttsd.control.client import Client

    try:
        with Client.connect(control_address(arguments.config)) as client:
            return bool(client.call("engine.unload", {"engine": "piper"}, timeout=10.0)["ended"])
    except ControlError:  # none runs, or it has no Piper
        return False


def _remove(arguments: argparse.Namespace) -> int:
    name = arguments.words[0]
    settings = _settings(arguments)
    users = _users(name, settings)
    if users and not arguments.force:
        raise UsageError(
            f"{name} is used by {', '.join(users)}", next_step="change that first, or use --force"
        )
    kept = _shelf(settings).remove(name)
    if arguments.json:
        print(json.dumps({"removed": kept.name, "size": kept.size}))
    else:
        print(f"{kept.name} is gone, {megabytes(kept.size)}")
    return 0


def _users(name: str, settings: Settings) -> list[str]:
    """What of the configuration names the voice."""
    found = [f"[engine.{engine}]" for engine, one in settings.engine.items() if one.voice == name]
    for preset, voice in settings.voice.items():
        names = [one if isinstance(one, str) else one.name for one in voice.engines.values()]
        found += [f"[voice.{preset}]"] * (name in names)
    for source in settings.sources:
        if name in (source.voice, *source.voice_pool, *source.speaker_voices.values()):
            found.append(f"the source {source.name}")
    found += ["[[route]]"] * any(name in (route.voice, *route.pool) for route in settings.route)
    return found + ["[language]"] * (name in settings.language.values())


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"voices": run}
