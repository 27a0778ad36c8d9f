"""Bytes to requests, results and events to bytes. Pure; docs/control.md is its specification.

JSON-RPC 2.0, one object a line. A line that does not start with `{` is a plain command
(`skip`, `say hello there`) and gets a plain answer (`ok …`, `error CODE: …`).

Invariant: whatever bytes come in, `parse` returns a Request or a Refusal, never raises; whatever
text goes out is one line.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from ttsd import __version__
from ttsd.commands import METHODS, Command, Say
from ttsd.errors import Fault, TtsdError
from ttsd.frozen import frozen
from ttsd.schema import fields_of, plain, read
from ttsd.shapes import ListOf, did_you_mean

if TYPE_CHECKING:
    from ttsd.events import Event

PROTOCOL = 1
"""Goes up when something that scripts rely on changes its meaning."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
FAILED = -32000
"""Any error of ttsd itself; `data.code` says which."""

Id: TypeAlias = str | int | float | None

# `status` for status, but also the words that the command line uses.
_ALIASES = {
    "switch": "engine.switch",
    "engines": "engine.list",
    "voices": "voice.list",
    "devices": "device.list",
    "sources": "source.list",
    "queue": "queue.list",
    "history": "history.list",
    "volume": "volume.get",
    "replay": "history.replay",
}
_ALIASES_WITH_WORDS = {"volume": "volume.set"}


@frozen
class Request:
    """A line that asks for something."""

    command: Command
    id: Id
    """Echoed with the answer."""
    plain: bool = False
    """It was a plain command and gets a plain answer."""
    silent: bool = False
    """A JSON-RPC notification: nobody waits for an answer."""


@frozen
class Refusal:
    """A line that cannot be a command, and the answer it gets."""

    number: int
    """A JSON-RPC error code."""
    what: str
    code: str = "usage"
    id: Id = None
    plain: bool = False
    silent: bool = False


def parse(line: bytes) -> Request | Refusal | None:
    """What a line without its newline asks for; None for an empty one."""
    line = line.strip()
    if not line:
        return None
    if line.startswith(b"["):
        return Refusal(INVALID_REQUEST, "batches are not taken; send one object a line")
    return _parse_json(line) if line.startswith(b"{") else _parse_plain(line)


def hello() -> bytes:
    """The greeting."""
    return _notification("hello", {"name": "ttsd", "version": __version__, "protocol": PROTOCOL})


def bye(code: str, what: str) -> bytes:
    """The last word before the server closes a connection."""
    return _notification("bye", {"code": code, "message": what})


def event(happened: Event) -> bytes:
    """The line that tells a subscriber."""
    return _notification(happened.name, happened.to_json())


def answer(request: Request | Refusal, result: object) -> bytes:
    """The line that answers: *result* is plain data, frozen dataclasses, or the error it ended with."""
    if isinstance(request, Refusal):
        return _error(request, request.number, request.what, {"code": request.code})
    if isinstance(result, TtsdError):
        data = {"code": result.code, "where": result.where, "next_step": result.next_step}
        number = INTERNAL_ERROR if isinstance(result, Fault) else FAILED
        return _error(request, number, result.what, {key: item for key, item in data.items() if item})
    try:
        text = _dumps(plain(result))
    except (TypeError, ValueError) as error:  # a fault of ttsd: the client is told, the loop lives on
        return _error(request, INTERNAL_ERROR, f"the answer cannot be written: {error}", {"code": "error"})
    if request.plain:
        return b"ok " + text + b"\n"
    return b'{"jsonrpc":"2.0","id":' + _dumps(request.id) + b',"result":' + text + b"}\n"


def _parse_json(line: bytes) -> Request | Refusal:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: JSON and UTF-8 errors alike
        return Refusal(PARSE_ERROR, f"not JSON: {error}")
    call_id = data.get("id")
    if not _is_id(call_id):
        return Refusal(INVALID_REQUEST, "id must be text, a number or null")
    silent = "id" not in data
    method, params = data.get("method"), data.get("params")
    if not isinstance(method, str):
        return Refusal(INVALID_REQUEST, "method must be text", id=call_id)
    cls = METHODS.get(method)
    if cls is None:
        what = f'there is no method "{method[:60]}"{did_you_mean(method, METHODS)}'
        return Refusal(METHOD_NOT_FOUND, what, "unknown-method", call_id, silent=silent)
    if isinstance(params, list):
        return Refusal(INVALID_PARAMS, "params must be an object with names", id=call_id, silent=silent)
    return _build(cls, {} if params is None else params, call_id, plain=False, silent=silent)


def _parse_plain(line: bytes) -> Request | Refusal:
    """Words are parameters in order; the text of `say` takes the whole line."""
    words = line.decode("utf-8", errors="replace").split(None, 1) or [""]  # str has more kinds of space
    name, rest = words[0].lower(), words[1] if len(words) > 1 else ""
    second, _, others = rest.partition(" ")
    if f"{name}.{second.lower()}" in METHODS:  # `queue list` for queue.list
        name, rest = f"{name}.{second.lower()}", others
    if rest.strip():
        name = _ALIASES_WITH_WORDS.get(name, name)
    cls = METHODS.get(_ALIASES.get(name, name))
    if cls is None:
        hint = did_you_mean(name, [*METHODS, *_ALIASES])
        return Refusal(
            METHOD_NOT_FOUND, f'there is no command "{name[:60]}"{hint}', "unknown-method", plain=True
        )
    fields, rest = fields_of(cls), rest.strip()
    words = rest.split()
    if words and fields and isinstance(fields[0].shape, ListOf):
        words = [",".join(words)]
    elif rest and (cls is Say or len(fields) == 1):  # a name may have spaces
        words = [rest]
    if len(words) > len(fields):
        most = f"at most {len(fields)} words" if fields else "no words"
        return Refusal(INVALID_PARAMS, f'"{name}" takes {most}, not "{rest[:60]}"', plain=True)
    params = {field.name: field.shape.data(word) for field, word in zip(fields, words, strict=False)}
    return _build(cls, params, None, plain=True, silent=False)


def _build(
    cls: type[Command], params: object, call_id: Id, *, plain: bool, silent: bool
) -> Request | Refusal:
    command, problems = read(cls, params, lenient=not plain)
    if command is None:
        what = "; ".join(str(problem) for problem in problems[:10])
        return Refusal(INVALID_PARAMS, what or "params do not fit", "usage", call_id, plain, silent)
    return Request(command, call_id, plain, silent)


def _is_id(value: object) -> bool:
    if isinstance(value, float):
        return isfinite(value)  # json.loads takes NaN and 1e999
    return isinstance(value, (str, int, type(None))) and not isinstance(value, bool)


def _error(request: Request | Refusal, number: int, what: str, data: dict[str, Any]) -> bytes:
    if request.plain:
        step = f" ({data['next_step']})" if "next_step" in data else ""
        return b"error " + " ".join(f"{data['code']}: {what}{step}".split()).encode(errors="replace") + b"\n"
    error = {"code": number, "message": what, "data": data}
    return _dumps({"jsonrpc": "2.0", "id": request.id, "error": error}) + b"\n"


def _notification(method: str, params: dict[str, Any]) -> bytes:
    return _dumps({"jsonrpc": "2.0", "method": method, "params": params}) + b"\n"


def _dumps(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace")  # lone surrogates, which JSON may carry in
