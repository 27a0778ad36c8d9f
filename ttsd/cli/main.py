"""From words to exit code: the only place, with the daemon's, that knows exit codes."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from ttsd import journal
from ttsd.cli import exits, parser
from ttsd.cli.colour import paint_for
from ttsd.errors import ConfigError, ControlError, NotRunning, TtsdError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    Verbs = Mapping[str, Callable[[argparse.Namespace], int]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code (argparse itself exits with 2 on bad words)."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(words)
        sys.stdout.flush()
    except TtsdError as error:
        _tell(error)
        return _code(error)
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough. Python flushes once more at its end: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return code


def _run(words: list[str]) -> int:
    if words[:1] == ["worker"]:  # reads its words itself, and must not load what it does not need
        from ttsd.engines.worker import main as worker

        return worker(words[1:])
    arguments = parser.for_words(words).parse_args(words)
    if arguments.verb is None:
        parser.build().print_help(sys.stderr)
        return exits.USAGE
    return _verbs(arguments)[arguments.verb](arguments)


def _verbs(arguments: argparse.Namespace) -> Verbs:
    """The module of a verb: each loads what it needs and nothing else."""
    match arguments.verb:
        case "run" | "check" | "version" | "doctor" | "devices" | "cable":
            from ttsd.cli import local

            return local.VERBS
        case "service":
            from ttsd.service import verbs

            return verbs.VERBS
        case "init" | "config" | "completion":
            from ttsd.cli import configure

            return configure.VERBS
        case "engines":
            from ttsd.cli import engines

            return engines.VERBS
        case "engine":
            from ttsd.cli import engine

            return engine.VERBS
        case "checkpoints":
            from ttsd.cli import checkpoints

            return checkpoints.VERBS
        case "voices":
            from ttsd.cli import voices

            return voices.VERBS
        case "speakers":
            from ttsd.cli import speakers

            return speakers.VERBS
        case "render" | "compare":
            from ttsd.cli import render

            return render.VERBS
        case "top":
            from ttsd.cli import top

            return top.VERBS
        case "explain":
            from ttsd.cli import explain

            return explain.VERBS
        case "say" if arguments.out is not None:
            from ttsd.cli import say_file

            return say_file.VERBS
        case _:
            from ttsd.cli import remote

            return remote.VERBS


def _tell(error: TtsdError) -> None:
    """What happened, and below it what to do."""
    paint = paint_for(sys.stderr)
    where = f"{error.where}: " if error.where else ""
    text = f"{paint.bad('ttsd:')} {error if isinstance(error, ConfigError) else where + error.what}"
    if error.next_step:
        text += f"\n      {error.next_step}"
    mark = journal.ERROR if journal.is_stderr() else ""
    print(*(mark + line for line in text.split("\n")), sep="\n", file=sys.stderr)


def _code(error: TtsdError) -> int:
    match error:
        case ConfigError():
            return exits.BAD_CONFIGURATION
        case NotRunning():
            return exits.NOT_RUNNING
        case UsageError():
            return exits.USAGE
        case ControlError():
            from ttsd.control.client import NO_SENSE, Refused  # loaded already, where there is such an error

            return exits.USAGE if isinstance(error, Refused) and error.number in NO_SENSE else exits.FAILURE
        case _:
            return exits.FAILURE
