"""`ttsd explain FILE|-`: what would be said of each line, and why. Needs no daemon, speaks nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.cli.colour import PLAIN, Paint, paint_for
from ttsd.cli.show import shorten
from ttsd.errors import UsageError
from ttsd.text.blocklist import BEEP

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ttsd.settings import Settings, SourceSettings
    from ttsd.text.explain import Explained

LARGEST = 4 << 20
"""Bytes that are read; what is behind them is left out, and said so."""
_WIDTH = 100


def explain(arguments: argparse.Namespace) -> int:
    """Print it; arguments: file, source, profile, config, json."""
    from ttsd import config
    from ttsd.schema import plain
    from ttsd.speech.detect import detector
    from ttsd.text import files
    from ttsd.text.explain import explain as explained

    settings = in_profile(config.load(arguments.config), arguments.profile)
    data, is_whole = data_of(arguments.file)
    source = source_of(settings, arguments.file, arguments.source)
    tells = detector(settings)
    read = files.read(settings, tells)
    for problem in read.problems:
        print(f"ttsd: {problem}", file=sys.stderr)
    if not is_whole:
        print(f"ttsd: only the first {LARGEST >> 20} MiB are looked at", file=sys.stderr)
    try:
        found = explained(settings, source, messages(data, source), read.extras)
    finally:
        if tells is not None:
            tells.close()
    if arguments.json:
        print(json.dumps([plain(one) for one in found], ensure_ascii=False, indent=2))
    else:
        print(table(found, paint_for(sys.stdout)))
    return 0


def in_profile(settings: Settings, name: str | None) -> Settings:
    """The settings with a profile; None: none. Raises UsageError."""
    if name is None:
        return settings
    if name not in settings.profiles:
        known = ", ".join(settings.profiles) or "none"
        raise UsageError(f'there is no profile "{name}"', next_step=f"there is {known}")
    return settings.profiles[name]


def source_of(settings: Settings, file: str, name: str | None) -> SourceSettings | None:
    """The source that is asked for, the one that follows *file*, or the only one. Raises UsageError."""
    if name is not None:
        for source in settings.sources:
            if source.name == name:
                return source
        known = ", ".join(str(source.name) for source in settings.sources) or "none"
        raise UsageError(f'there is no source "{name}"', next_step=f"there is {known}")
    following = [source for source in settings.sources if follows(source, file)]
    if following or len(settings.sources) < 2:
        return next(iter(following or settings.sources), None)
    known = ", ".join(str(source.name) for source in settings.sources)
    raise UsageError(f"no source follows {file}", next_step=f"--source NAME says which: {known}")


def messages(data: bytes, source: SourceSettings | None) -> list[str]:
    """The texts that the source would queue: lines, joined messages, or the whole file."""
    from ttsd.model import Offset
    from ttsd.settings import SourceSettings
    from ttsd.sources.joining import joiner_of
    from ttsd.sources.lines import encoding_of, partial_text, split

    source = source or SourceSettings(path="-")
    encoding = encoding_of(source.encoding, data[:4])
    if source.mode == "whole":
        return [partial_text(data[encoding.bom :], encoding).strip()]
    found = split(data, Offset(0), encoding, source.max_line_bytes)
    lines, joiner = found.lines, joiner_of(source)
    texts = [line.text for line in (joiner.join(lines) if joiner is not None else lines)]
    rest = partial_text(found.partial, encoding) if found.partial and not found.skipping else ""
    return [*texts, rest] if rest else texts


def table(found: Sequence[Explained], paint: Paint = PLAIN) -> str:
    """For people: each line, the steps that changed it, and what was decided."""
    blocks = []
    digits = len(str(len(found)))
    for number, one in enumerate(found, 1):
        rows = [("fields", _fields(one))] if len(one.fields) > 1 else []
        rows += [(step.step, step.text) for step in one.steps if step.step != "parse"]
        if one.trouble is not None:
            rows.append(("trouble", one.trouble))
        width = max(len(name) for name, _ in [*rows, ("spoken" if one.spoken else "dropped", "")])
        indent = " " * (digits + 2)
        lines = [f"{number:{digits}}  {paint.strong(_shown(one.line))}"]
        lines += [f"{indent}{paint.faint(name.ljust(width))}  {_shown(text)}" for name, text in rows]
        if one.spoken:
            lines.append(f"{indent}{paint.good('spoken'.ljust(width))}  {_shown(one.text)}")
            lines.append(f"{indent}{' ' * width}  {paint.faint(_decided(one))}")
        else:
            lines.append(f"{indent}{paint.warn('dropped'.ljust(width))}  {one.reason}")
        blocks.append("\n".join(lines))
    spoken = [one for one in found if one.spoken]
    seconds = sum(one.seconds for one in spoken)
    blocks.append(f"{len(spoken)} of {len(found)} lines spoken, about {seconds:.0f} s")
    return "\n\n".join(blocks)


def _fields(one: Explained) -> str:
    return ", ".join(f"{name}={shorten(value, 40)}" for name, value in one.fields.items())


def _decided(one: Explained) -> str:
    parts = [one.source or "no source", one.language, one.priority.name.lower()]
    if one.voice is not None:
        inside = ", ".join(f"{engine}: {voice or 'its own'}" for engine, voice in one.voices.items())
        parts.append(f"voice {one.voice} by {one.because}" + (f" ({inside})" if inside else ""))
    parts += [f"engine {one.engine}"] * (one.engine is not None)
    parts += [f"key {one.key}"] * (one.key is not None)
    return ", ".join([*parts, f"{one.seconds:.1f} s"])


def _shown(text: str) -> str:
    return shorten(text.replace(BEEP, "[beep]"), _WIDTH)


def data_of(file: str) -> tuple[bytes, bool]:
    """What is in *file*, and whether that is all."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", next_step="ttsd explain FILE") from error
    return data[:LARGEST], len(data) <= LARGEST


def follows(source: SourceSettings, file: str) -> bool:
    """Whether *file* is one that the source follows just now."""
    from ttsd.clock import SystemClock
    from ttsd.sources.discover import Pattern
    from ttsd.sources.folders import Folders

    if file == "-" or source.path == "-":
        return file == source.path
    try:
        found = Pattern(source, Path.cwd()).find(Folders(SystemClock()), lambda _: None)
    except OSError:
        return False
    return any(Path(path).resolve() == Path(file).resolve() for path in found)


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"explain": explain}
