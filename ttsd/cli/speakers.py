"""`ttsd speakers list | add | remove`: recordings that voices are cloned from. No daemon is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.errors import UsageError
from ttsd.schema import plain
from ttsd.speakers import Speakers

if TYPE_CHECKING:
    import argparse

    from ttsd.speakers import Speaker

CONSENT = "Clone a voice only if the person it belongs to has agreed, and say where it is heard that it is synthetic."


def run(arguments: argparse.Namespace) -> int:
    """The verb."""
    speakers = Speakers(paths.default_data_dir())
    if arguments.action == "list":
        found = speakers.listed()
        text = "\n".join(map(_line, found)) or "there are none"
        print(
            json.dumps({"speakers": plain(found)}, ensure_ascii=False, indent=2) if arguments.json else text
        )
        return 0
    if arguments.what is None:
        example = "voice.wav --name ana" if arguments.action == "add" else "ana"
        raise UsageError("which one?", next_step=f"ttsd speakers {arguments.action} {example}")
    if arguments.action == "remove":
        one = speakers.remove(arguments.what)
    else:
        file = Path(arguments.what)
        one = speakers.add(file, arguments.name or file.stem, replace=arguments.replace)
    if arguments.json:
        print(json.dumps(plain(one), ensure_ascii=False, indent=2))
    elif arguments.action == "remove":
        print(f"{one.name} is gone")
    else:
        print(_line(one))
        print(f'next: [voice.{one.name}] xtts = {{ speaker_wav = "{one.name}" }}')
        print(CONSENT)
    return 0


def _line(one: Speaker) -> str:
    told = [] if one.seconds is None else [f"{one.seconds:.1f} s", f"{one.level:.0f} dB"]
    return ", ".join([f"{one.name}  {one.file}", *told, *one.notes])


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"speakers": run}
