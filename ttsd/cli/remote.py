"""Verbs that ask the running daemon. Standard library alone: `ttsd status` is a matter of milliseconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ttsd.cli import show
from ttsd.cli.colour import paint_for
from ttsd.cli.text import text_of
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.errors import UsageError

if TYPE_CHECKING:
    import argparse

Call: TypeAlias = "tuple[str, dict[str, object]]"
"""Method and parameters."""


def call_of(arguments: argparse.Namespace) -> Call:
    """The method a verb calls and its parameters. Raises UsageError."""
    match arguments.verb:
        case "say":
            return "say", _say(arguments)
        case "switch":
            return "engine.switch", {"engine": arguments.engine}
        case "clear":
            return "clear", _given(source=arguments.source)
        case "queue" if arguments.action == "list":
            if arguments.id is not None:
                raise UsageError("queue list takes no ID", next_step=f"ttsd queue --limit {arguments.id}")
            return "queue.list", {"limit": arguments.limit}
        case "queue":
            if arguments.id is None:
                raise UsageError("which utterance?", next_step=f"ttsd queue {arguments.action} ID")
            place = {"position": arguments.position} if arguments.action == "move" else {}
            return f"queue.{arguments.action}", {"id": arguments.id, **place}
        case "withdraw":
            which = _given(id=arguments.id, key=arguments.key, speaker=arguments.speaker)
            if not which:
                raise UsageError("which messages?", next_step="ttsd withdraw ID, --key KEY or --speaker NAME")
            return "withdraw", {**which, **_given(source=arguments.source)}
        case "history":
            return "history.list", {"limit": arguments.limit}
        case "replay":
            return "history.replay", _given(id=arguments.id)
        case "volume":
            return (
                ("volume.get", {})
                if arguments.volume is None
                else ("volume.set", {"volume": arguments.volume})
            )
        case "mute":
            return "mute", {} if arguments.on is None else {"on": arguments.on == "on"}
        case "source" if arguments.action == "list":
            if arguments.name is not None:
                raise UsageError("source list takes no NAME", next_step="ttsd source lists them all")
            return "source.list", {}
        case "source":
            if arguments.name is None:
                raise UsageError("which source?", next_step=f"ttsd source {arguments.action} NAME")
            return f"source.{arguments.action}", {"source": arguments.name}
        case "profile" if arguments.off:
            if arguments.name is not None:
                raise UsageError("a NAME and --off contradict each other", next_step="ttsd profile --off")
            return "profile.use", {}
        case "profile" if arguments.name is None or arguments.list:
            return "profile.list", {}
        case "profile":
            return "profile.use", {"profile": arguments.name}
        case "ctl":
            return arguments.method, _object(arguments.params)
        case verb:
            return verb, {}


def ask(arguments: argparse.Namespace) -> int:
    """Call the method, print the answer for people or as JSON."""
    method, params = call_of(arguments)
    timeout = None if params.get("wait") else 60.0
    with Client.connect(control_address(arguments.config)) as client:
        answer = client.call(method, params, timeout=timeout)
    if arguments.verb == "ctl" or arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print(show.answer(method, answer, paint_for(sys.stdout)))
    # `say --wait` that was not heard is a failure for the script that waited.
    return 1 if method == "say" and answer.get("state", "spoken") != "spoken" else 0


def events(arguments: argparse.Namespace) -> int:
    """`ttsd events`: until it is interrupted or the daemon ends."""
    with Client.connect(control_address(arguments.config)) as client:
        client.call("subscribe", _given(events=arguments.events or None))
        for name, fields in client.events():
            print(json.dumps({"event": name, **fields}, ensure_ascii=False), flush=True)
    return 0


def _say(arguments: argparse.Namespace) -> dict[str, object]:
    return _given(
        text=text_of(arguments),
        engine=arguments.engine,
        voice=arguments.voice,
        source=arguments.source,
        priority=arguments.priority,
        key=arguments.key,
        max_age=arguments.max_age,
        wait=arguments.wait or None,
    )


def _given(**params: object) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


def _object(text: str) -> dict[str, object]:
    try:
        params: Any = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"the parameters are not JSON: {error}", next_step="""such as '{"limit": 5}'"""
        ) from error
    if not isinstance(params, dict):
        raise UsageError("the parameters must be a JSON object", next_step="""such as '{"limit": 5}'""")
    return params


class _Verbs(dict[str, Callable[["argparse.Namespace"], int]]):
    """Verbs that do more than call one method; every other one is `ask`."""

    def __missing__(self, verb: str) -> Callable[[argparse.Namespace], int]:
        return ask


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = _Verbs(events=events)
