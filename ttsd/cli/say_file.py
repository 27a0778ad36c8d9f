"""`ttsd say --out FILE`: needs no daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from ttsd import config, log, to_file
from ttsd.cli.text import text_of
from ttsd.errors import UsageError

if TYPE_CHECKING:
    import argparse


def say(arguments: argparse.Namespace) -> int:
    """Write what was said to a sound file."""
    for name in ("source", "priority", "key", "max_age"):
        if getattr(arguments, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is about the queue, which --out does not use")
    settings = config.load(arguments.config)
    log.configure(replace(settings.log, level="warning"))  # what goes wrong with an engine, and no more
    written = to_file.write(
        settings, text_of(arguments), arguments.out, engine=arguments.engine, voice=arguments.voice
    )
    if arguments.json:
        print(json.dumps(asdict(written), ensure_ascii=False))
    else:
        print(f"{written.file}: {written.seconds:.1f} s by {written.engine}")
    return 0


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"say": say}
