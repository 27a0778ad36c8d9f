"""From words to exit code: the only place, with the daemon's, that knows exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ttsd.cli import parser
from ttsd.errors import ConfigError, NotRunning, TtsdError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

OK, FAILURE, USAGE, NOT_RUNNING, BAD_CONFIGURATION = 0, 1, 2, 3, 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code (argparse itself exits with 2 on bad words)."""
    arguments = parser.build().parse_args(argv)
    try:
        return _run(arguments)
    except TtsdError as error:
        print(f"ttsd: {error}", file=sys.stderr)
        return _code(error)
    except BrokenPipeError:
        return OK  # whoever read us (head, less) has seen enough
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    # Imports stand here so that a verb loads what it needs and nothing else.
    match arguments.verb:
        case "run":
            from ttsd.daemon import run

            return run(arguments.config)
        case "check" | "version" | "engines":
            from ttsd.cli.local import VERBS

            return VERBS[arguments.verb](arguments)
        case _:
            from ttsd.cli.remote import VERBS as REMOTE
            from ttsd.cli.remote import ask

            return REMOTE.get(arguments.verb, ask)(arguments)


def _code(error: TtsdError) -> int:
    match error:
        case ConfigError():
            return BAD_CONFIGURATION
        case NotRunning():
            return NOT_RUNNING
        case UsageError():
            return USAGE
        case _:
            return FAILURE
