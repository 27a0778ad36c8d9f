"""The arguments of each verb, a function for each that takes any."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIORITIES = ("low", "normal", "high", "urgent")
SHELLS = ("bash", "zsh", "fish")
OUTPUTS = ("auto", "pulse", "portaudio", "file", "null")


def nothing(parser: argparse.ArgumentParser) -> None:
    """A verb without arguments of its own."""
    del parser


def run(parser: argparse.ArgumentParser) -> None:
    """Where its log goes."""
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="write the log to this file, 5 MB and an older one"
    )


def say(parser: argparse.ArgumentParser) -> None:
    """What to speak, and how."""
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what to speak; - reads it from stdin")
    parser.add_argument("--engine", metavar="NAME", help="the engine to try before the chain")
    parser.add_argument("--voice", metavar="NAME", help="the voice to speak with")
    parser.add_argument("--source", metavar="NAME", help="the source it counts for (default: say)")
    parser.add_argument("--priority", choices=PRIORITIES, help="who goes first; urgent interrupts")
    parser.add_argument("--key", metavar="KEY", help="replaces what waits with the same key")
    parser.add_argument("--max-age", metavar="TIME", help="drop it when it is older, such as 30s or 5m")
    parser.add_argument("--wait", action="store_true", help="return when it has been heard")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write it to a sound file instead (.wav, .flac, .ogg …); needs no daemon",
    )


def clear(parser: argparse.ArgumentParser) -> None:
    """Of which source."""
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="only what came from this source")


def volume(parser: argparse.ArgumentParser) -> None:
    """How loud."""
    parser.add_argument("volume", nargs="?", type=int, metavar="PERCENT", help="0 to 150")


def mute(parser: argparse.ArgumentParser) -> None:
    """Which way."""
    parser.add_argument("on", nargs="?", choices=("on", "off"), help="default: the other way round")


def queue(parser: argparse.ArgumentParser) -> None:
    """An action and what it is done to."""
    _actions(parser, ("list", "remove", "move"))
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="the utterance to remove or move")
    parser.add_argument("position", nargs="?", type=int, default=0, metavar="PLACE", help="move: 0 is next")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="list at most so many")


def withdraw(parser: argparse.ArgumentParser) -> None:
    """Which ones."""
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="this one")
    parser.add_argument("--key", metavar="KEY", help="those with this key")
    parser.add_argument("--speaker", metavar="NAME", help="those of this speaker")
    parser.add_argument("--source", metavar="NAME", help="only what came from this source")


def top(parser: argparse.ArgumentParser) -> None:
    """How it is shown."""
    parser.add_argument("--plain", action="store_true", help="lines of text, as where there is no terminal")


def history(parser: argparse.ArgumentParser) -> None:
    """How much of it."""
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="list at most so many")


def replay(parser: argparse.ArgumentParser) -> None:
    """Which one."""
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="default: the last one")


def events(parser: argparse.ArgumentParser) -> None:
    """Which ones."""
    parser.add_argument("events", nargs="*", metavar="EVENT", help="only these, such as begin and end")


def switch(parser: argparse.ArgumentParser) -> None:
    """To which one."""
    parser.add_argument("engine", metavar="ENGINE", help="its name, as `ttsd engines` lists it")


def engine(parser: argparse.ArgumentParser) -> None:
    """An action, an engine, and how it is installed."""
    actions = ("install", "upgrade", "remove", "test", "unload")
    parser.add_argument(
        "action",
        choices=actions,
        help="test lets it speak and tells how fast it is; unload ends its process until its next sentence",
    )
    parser.add_argument("name", metavar="NAME", help="the engine, as `ttsd engines` lists it")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="test: what to speak")
    devices = parser.add_mutually_exclusive_group()
    for device, words in (("cpu", "for the processor"), ("cuda", "for a graphics card of Nvidia's")):
        devices.add_argument(
            f"--{device}",
            action="store_const",
            const=device,
            dest="device",
            help=f"install it {words} (default: what is there)",
        )
    parser.add_argument(
        "--upgrade", action="store_true", help="install: the same as the action upgrade, make it anew"
    )
    parser.add_argument("--python", type=Path, metavar="FILE", help="install: the Python to use")
    parser.add_argument("--index-url", metavar="URL", help="install: pip's package index")
    parser.add_argument("--torch-index", metavar="URL", help="install: another index, for torch alone")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="test: write the sound to this file (default: play it)"
    )


def checkpoints(parser: argparse.ArgumentParser) -> None:
    """An action and which one."""
    _actions(parser, ("list", "show", "use", "delete"))
    parser.add_argument("name", nargs="?", metavar="NAME", help="the checkpoint, as it is listed")
    parser.add_argument(
        "--force", action="store_true", help="delete: also the best one, and the one that is in use"
    )


def voices(parser: argparse.ArgumentParser) -> None:
    """An action and what it is about."""
    _actions(parser, ("list", "search", "add", "remove"))
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="list: an engine; search: what to look for; add, remove: a voice",
    )
    parser.add_argument("--force", action="store_true", help="remove: although the configuration names it")


def speakers(parser: argparse.ArgumentParser) -> None:
    """An action, and a recording."""
    _actions(parser, ("list", "add", "remove"))
    parser.add_argument("what", nargs="?", metavar="WHAT", help="add: a sound file; remove: a name")
    parser.add_argument("--name", metavar="NAME", help="add: what to call it (default: the file's name)")
    parser.add_argument("--replace", action="store_true", help="add: instead of the one of that name")


def render(parser: argparse.ArgumentParser) -> None:
    """What, whereto, and by whom."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="the texts; - reads one from stdin")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="where the sound goes")
    _takes(parser)
    parser.add_argument(
        "--source", metavar="NAME", help="the source whose rules hold (default: whose file it is)"
    )
    parser.add_argument(
        "--whole", action="store_true", help="one sound file for a text, not one for each line"
    )
    parser.add_argument("--format", choices=("wav", "flac"), default="wav", help="default: wav")


def compare(parser: argparse.ArgumentParser) -> None:
    """What, whereto, and by whom."""
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what to speak; - reads it from stdin")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("compare"), metavar="DIR", help="default: the folder compare"
    )
    _takes(parser)


def _takes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine", metavar="A,B", help="each of these engines, side by side (default: the chain)"
    )
    parser.add_argument("--preset", metavar="A,B", help="in each of these voices (default: as configured)")


def worker(parser: argparse.ArgumentParser) -> None:
    """All that ttsd.engines.worker takes; it reads the words itself."""
    parser.add_argument("engine", metavar="ENGINE", help="its name, as `ttsd engines` lists it")
    parser.add_argument(
        "rest",
        nargs=argparse.REMAINDER,
        metavar="…",
        help="such as --uri tcp://0.0.0.0:10200 or --uri unix:///run/piper.sock; `-h` tells all",
    )


def cable(parser: argparse.ArgumentParser) -> None:
    """An action and the cable's name."""
    parser.add_argument(
        "action", nargs="?", choices=("status", "create", "remove"), default="status", help="default: status"
    )
    parser.add_argument("--name", default="ttsd", metavar="NAME", help="the sink's (default: ttsd)")


def service(parser: argparse.ArgumentParser) -> None:
    """An action, and how it is installed."""
    actions = ("status", "install", "uninstall", "logs")
    parser.add_argument("action", nargs="?", choices=actions, default="status", help="default: status")
    parser.add_argument("--on-demand", action="store_true", help="systemd: a command starts ttsd, too")
    parser.add_argument("--cable", action="store_true", help="Linux: a virtual cable that always comes back")
    parser.add_argument(
        "--kind",
        choices=("task", "service"),
        default="task",
        help="Windows: a task of your log-on (default), or a service, which has no audio device",
    )
    parser.add_argument("--lines", type=int, default=50, metavar="N", help="logs: so many (default: 50)")
    parser.add_argument("--follow", action="store_true", help="logs: go on until interrupted")


def source(parser: argparse.ArgumentParser) -> None:
    """An action and which one."""
    _actions(parser, ("list", "enable", "disable"))
    parser.add_argument("name", nargs="?", metavar="NAME", help="the source to enable or disable")


def profile(parser: argparse.ArgumentParser) -> None:
    """Which one."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="its settings are in force from now on")
    parser.add_argument("--off", action="store_true", help="use none")
    parser.add_argument("--list", action="store_true", help="list them (default)")


def ctl(parser: argparse.ArgumentParser) -> None:
    """A method and its parameters."""
    parser.add_argument("method", metavar="METHOD", help="such as queue.list; see docs/control.md")
    parser.add_argument("params", nargs="?", default="{}", metavar="JSON", help="its parameters, an object")


def init(parser: argparse.ArgumentParser) -> None:
    """The answers; whatever is given is not asked."""
    parser.add_argument("--force", action="store_true", help="replace a configuration that is there")
    parser.add_argument(
        "--source",
        action="append",
        dest="sources",
        metavar="PATH",
        help="a file, a glob or a folder to read aloud; may be given again",
    )
    parser.add_argument("--start", choices=("end", "beginning"), help="of a file that is there already")
    parser.add_argument(
        "--engine", action="append", dest="engines", metavar="NAME", help="best first; may be given again"
    )
    parser.add_argument("--voice", metavar="NAME", help="the first engine's voice")
    parser.add_argument("--output", choices=OUTPUTS, help="where the sound goes")
    parser.add_argument("--device", metavar="NAME", help="a sink or device, as `ttsd devices` lists it")
    parser.add_argument("--folder", metavar="DIR", help="where WAVs go, for the output file")
    parser.add_argument("--yes", action="store_true", help="ask nothing: defaults for what is not given")


def config(parser: argparse.ArgumentParser) -> None:
    """An action, a setting and a value."""
    parser.add_argument(
        "action", nargs="?", choices=("show", "get", "set", "schema"), default="show", help="default: show"
    )
    parser.add_argument("key", nargs="?", metavar="KEY", help="get, set: such as speech.pause_ms")
    parser.add_argument("value", nargs="?", metavar="VALUE", help="set: such as 120, 2m or piper,hibari")


def explain(parser: argparse.ArgumentParser) -> None:
    """A file, and whose rules hold for it."""
    parser.add_argument("file", metavar="FILE", help="the lines; - reads them from stdin")
    parser.add_argument(
        "--source", metavar="NAME", help="the source whose rules hold (default: whose file it is)"
    )
    parser.add_argument("--profile", metavar="NAME", help="by the rules of this profile (default: of none)")


def completion(parser: argparse.ArgumentParser) -> None:
    """For which shell."""
    parser.add_argument("shell", choices=SHELLS, help="eval its output, or put it where the shell looks")


def _actions(parser: argparse.ArgumentParser, actions: Sequence[str]) -> None:
    parser.add_argument("action", nargs="?", choices=actions, default="list", help="default: list")
