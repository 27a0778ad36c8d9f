"""Completion scripts for shells, made from the parser. shtab is imported only when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ttsd.errors import UsageError

if TYPE_CHECKING:
    import argparse

Shell = Literal["bash", "zsh", "fish"]


def script(parser: argparse.ArgumentParser, shell: Shell) -> str:
    """The script that teaches *shell* to complete *parser*'s verbs, options, choices and file names.

    Marks the parser's file arguments on the way. Raises UsageError if shtab is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        raise UsageError("completion scripts are made by shtab", next_step="pip install shtab") from error
    for action in _actions(parser):
        if action.metavar in ("FILE", "PATH"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # how shtab wants to be told
        elif action.metavar in ("DIR", "FOLDER"):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # as above
    return shtab.complete(parser, shell=shell)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Every argument of the parser and of its verbs."""
    found: list[argparse.Action] = []
    for action in parser._actions:
        found.append(action)
        choices = action.choices
        if isinstance(choices, dict):  # verbs: their parsers by name
            for verb in choices.values():
                found += _actions(verb)
    return found
