"""ttsd.toml to settings: every problem at once, or settings that hold.

No side effects: reads the file and the environment, creates nothing. After `load`, paths are
absolute (relative ones are relative to the file's folder), every source has a name, and the state
folder and the control socket are known.
"""

from __future__ import annotations

import codecs
import os
import re
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd import paths
from ttsd.config import engine_names, environment, profiles, source_settings, voice_problems
from ttsd.config.fitting import Fitting
from ttsd.errors import ConfigError, EngineRefused, PatternError
from ttsd.frozen import frozen
from ttsd.model import OWN, SAY
from ttsd.patterns import Pattern
from ttsd.schema import read
from ttsd.settings import Settings, quiet
from ttsd.shapes import Problem, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.settings import EngineSettings, SourceSettings
    from ttsd.shapes import Where

MAX_BYTES = 1 << 20
"""A larger file is not a configuration."""


@frozen
class Given:
    """What the user gave, not yet checked."""

    path: Path | None
    """The file; None: there is none."""
    text: str
    """What is in it."""
    data: dict[str, Any]
    """The file's settings with the variables over them."""
    variables: Mapping[Where, str]
    """Which variable a setting came from."""
    problems: tuple[Problem, ...]
    """Variables that name no setting."""


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration; None: what TTSD_CONFIG names, else the user's file, else the defaults.

    Raises ConfigError with all problems, each `file:line: setting: what is wrong`.
    """
    return build(read_given(path, environ))


def read_given(path: Path | None, environ: Mapping[str, str]) -> Given:
    """What `load` would build from. Raises ConfigError if that is not even TOML."""
    path = paths.find_config(path, environ)
    return given(_text(path) if path else "", path, environ)


def given(text: str, path: Path | None, environ: Mapping[str, str]) -> Given:
    """*text* as if it stood in *path*, with the variables over it. Raises ConfigError if it is not TOML."""
    data = _parse(text, path)
    _join_command_lines(data)
    problems: list[Problem] = []
    variables = environment.apply(Settings, data, environ, problems)
    for where, variable in variables.items():
        keep_text(data, where, environ[variable])
    return Given(path, text, data, variables, tuple(problems))


def keep_text(data: dict[str, Any], where: Where, text: str) -> None:
    """Undo the reading of an engine's option as a number where the engine wants text (`speaker = "3"`)."""
    from ttsd.engines import catalog

    if len(where) == 3 and where[0] == "engine":
        entry = catalog.find(str(where[1]))
        options = entry.options if entry is not None else ()
        if any(option.name == where[2] and option.kind is str for option in options):
            data["engine"][where[1]][where[2]] = text


def _join_command_lines(data: dict[str, Any]) -> None:
    """An engine's option that is a command line may be given as a list of words: within, it is one text."""
    from ttsd.engines import catalog

    engines = data.get("engine")
    for name, table in engines.items() if isinstance(engines, dict) else ():
        entry = catalog.find(name) if isinstance(table, dict) else None
        for option in entry.options if entry is not None else ():
            words = table.get(option.name)
            if option.line and isinstance(words, list) and all(isinstance(word, str) for word in words):
                table[option.name] = shlex.join(words)


def build(given: Given) -> Settings:
    """The settings. Raises ConfigError with all problems."""
    settings, problems = check(given)
    if settings is None:
        raise ConfigError(_located(problems, given))
    found = {}
    for name, data in profiles.overlaid(given.data, given.variables):
        one = read(Settings, data)[0]
        assert one is not None, "check has found nothing"
        found[name] = _resolved(one, data, given)
    return replace(_resolved(settings, given.data, given), profiles=found)


def check(given: Given) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings as they are written, or None and every problem."""
    settings, found = _check(given.data, _folder(given))
    problems = (*given.problems, *found, *profiles.problems_of(given.data))
    for name, data in profiles.overlaid(given.data, given.variables):
        others = _check(data, _folder(given))[1]
        problems += tuple(
            profiles.located(name, problem, given.data) for problem in others if problem not in found
        )
    return (None if problems else settings), problems


def _check(data: dict[str, Any], folder: Path) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings of one whole, and its problems."""
    settings, problems = read(Settings, data)
    rest, misfits, fitting = settings, problems, Fitting(data)
    while rest is None and fitting.leave_out(misfits):
        rest, misfits = read(Settings, fitting.data)
    for problem in _contradictions(rest, folder) if rest else ():
        problems += (replace(problem, where=fitting.as_written(problem.where)),)
    return settings, problems


def _folder(given: Given) -> Path:
    return given.path.parent if given.path else Path()


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


def _resolved(settings: Settings, data: Mapping[str, Any], given: Given) -> Settings:
    """The same with engines under their own names, absolute paths, named sources and known places. data: what it was read from."""
    folder = _folder(given)
    settings = engine_names.canonical(settings)
    return replace(
        settings,
        path=given.path and given.path.absolute(),
        sources=source_settings.resolved(settings, data, folder),
        dictionary=settings.dictionary and paths.absolute(settings.dictionary, folder),
        blocklist=tuple(
            replace(blocklist, file=blocklist.file and paths.absolute(blocklist.file, folder))
            for blocklist in settings.blocklist
        ),
        outputs=tuple(
            replace(output, path=output.path and paths.absolute(output.path, folder))
            for output in settings.outputs
        ),
        captions=replace(
            settings.captions,
            text=settings.captions.text and paths.absolute(settings.captions.text, folder),
            vtt=settings.captions.vtt and paths.absolute(settings.captions.vtt, folder),
            srt=settings.captions.srt and paths.absolute(settings.captions.srt, folder),
        ),
        voice=voice_problems.canonical(settings, folder),
        engine={name: _engine(engine, folder) for name, engine in settings.engine.items()},
        state=replace(
            settings.state, dir=paths.absolute(settings.state.dir or paths.default_state_dir(), folder)
        ),
        control=replace(
            settings.control,
            socket=paths.absolute(settings.control.socket or paths.default_socket_path(), folder),
        ),
        http=replace(
            settings.http,
            token_file=settings.http.token_file and paths.absolute(settings.http.token_file, folder),
        ),
    )


def _engine(engine: EngineSettings, folder: Path) -> EngineSettings:
    """A voice that is plainly a path is one relative to the file; other voices are names."""
    voice = engine.voice
    if voice is None or not (voice.endswith(".onnx") or voice.startswith(("~", "./", "../"))):
        return engine
    return replace(engine, voice=str(paths.absolute(voice, folder)))


def _contradictions(settings: Settings, folder: Path) -> list[Problem]:
    """What is wrong although each value is allowed."""
    problems = []
    names: dict[str, int] = {}
    for index, source in enumerate(settings.sources):
        where: Where = ("sources", index)
        name = source.name or source.path
        if name in (SAY, OWN):
            problems.append(Problem((*where, "name"), f'"{name}" is the name of what is said directly'))
        if names.setdefault(name, index) != index:
            what = f'is also called "{name}", as sources[{names[name]}] is; give it a `name` of its own'
            problems.append(Problem(where, what))
        problems += [Problem((*where, key), text) for key, text in _unusable(source)]
    return [
        *problems,
        *_rule_problems(settings, folder),
        *_engine_problems(settings),
        *engine_names.problems(settings),
        *voice_problems.problems(settings, folder),
        *_http_problems(settings),
        *(Problem(("quiet", key), text) for key, text in quiet.problems_of(settings.quiet)),
    ]


def _http_problems(settings: Settings) -> list[Problem]:
    """An API that others than this machine's programs could reach, and that asks for no token."""
    http = settings.http
    if not http.enabled or http.is_loopback or http.token_file is not None:
        return []
    return [Problem(("http", "host"), f'"{http.host}" can be reached by others: `token_file` must be given')]


def _rule_problems(settings: Settings, folder: Path) -> list[Problem]:
    """Patterns, templates, tags and names that the rules of what is said cannot use."""
    from ttsd.text import check

    sources = settings.sources
    meant = replace(
        settings, sources=tuple(source_settings.with_filters(source, folder) for source in sources)
    )
    return [
        Problem(
            source_settings.as_written(where, sources[int(where[1])]) if where[0] == "sources" else where,
            text,
        )
        for where, text in check.problems(meant)
    ]


def _unusable(source: SourceSettings) -> Iterator[tuple[str, str]]:
    """Settings of a source that are text, but not of the kind they must be."""
    try:
        codecs.lookup(source.encoding)
    except LookupError:
        yield "encoding", f'there is no encoding "{source.encoding}"'
    for key in ("join_start", "join_continue"):
        pattern = getattr(source, key)
        try:
            if pattern is not None:
                Pattern(pattern)
        except PatternError as error:
            yield key, error.what


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
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            problems.append(Problem(where, "a name has letters, digits, - and _ alone, 64 at most"))
        if engine.uri is None and catalog.find(name) is None:
            problems.append(Problem(where, f"is no known engine and has no uri{catalog.did_you_mean(name)}"))
        if engine.uri is not None:
            problems += [Problem((*where, "uri"), text) for text in _bad_addresses(engine.uri)]
        for key, value in engine.options.items():
            found = catalog.option_problems(name, {key: value})
            problems += [Problem((*where, key), problem) for problem in found]
    return problems


def _bad_addresses(uris: str) -> Iterator[str]:
    from ttsd.engines.uri import parse  # with urllib, which few need

    for uri in uris.split():
        try:
            parse(uri)
        except EngineRefused as error:
            yield f"{error.what}; {error.next_step}"


def _located(problems: tuple[Problem, ...], given: Given) -> list[str]:
    """One sentence for each problem, with the line or variable it comes from; in the file's order."""
    from ttsd.config.toml_lines import Lines  # needed only when something is wrong

    lines = Lines(given.text)
    found = []
    for problem in problems:
        line, variable = lines.of(problem.where), variable_of(problem.where, given)
        if variable:
            found.append((0, f"{variable}: {problem}"))
        elif given.path is None or (problem.where and str(problem.where[0]).startswith(environment.PREFIX)):
            found.append((0, f"{dotted(problem.where)}: {problem.text}"))
        else:
            found.append(
                (line or 0, f"{given.path}:{line}: {problem}" if line else f"{given.path}: {problem}")
            )
    return [sentence for _, sentence in sorted(found, key=lambda pair: pair[0])]


def variable_of(where: Where, given: Given) -> str | None:
    """The variable that a setting, or the list it stands in, came from; None: none of them."""
    outwards = (where[:length] for length in range(len(where), 0, -1))
    return next((given.variables[outer] for outer in outwards if outer in given.variables), None)
