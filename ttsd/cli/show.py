"""Answers of the daemon as text for people. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def answer(method: str, result: Any) -> str:
    """What *method* answered, in words."""
    show = _SHOWN.get(method)
    return show(result) if show else str(result)


def status(result: dict[str, Any]) -> str:
    """What the daemon is doing, most important first."""
    now, queue, counters = result["now"], result["queue"], result["counters"]
    lines = [f"{result['state']}, {queue['queued']} queued, {counters['spoken']} spoken ({result['engine']})"]
    if now:
        lines.append(f"now      {now['source']}: {shorten(now['text'])}")
    if result["trouble"]:
        lines.append(f"trouble  {result['trouble']}")
    lines += [f"config   {problem}" for problem in result["config_problems"]]
    lines += [f"engine   {engine(one)}" for one in result["chain"]]
    for output in result["outputs"]:
        lines.append(f"output   {output['name']}: {output['error'] or output['description']}")
    lines += [line for source in result["sources"] for line in _source(source)]
    return "\n".join(lines)


def engine(result: dict[str, Any]) -> str:
    """One engine in one line."""
    voice = f" ({result['voice']})" if result["voice"] else ""
    detail = f": {result['detail']}" if result["detail"] else ""
    return f"{result['name']}{voice} {result['state']}{detail}"


def shorten(text: str, width: int = 70) -> str:
    """*text* in one line of at most *width* characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _source(source: dict[str, Any]) -> list[str]:
    state = source["waiting"] or source["last_error"] or f"{len(source['files'])} file(s)"
    lines = [f"source   {source['name']}: {state}"]
    for file in source["files"]:
        state = file["waiting"] or file["last_error"] or f"{file['offset']} of {file['size']} bytes read"
        lines.append(f"         {file['path']}: {state}")
    return lines


def _said(result: dict[str, Any]) -> str:
    if "state" not in result:
        return f"queued as {result['id']}"
    reason = f": {result['reason']}" if result.get("reason") else ""
    by = f" by {result['engine']} in {result['seconds']:.1f} s" if result["engine"] else ""
    return f"{result['state']}{by}{reason}"


def _skipped(result: dict[str, Any]) -> str:
    return "nothing was heard" if result["skipped"] is None else f"skipped {result['skipped']}"


def _switched(result: dict[str, Any]) -> str:
    saved = "" if result["saved"] else " (until the daemon ends: it runs without a configuration file)"
    return f"speaking with {' then '.join(result['chain'])}{saved}"


def _queue(result: dict[str, Any]) -> str:
    lines = [
        f"{u['id']:>6}  {u['priority']:<6}  {u['source']}: {shorten(u['text'])}" for u in result["utterances"]
    ]
    return "\n".join(lines) or "nothing waits"


def _history(result: dict[str, Any]) -> str:
    lines = []
    for u in result["utterances"]:
        when = time.strftime("%H:%M:%S", time.localtime(u["ended_at"]))
        how = u["state"] if u["state"] == "spoken" else f"{u['state']} ({u['reason']})"
        lines.append(f"{u['id']:>6}  {when}  {how}  {u['source']}: {shorten(u['text'])}")
    return "\n".join(lines) or "nothing was spoken yet"


def _volume(result: dict[str, Any]) -> str:
    return f"{result['volume']} %" + (", muted" if result["muted"] else "")


def _voices(result: dict[str, Any]) -> str:
    lines = []
    for voice in result["voices"]:
        speakers = f", {len(voice['speakers'])} speakers" if voice["speakers"] else ""
        lines.append(f"{voice['engine']:<8}  {voice['name']}  {voice['language'] or ''}{speakers}")
    lines += [f"{name:<8}  {why}" for name, why in result["untold"].items()]
    return "\n".join(lines) or "no voices"


def _devices(result: dict[str, Any]) -> str:
    lines = [
        f"{'*' if device['default'] else ' '} {device['kind']:<9}  {device['name']}  {device['description']}"
        for device in result["devices"]
    ]
    return "\n".join(lines) or "no audio devices: sound is kept in files"


def _sources(result: dict[str, Any]) -> str:
    return (
        "\n".join(line for source in result["sources"] for line in _source(source)) or "nothing is followed"
    )


def _reloaded(result: dict[str, Any]) -> str:
    return f"changed: {', '.join(result['changed'])}" if result["changed"] else "nothing has changed"


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "status": status,
    "say": _said,
    "history.replay": _said,
    "skip": _skipped,
    "stop": _skipped,
    "pause": lambda result: str(result["state"]),
    "resume": lambda result: str(result["state"]),
    "clear": lambda result: f"dropped {result['dropped']}",
    "queue.list": _queue,
    "queue.remove": lambda result: f"{result['state']} {result['id']}",
    "queue.move": lambda result: f"{result['id']} is at {result['position']}",
    "history.list": _history,
    "volume.get": _volume,
    "volume.set": _volume,
    "mute": _volume,
    "engine.switch": _switched,
    "voice.list": _voices,
    "device.list": _devices,
    "source.list": _sources,
    "source.enable": lambda result: f"{result['source']} is {result['state']}",
    "source.disable": lambda result: f"{result['source']} is {result['state']}",
    "reload": _reloaded,
    "shutdown": lambda _: "ending",
}
