"""`ttsd render FILE…` and `ttsd compare TEXT`: sound files, by one engine or several. No daemon is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import config, log
from ttsd.cli.colour import paint_for
from ttsd.cli.explain import LARGEST, data_of, follows, messages, source_of
from ttsd.cli.progress import Bar
from ttsd.cli.text import text_of
from ttsd.engines import catalog
from ttsd.errors import UsageError
from ttsd.model import SAY, EngineName, SourceName
from ttsd.render import Rendering, Take, Text
from ttsd.schema import plain
from ttsd.speech.detect import detector

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ttsd.render import Loaded, Made
    from ttsd.settings import Settings, SourceSettings


def render(arguments: argparse.Namespace) -> int:
    """`ttsd render`: exit code 1 if anything could not be made."""
    settings = _settings(arguments)
    texts = [
        text for file, mark in _marked(arguments.files) for text in _texts(arguments, settings, file, mark)
    ]
    if not texts:
        raise UsageError("there is nothing to speak in it")
    made, loaded = _run(arguments, settings, texts, _takes(arguments, settings), arguments.format)
    wrong = [f"{one.engine}, {one.name}: {one.error}" for one in made if one.error]
    wrong += [f"{one.engine}: {one.error}" for one in loaded if one.error]
    if arguments.json:
        print(json.dumps({"engines": plain(loaded), "files": plain(made)}, ensure_ascii=False, indent=2))
        return 1 if wrong else 0
    for take in dict.fromkeys((one.engine, one.wanted) for one in made):
        mine = [one for one in made if (one.engine, one.wanted) == take and one.file]
        seconds = sum(one.seconds or 0.0 for one in mine)
        print(f"{' in '.join(filter(None, take))}: {len(mine)} files, {seconds:.1f} s, in {arguments.out}")
    for told in wrong:
        print(f"ttsd: {told}", file=sys.stderr)
    return 1 if wrong else 0


def compare(arguments: argparse.Namespace) -> int:
    """`ttsd compare`: exit code 1 if no engine could speak."""
    settings = _settings(arguments)
    text = Text("compare", text_of(arguments), SAY)
    made, loaded = _run(arguments, settings, [text], _takes(arguments, settings), "wav")
    if arguments.json:
        print(json.dumps({"engines": plain(loaded), "files": plain(made)}, ensure_ascii=False, indent=2))
    else:
        print(table(made, loaded, arguments.out))
    return 0 if any(one.file for one in made) else 1


def table(made: Sequence[Made], loaded: Sequence[Loaded], folder: Path) -> str:
    """What was measured, an engine a row."""
    paint = paint_for(sys.stdout)
    heads = ("engine", "voice", "load", "first", "all", "sound", "factor", "memory", "file")
    rows: list[tuple[str, ...]] = []
    by_take = {(one.engine, one.wanted): one for one in loaded}
    for one in made:
        whole = by_take.get((one.engine, one.wanted))
        memory = whole.memory_bytes if whole is not None else None
        rows.append(
            (
                one.engine,
                one.voice or one.wanted or "",
                _seconds(whole.load_seconds if whole is not None else None),
                _seconds(one.first_audio_seconds),
                _seconds(one.wall_seconds),
                _seconds(one.seconds),
                "" if one.real_time_factor is None else f"{one.real_time_factor:.3f}",
                "" if memory is None else f"{memory / 1e6:.0f} MB",
                str(folder / one.file) if one.file else paint.bad(one.error or ""),
            )
        )
    there = {(one.engine, one.wanted) for one in made}
    rows += [
        (whole.engine, whole.wanted or "", *[""] * 6, paint.bad(whole.error or ""))
        for whole in loaded
        if (whole.engine, whole.wanted) not in there
    ]
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads) - 1)]
    lines = [
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]])
        for row in (heads, *rows)
    ]
    return "\n".join([paint.strong(lines[0]), *lines[1:]])


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = config.load(arguments.config)
    log.configure(replace(settings.log, level="warning"))  # what goes wrong with an engine, and no more
    return settings


def _run(
    arguments: argparse.Namespace, settings: Settings, texts: list[Text], takes: list[Take], kind: str
) -> tuple[list[Made], list[Loaded]]:
    characters = sum(len(text.text) for text in texts) * len(takes)
    with ExitStack() as ends:
        tells = detector(settings)
        if tells is not None:
            ends.enter_context(tells)
        bar = ends.enter_context(Bar(arguments.verb, characters, lambda done: f"{done:.0f} characters"))
        return Rendering(settings, arguments.out, kind=kind, detect=tells).run(texts, takes, bar)


def _takes(arguments: argparse.Namespace, settings: Settings) -> list[Take]:
    """Each engine in each voice. Raises UsageError for an engine that nobody knows."""
    engines = [EngineName(name) for name in _words(arguments.engine)] or list(settings.engines)
    for name in engines:
        configured = settings.engine.get(name)
        if catalog.find(name) is None and (configured is None or configured.uri is None):
            raise UsageError(f"no engine {name} is known{catalog.did_you_mean(name)}")
    voices: list[str | None] = [*_words(arguments.preset)] or [None]
    return [Take(engine, voice) for engine in dict.fromkeys(engines) for voice in dict.fromkeys(voices)]


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _marked(files: Sequence[str]) -> list[tuple[str, str]]:
    """Each file, and what its sound files are called; two of the same name differ by a number."""
    stems = [Path(file).stem if file != "-" else "stdin" for file in files]
    return [
        (file, stem if stems.count(stem) == 1 else f"{stem}-{index}")
        for index, (file, stem) in enumerate(zip(files, stems, strict=True), 1)
    ]


def _texts(arguments: argparse.Namespace, settings: Settings, file: str, mark: str) -> list[Text]:
    data, is_whole = data_of(file)
    if not is_whole:
        raise UsageError(f"{file} is larger than {LARGEST >> 20} MiB", next_step="split it")
    source = _source(settings, file, arguments.source)
    name = SourceName(source.name or source.path) if source is not None else SAY
    lines = messages(data, source)
    if arguments.whole:
        lines = ["\n".join(lines)]
        return [Text(mark, lines[0], name)] if lines[0].strip() else []
    digits = max(4, len(str(len(lines))))
    return [
        Text(f"{mark}-{number:0{digits}}", line, name) for number, line in enumerate(lines, 1) if line.strip()
    ]


def _source(settings: Settings, file: str, name: str | None) -> SourceSettings | None:
    """Whose rules hold: the one asked for, or the one that follows the file; None: those of `say`."""
    if name is not None:
        return source_of(settings, file, name)
    return next((source for source in settings.sources if follows(source, file)), None)


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"render": render, "compare": compare}
