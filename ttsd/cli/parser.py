"""The words of the command line. Light: no part of ttsd is imported before a verb needs it."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = "Reads aloud what grows in your files: chats, journals, logs, notes."


def build() -> argparse.ArgumentParser:
    """The whole parser; each verb's name is in `verb`."""
    parser = argparse.ArgumentParser(prog="ttsd", description=DESCRIPTION)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, text: str, *, data: bool = True) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help="the configuration file (default: the user's ttsd.toml)",
        )
        if data:
            sub.add_argument("--json", action="store_true", help="print one JSON document")
        return sub

    verb("run", "run the daemon here until it is stopped", data=False)

    say = verb("say", "speak a text")
    say.add_argument("text", nargs="+", metavar="TEXT", help="what to speak; - reads it from stdin")
    say.add_argument("--engine", metavar="NAME", help="the engine to try before the chain")
    say.add_argument("--voice", metavar="NAME", help="the voice to speak with")
    say.add_argument("--wait", action="store_true", help="return when it has been heard")

    verb("status", "show what the daemon is doing")
    verb("skip", "end what is heard now and go on with the next")

    switch = verb("switch", "put an engine at the head of the chain, now and in the file")
    switch.add_argument("engine", metavar="ENGINE", help="its name, as `ttsd engines` lists it")

    verb("engines", "list the engines: what is installed, and what brings the others")
    verb("check", "check the configuration and say everything that is wrong with it")
    verb("version", "print the version")
    return parser
