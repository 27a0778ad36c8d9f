"""ttsd.toml to settings: every problem at once, or settings that hold.

No side effects: reads the file and the environment, creates nothing. After `load`, paths are
absolute (relative ones are relative to the file's folder), every source has a name, and the state
folder and the control socket are known.
"""

from __future__ import annotations

import codecs
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd import environment, paths
from ttsd.errors import ConfigError
from ttsd.model import SAY
from ttsd.schema import read
from ttsd.settings import Settings
from ttsd.shapes import Problem, dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.settings import EngineSettings, SourceSettings
    from ttsd.shapes import Where

MAX_BYTES = 1 << 20
"""A larger file is not a configuration."""


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration; None: what TTSD_CONFIG names, else the user's file, else the defaults.

    Raises ConfigError with all problems, each `file:line: setting: what is wrong`.
    """
    path = paths.find_config(path, environ)
    text = _text(path) if path else ""
    problems: list[Problem] = []
    data = _parse(text, path)
    variables = environment.apply(Settings, data, environ, problems)
    settings, found = read(Settings, data)
    problems += found
    rest = settings or read(Settings, _without(data, problems))[0]
    problems += _contradictions(rest) if rest else []
    if settings is None or problems:
        raise ConfigError(_located(problems, text, path, variables))
    folder = path.parent if path else Path()
    return _resolved(replace(settings, path=path and path.absolute()), folder)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ConfigError([f"{path}: is larger than {MAX_BYTES >> 20} MiB"])
        return raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file (`ttsd init` writes one)"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: is not UTF-8"]) from error


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = (match and match[2]) or text.count("\n") + 1
        what = match[1] if match else str(error)
        raise ConfigError([f"{path}:{line}: is not TOML: {what}"]) from error
    except RecursionError:
        raise ConfigError([f"{path}: is nested too deeply"]) from None


def _without(data: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """*data* less the keys that do not fit, so that the rest can be checked too."""
    for problem in problems:
        table: Any = data
        for part in problem.where[:-1]:
            if isinstance(table, list) and isinstance(part, int):
                table = table[part]
            else:
                table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict) and problem.where:
            table.pop(problem.where[-1], None)
    return data


def _resolved(settings: Settings, folder: Path) -> Settings:
    """The same with absolute paths, named sources and known places."""
    return replace(
        settings,
        sources=tuple(
            replace(source, name=source.name or source.path, path=_source_path(source, folder))
            for source in settings.sources
        ),
        outputs=tuple(
            replace(output, path=output.path and paths.absolute(output.path, folder))
            for output in settings.outputs
        ),
        engine={name: _engine(engine, folder) for name, engine in settings.engine.items()},
        state=replace(
            settings.state, dir=paths.absolute(settings.state.dir or paths.default_state_dir(), folder)
        ),
        control=replace(
            settings.control,
            socket=paths.absolute(settings.control.socket or paths.default_socket_path(), folder),
        ),
    )


def _source_path(source: SourceSettings, folder: Path) -> str:
    return "-" if source.path == "-" else str(paths.absolute(source.path, folder))


def _engine(engine: EngineSettings, folder: Path) -> EngineSettings:
    """A voice that is plainly a path is one relative to the file; other voices are names."""
    voice = engine.voice
    if voice is None or not (voice.endswith(".onnx") or voice.startswith(("~", "./", "../"))):
        return engine
    return replace(engine, voice=str(paths.absolute(voice, folder)))


def _contradictions(settings: Settings) -> list[Problem]:
    """What is wrong although each value is allowed."""
    problems = []
    names: dict[str, int] = {}
    for index, source in enumerate(settings.sources):
        where: Where = ("sources", index)
        name = source.name or source.path
        if name == SAY:
            problems.append(Problem((*where, "name"), f'"{SAY}" is the name of what is said directly'))
        if names.setdefault(name, index) != index:
            what = f'is also called "{name}", as sources[{names[name]}] is; give it a `name` of its own'
            problems.append(Problem(where, what))
        try:
            codecs.lookup(source.encoding)
        except LookupError:
            problems.append(Problem((*where, "encoding"), f'there is no encoding "{source.encoding}"'))
    return problems + _engine_problems(settings)


def _engine_problems(settings: Settings) -> list[Problem]:
    """Engines that nobody knows, and options that their engine does not have."""
    from ttsd.engines import catalog

    if not settings.engines:
        return [Problem(("engines",), "must name at least one engine")]
    problems = []
    for index, name in enumerate(settings.engines):
        remote = name in settings.engine and settings.engine[name].uri is not None
        if not remote and catalog.find(name) is None:
            problems.append(
                Problem(("engines", index), f'there is no engine "{name}"{catalog.did_you_mean(name)}')
            )
        elif name in settings.engines[:index]:
            problems.append(Problem(("engines", index), f'"{name}" is there twice'))
    for name, engine in settings.engine.items():
        where: Where = ("engine", name)
        if engine.uri is None and catalog.find(name) is None:
            problems.append(Problem(where, f"is no known engine and has no uri{catalog.did_you_mean(name)}"))
        for key, value in engine.options.items():
            found = catalog.option_problems(name, {key: value})
            problems += [Problem((*where, key), problem) for problem in found]
    return problems


def _located(
    problems: list[Problem], text: str, path: Path | None, variables: Mapping[Where, str]
) -> list[str]:
    """One sentence for each problem, with the line or variable it comes from; in the file's order."""
    from ttsd.toml_lines import Lines  # needed only when something is wrong

    lines = Lines(text)
    found = []
    for problem in problems:
        where = problem.where
        variable = next(
            (variables[where[:n]] for n in range(len(where), 0, -1) if where[:n] in variables), None
        )
        line = lines.of(where)
        if variable:
            found.append((0, f"{variable}: {problem}"))
        elif path is None or (where and str(where[0]).startswith(environment.PREFIX)):
            found.append((0, f"{dotted(where)}: {problem.text}"))
        else:
            found.append((line or 0, f"{path}:{line}: {problem}" if line else f"{path}: {problem}"))
    return [sentence for _, sentence in sorted(found, key=lambda pair: pair[0])]
