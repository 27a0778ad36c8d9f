"""The words of the command line. Light: no part of ttsd is imported before a verb needs it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class _Verb(Protocol):
        """Makes the parser of one verb."""

        def __call__(self, name: str, text: str, *, data: bool = True) -> argparse.ArgumentParser: ...


DESCRIPTION = "Reads aloud what grows in your files: chats, journals, logs, notes."
PRIORITIES = ("low", "normal", "high", "urgent")


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
    _voice(verb)
    _queue(verb)
    _engines(verb)
    _rooms(verb)
    _configuration(verb)
    return parser


def _voice(verb: _Verb) -> None:
    say = verb("say", "speak a text")
    say.add_argument("text", nargs="+", metavar="TEXT", help="what to speak; - reads it from stdin")
    say.add_argument("--engine", metavar="NAME", help="the engine to try before the chain")
    say.add_argument("--voice", metavar="NAME", help="the voice to speak with")
    say.add_argument("--source", metavar="NAME", help="the source it counts for (default: say)")
    say.add_argument("--priority", choices=PRIORITIES, help="who goes first; urgent interrupts")
    say.add_argument("--key", metavar="KEY", help="replaces what waits with the same key")
    say.add_argument("--max-age", metavar="TIME", help="drop it when it is older, such as 30s or 5m")
    say.add_argument("--wait", action="store_true", help="return when it has been heard")
    say.add_argument("--out", type=Path, metavar="FILE", help="write it to a WAV instead; needs no daemon")

    verb("status", "show what the daemon is doing")
    verb("skip", "end what is heard now and go on with the next")
    verb("stop", "end what is heard now and pause")
    verb("pause", "fall silent; the queue is kept and goes on growing")
    verb("resume", "go on where pause or stop ended")
    volume = verb("volume", "show or set how loud it is")
    volume.add_argument("volume", nargs="?", type=int, metavar="PERCENT", help="0 to 150")
    mute = verb("mute", "speak without a sound, or be heard again")
    mute.add_argument("on", nargs="?", choices=("on", "off"), help="default: the other way round")


def _queue(verb: _Verb) -> None:
    clear = verb("clear", "drop what waits; what is heard goes on")
    clear.add_argument("source", nargs="?", metavar="SOURCE", help="only what came from this source")
    queue = _actions(
        verb("queue", "list what waits, or take one out, or move one"), ("list", "remove", "move")
    )
    queue.add_argument("id", nargs="?", type=int, metavar="ID", help="the utterance to remove or move")
    queue.add_argument("position", nargs="?", type=int, default=0, metavar="PLACE", help="move: 0 is next")
    queue.add_argument("--limit", type=int, default=100, metavar="N", help="list at most so many")
    history = verb("history", "list what ended, newest first")
    history.add_argument("--limit", type=int, default=20, metavar="N", help="list at most so many")
    replay = verb("replay", "speak again what was spoken")
    replay.add_argument("id", nargs="?", type=int, metavar="ID", help="default: the last one")
    events = verb("events", "print what happens as it happens, one JSON object a line", data=False)
    events.add_argument("events", nargs="*", metavar="EVENT", help="only these, such as begin and end")


def _engines(verb: _Verb) -> None:
    switch = verb("switch", "put an engine at the head of the chain, now and in the file")
    switch.add_argument("engine", metavar="ENGINE", help="its name, as `ttsd engines` lists it")
    verb("engines", "list the engines: what is installed, and what brings the others")
    voices = verb("voices", "list the voices that can be asked for")
    voices.add_argument("engine", nargs="?", metavar="ENGINE", help="only this engine's")


def _rooms(verb: _Verb) -> None:
    verb("devices", "list the devices that sound can go to")
    source = _actions(
        verb("source", "list what is followed, or switch a source off or on"), ("list", "enable", "disable")
    )
    source.add_argument("name", nargs="?", metavar="NAME", help="the source to enable or disable")
    verb("reload", "read the configuration again")
    verb("shutdown", "end the daemon in an orderly way")
    ctl = verb("ctl", "call a method of the control socket")
    ctl.add_argument("method", metavar="METHOD", help="such as queue.list; see docs/control.md")
    ctl.add_argument("params", nargs="?", default="{}", metavar="JSON", help="its parameters, an object")


def _configuration(verb: _Verb) -> None:
    verb("check", "check the configuration and say everything that is wrong with it")
    verb("version", "print the version")


def _actions(parser: argparse.ArgumentParser, actions: Sequence[str]) -> argparse.ArgumentParser:
    parser.add_argument("action", nargs="?", choices=actions, default="list", help="default: list")
    return parser
