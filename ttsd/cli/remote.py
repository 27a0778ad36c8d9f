"""Verbs that ask the running daemon. Standard library alone: `ttsd status` is a matter of milliseconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ttsd.cli import show
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.errors import UsageError

if TYPE_CHECKING:
    import argparse

LONGEST_INPUT = 1 << 20
"""Characters that `say -` reads from stdin."""


def status(arguments: argparse.Namespace) -> int:
    """`ttsd status`."""
    return _print(arguments, _ask(arguments, "status"), show.status)


def say(arguments: argparse.Namespace) -> int:
    """`ttsd say`."""
    text = " ".join(arguments.text)
    if text == "-":
        text = sys.stdin.read(LONGEST_INPUT)
    if not text.strip():
        raise UsageError("there is nothing to say", next_step="ttsd say hello")
    wanted = {"text": text, "engine": arguments.engine, "voice": arguments.voice, "wait": arguments.wait}
    params = {key: value for key, value in wanted.items() if value is not None}
    answer = _ask(arguments, "say", params, timeout=None if arguments.wait else 30.0)
    code = _print(arguments, answer, show.said)
    return 1 if answer.get("state", "spoken") != "spoken" else code


def skip(arguments: argparse.Namespace) -> int:
    """`ttsd skip`."""
    return _print(arguments, _ask(arguments, "skip"), show.skipped)


def switch(arguments: argparse.Namespace) -> int:
    """`ttsd switch`."""
    return _print(arguments, _ask(arguments, "engine.switch", {"engine": arguments.engine}), show.switched)


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "status": status,
    "say": say,
    "skip": skip,
    "switch": switch,
}


def _ask(
    arguments: argparse.Namespace,
    method: str,
    params: Mapping[str, object] | None = None,
    *,
    timeout: float | None = 30.0,
) -> Any:
    with Client.connect(control_address(arguments.config)) as client:
        return client.call(method, params, timeout=timeout)


def _print(arguments: argparse.Namespace, answer: Any, as_text: Callable[[Any], str]) -> int:
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print(as_text(answer))
    return 0
