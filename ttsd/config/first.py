"""`ttsd init`: a few answers become a commented ttsd.toml that loads and speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from ttsd.config.show import toml_value
from ttsd.errors import ConfigError, UsageError
from ttsd.frozen import frozen
from ttsd.model import EngineName
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from pathlib import Path

OutputType = Literal["auto", "pulse", "portaudio", "file", "null"]
Prompt: TypeAlias = Callable[[str, str], str]
"""Asks a question, shows the default, and returns the answer; empty: the default."""


@frozen(kw_only=True)
class Answers:
    """What a first configuration needs to know; the defaults speak on any machine."""

    sources: tuple[str, ...] = ("speak.txt",)
    """Files, globs or directories."""
    start: Literal["end", "beginning"] = "end"
    engines: tuple[EngineName, ...] = (EngineName("piper"), EngineName("hibari"))
    voice: str | None = None
    """The first engine's voice; None: its own default."""
    output: OutputType = "auto"
    device: str | None = None
    """Sink or device name; None: the default one."""
    folder: str = "spoken"
    """Where WAVs go, for the output `file`."""


def ask(prompt: Prompt, default: Answers) -> Answers:
    """Ask a person, one question for each thing. Raises UsageError if an answer makes no sense."""
    sources = prompt(
        "Which files shall be read aloud? (files, globs or folders, comma between)",
        ", ".join(default.sources),
    )
    start = prompt(
        "Speak what is in them already (beginning), or what is added from now on (end)?", default.start
    )
    engines = prompt("Which engines, best first?", ", ".join(default.engines))
    voice = prompt(
        "Which voice? (a name, or the path of a model; empty: the engine's own)", default.voice or ""
    )
    output = prompt(f"Where shall it be heard? ({', '.join(get_args(OutputType))})", default.output)
    if start not in ("end", "beginning") or output not in get_args(OutputType):
        raise UsageError(f"{start if start not in ('end', 'beginning') else output} is none of the choices")
    return Answers(
        sources=_words(sources) or default.sources,
        start=cast(Literal["end", "beginning"], start),
        engines=tuple(EngineName(name) for name in _words(engines)) or default.engines,
        voice=voice or None,
        output=cast(OutputType, output),
        device=default.device,
        folder=default.folder,
    )


def text(answers: Answers, path: Path) -> str:
    """The file at *path*. Raises ConfigError if the answers make none that loads."""
    parts = [
        _HEAD,
        f"engines = {toml_value(answers.engines)}   # the first is tried first; `ttsd switch NAME` changes it here, too\n",
    ]
    if answers.voice is not None:
        parts.append(
            f"[engine.{answers.engines[0]}]\nvoice = {toml_value(answers.voice)}   # a voice's name, or the path of a model\n"
        )
    for source in answers.sources:
        parts.append(_SOURCE.format(path=toml_value(source), start=toml_value(answers.start)))
    parts.append(
        f'[[outputs]]\ntype = "{answers.output}"   # auto: the default device; files where the machine has no audio at all\n'
    )
    if answers.device is not None:
        parts[-1] += f"device = {toml_value(answers.device)}   # `ttsd devices` lists them\n"
    if answers.output == "file":
        parts[-1] += f"path = {toml_value(answers.folder)}   # one WAV per utterance, and spoken.jsonl\n"
    parts.append(_TAIL)
    written = "\n".join(parts)
    _check(written, path)
    return written


def write(path: Path, answers: Answers, *, replace: bool = False) -> None:
    """Write the file, never over one that is there unless *replace*. Raises UsageError, ConfigError."""
    if path.exists() and not replace:
        raise exists(path)
    content = text(answers, path)
    try:
        replace_file(path, content.encode())
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from error


def exists(path: Path) -> UsageError:
    """What is said of a file that is there."""
    return UsageError(
        "there is a configuration already", where=str(path), next_step="edit it, or use --force"
    )


def _words(answer: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in answer.split(",") if word.strip())


def _check(written: str, path: Path) -> None:
    from ttsd.config import loading

    loading.build(loading.given(written, path, {}))


_HEAD = """\
# ttsd.toml: what ttsd reads aloud, with which voice, and where it is heard.
# ttsd notices when this file is saved; nothing has to be restarted. `ttsd check` tells what is wrong with it,
# `ttsd config show` lists every setting. Relative paths are relative to this file's folder.
"""

_SOURCE = """\
[[sources]]
path = {path}   # a file, a glob (logs/*.log) or a directory: each new line is spoken
start = {start}   # of a file that was there before: "end" speaks only what is added, "beginning" all of it
"""

_TAIL = """\
# Some of what else there is, with the defaults:
#
# [speech]
# pause_ms = 300           # silence between two utterances
# max_age = "10m"          # older lines are not worth saying; not set: they are, however late
#
# [state]
# dir = "state"            # the queue and what was read; not set: the platform's state folder
"""
