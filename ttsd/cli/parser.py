"""The words of the command line. Light: no part of ttsd is imported before a verb needs it.

`VERBS` is the table; `build` makes the whole parser, or, for speed, the parser of one verb alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias  # dataclasses would cost the client 7 ms

from ttsd import __version__
from ttsd.cli import words

Fill: TypeAlias = Callable[[argparse.ArgumentParser], object]
"""Adds a verb's own arguments to its parser."""

DESCRIPTION = "Reads aloud what grows in your files: chats, journals, logs, notes."
FIRST_STEPS = """\
first steps:
  ttsd run               run the daemon here; `ttsd init` writes its configuration
  ttsd say hello         speak a text
  ttsd status            what it is doing, and what is wrong

`ttsd VERB --help` tells more of each verb; `ttsd doctor` finds out why nothing is heard.
"""


class Verb(NamedTuple):
    """One verb."""

    text: str
    """What it does, to follow "ttsd VERB": no capital, no full stop."""
    fill: Fill = words.nothing
    data: bool = True
    """It prints data, and so takes --json."""
    config: bool = True
    """It needs the configuration, and so takes --config."""


VERBS: dict[str, Verb] = {
    "run": Verb("run the daemon here until it is stopped", words.run, data=False),
    "say": Verb("speak a text", words.say),
    "status": Verb("show what the daemon is doing"),
    "skip": Verb("end what is heard now and go on with the next"),
    "stop": Verb("end what is heard now and pause"),
    "pause": Verb("fall silent; the queue is kept and goes on growing"),
    "resume": Verb("go on where pause or stop ended"),
    "top": Verb(
        "show live what it is doing, with keys to skip, pause and turn the volume", words.top, data=False
    ),
    "clear": Verb("drop what waits; what is heard goes on", words.clear),
    "volume": Verb("show or set how loud it is", words.volume),
    "mute": Verb("speak without a sound, or be heard again", words.mute),
    "queue": Verb("list what waits, or take one out, or move one", words.queue),
    "withdraw": Verb("take messages back: from the voice, the queue and the history", words.withdraw),
    "history": Verb("list what ended, newest first", words.history),
    "replay": Verb("speak again what was spoken", words.replay),
    "events": Verb("print what happens as it happens, one JSON object a line", words.events, data=False),
    "switch": Verb("put an engine at the head of the chain, now and in the file", words.switch),
    "engines": Verb("list the engines: what is installed, and what brings the others"),
    "engine": Verb("install an engine into a venv of its own, renew, remove or try it", words.engine),
    "voices": Verb("list the voices, find others, add and remove them", words.voices),
    "speakers": Verb("list, add or remove recordings that voices are cloned from", words.speakers),
    "render": Verb("make sound files of texts, by several engines side by side", words.render),
    "compare": Verb("let every engine speak a text into a file, and measure them", words.compare),
    "checkpoints": Verb("list, show, use or delete the fine-tuned checkpoints of xtts", words.checkpoints),
    "worker": Verb("run one engine as a Wyoming server", words.worker, data=False, config=False),
    "devices": Verb("list the devices that sound can go to, as they are now", config=False),
    "cable": Verb(
        "make, remove or show a virtual cable that other programs record", words.cable, config=False
    ),
    "source": Verb("list what is followed, or switch a source off or on", words.source),
    "profile": Verb("list the profiles, or put the settings of one in force", words.profile),
    "reload": Verb("read the configuration again"),
    "shutdown": Verb("end the daemon in an orderly way"),
    "ctl": Verb("call a method of the control socket", words.ctl, data=False),
    "init": Verb("write a first configuration, from a few questions or from options", words.init, data=False),
    "check": Verb("check the configuration and say everything that is wrong with it"),
    "explain": Verb("show what would be said of each line of a file, and why", words.explain),
    "config": Verb("show the settings in force, set one, or print their schema", words.config),
    "service": Verb("install, remove or show ttsd as a service that starts by itself", words.service),
    "doctor": Verb("look at everything that ttsd needs, and say what to do"),
    "completion": Verb(
        "print a script that completes verbs and options", words.completion, data=False, config=False
    ),
    "version": Verb("print the version"),
}
"""In the order of help and documentation: what is used every day comes first."""


def build(only: str | None = None) -> argparse.ArgumentParser:
    """The parser; the verb's name is in `verb`. *only*: a verb whose parser is enough."""
    parser = argparse.ArgumentParser(
        prog="ttsd",
        description=DESCRIPTION,
        epilog=FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"ttsd {__version__}", help="print the version"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, verb in VERBS.items():
        if only in (None, name):
            _add(verbs.add_parser(name, help=verb.text, description=sentence(verb.text)), verb)
    return parser


def for_words(argv: list[str]) -> argparse.ArgumentParser:
    """The parser that is needed for these words."""
    return build(argv[0] if argv and argv[0] in VERBS else None)


def sentence(text: str) -> str:
    """*text* with a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


def _add(parser: argparse.ArgumentParser, verb: Verb) -> None:
    verb.fill(parser)
    if verb.config:
        parser.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help="the configuration file (default: the user's ttsd.toml)",
        )
    if verb.data:
        parser.add_argument("--json", action="store_true", help="print one JSON document")
