"""Answers of the daemon as text for people. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

from ttsd.cli.colour import PLAIN
from ttsd.cli.engine_table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ttsd.cli.colour import Paint

    Show: TypeAlias = Callable[[Any, Paint], str]


def answer(method: str, result: Any, paint: Paint = PLAIN) -> str:
    """What *method* answered, in words."""
    result = _harmless(result)
    show = _SHOWN.get(method)
    return show(result, paint) if show else str(result)


def _harmless(data: Any) -> Any:
    """*data* without what would act on a terminal: files, sources and devices have names that others chose."""
    match data:
        case str():
            return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in data)
        case dict():
            return {key: _harmless(one) for key, one in data.items()}
        case list() | tuple():
            return [_harmless(one) for one in data]
        case _:
            return data


def shorten(text: str, width: int = 70) -> str:
    """*text* in one line of at most *width* characters, without what would act on a terminal."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
    return line if len(line) <= width else line[: width - 1] + "…"


# ---- status


def status(result: dict[str, Any], paint: Paint = PLAIN) -> str:
    """What the daemon is doing, most important first."""
    now, queue, counters = result["now"], result["queue"], result["counters"]
    state = {"speaking": paint.good, "waiting": paint.bad, "paused": paint.warn}.get(
        result["state"], paint.strong
    )(result["state"])
    marks = ["muted"] * (result["muted"] or not result["volume"]) + ["quiet hours"] * result["quiet"]
    marks += [f"profile {result['profile']}"] * (result["profile"] is not None)
    muted = paint.warn(f" ({', '.join(marks)})") if marks else ""
    lines = [f"{state}{muted}, {queue['queued']} queued, {counters['spoken']} spoken ({result['engine']})"]
    if now:
        lines.append(f"now      {now['source']}: {shorten(now['text'])}")
    if result["trouble"]:
        lines.append(paint.bad(f"trouble  {result['trouble']}"))
    lines += [paint.bad(f"config   {problem}") for problem in result["config_problems"]]
    lines += [f"engine   {engine(one, paint)}" for one in result["chain"]]
    lines += [f"convert  {engine(one, paint)}" for one in result["conversions"]]
    for output in result["outputs"]:
        lines.append(
            f"output   {output['name']}: {paint.bad(output['error'] or '') or output['description']}"
        )
    lines += [line for source in result["sources"] for line in _source(source, paint)]
    return "\n".join(lines)


def engine(result: dict[str, Any], paint: Paint = PLAIN) -> str:
    """One engine in one line."""
    voice = f" ({result['voice']})" if result["voice"] else ""
    detail = f": {result['detail']}" if result["detail"] else ""
    how = {"missing": paint.warn, "resting": paint.warn, "failed": paint.bad, "ready": paint.good}
    return f"{result['name']}{voice} {how.get(result['state'], str)(result['state'])}{detail}"


def _engines(result: list[dict[str, Any]], paint: Paint) -> str:
    return "\n".join(engine(one, paint) for one in result)


MOST_FILES = 20
"""Files of a source that people are shown."""


def _source(source: dict[str, Any], paint: Paint) -> list[str]:
    files = source["files"]
    state = (
        paint.warn(source["waiting"] or "")
        or paint.bad(source["last_error"] or "")
        or f"{len(files)} file(s)"
    )
    lines = [f"source   {source['name']}: {state}"]
    # Those with something to tell come first: what people look for is at the top of a long list.
    told = sorted(files, key=lambda file: not (file["last_error"] or file["waiting"] or file["lag"]))
    for file in told[:MOST_FILES]:
        state = (
            paint.warn(file["waiting"] or "")
            or paint.bad(file["last_error"] or "")
            or f"{file['offset']} of {file['size']} bytes read"
        )
        lines.append(f"         {file['path']}: {state}")
    if len(told) > MOST_FILES:
        lines.append(paint.faint(f"         and {len(told) - MOST_FILES} more; --json lists them all"))
    return lines


def _sources(result: dict[str, Any], paint: Paint) -> str:
    lines = [line for source in result["sources"] for line in _source(source, paint)]
    return "\n".join(lines) or "nothing is followed"


# ---- the voice


def _said(result: dict[str, Any], paint: Paint) -> str:
    if "state" not in result:
        return f"queued as {result['id']}"
    state = paint.good(result["state"]) if result["state"] == "spoken" else paint.bad(result["state"])
    reason = f": {result['reason']}" if result.get("reason") else ""
    by = f" by {result['engine']} in {result['seconds']:.1f} s" if result["engine"] else ""
    return f"{state}{by}{reason}"


def _skipped(result: dict[str, Any], _: Paint) -> str:
    return "nothing was heard" if result["skipped"] is None else f"skipped {result['skipped']}"


def _volume(result: dict[str, Any], paint: Paint) -> str:
    return f"{result['volume']} %" + (paint.warn(", muted") if result["muted"] else "")


def _switched(result: dict[str, Any], _: Paint) -> str:
    saved = "" if result["saved"] else " (until the daemon ends: it runs without a configuration file)"
    return f"speaking with {' then '.join(result['chain'])}{saved}"


def _voices(result: dict[str, Any], paint: Paint) -> str:
    lines = []
    for voice in result["voices"]:
        speakers = f", {len(voice['speakers'])} speakers" if voice["speakers"] else ""
        lines.append(f"{voice['engine']:<8}  {voice['name']}  {voice['language'] or ''}{speakers}")
    lines += [paint.warn(f"{name:<8}  {why}") for name, why in result["untold"].items()]
    return "\n".join(lines) or "no voices"


def devices(result: dict[str, Any], paint: Paint = PLAIN) -> str:
    """The devices, the default ones marked, and why a kind of them could not be asked."""
    lines = [
        f"{'*' if device['default'] else ' '} {device['kind']:<9}  {device['name']}  {device['description']}"
        for device in result["devices"]
    ]
    lines += [paint.warn(problem) for problem in result["problems"]]
    return "\n".join(lines) or "no audio devices: sound is kept in files"


# ---- the queue


def _queue(result: dict[str, Any], paint: Paint) -> str:
    marks = {"urgent": paint.bad, "high": paint.warn, "low": paint.faint}
    lines = [
        f"{u['id']:>6}  {marks.get(u['priority'], str)(format(u['priority'], '<6'))}"
        f"  {u['source']}: {shorten(u['text'])}"
        for u in result["utterances"]
    ]
    return "\n".join(lines) or "nothing waits"


def _history(result: dict[str, Any], paint: Paint) -> str:
    lines = []
    for u in result["utterances"]:
        when = time.strftime("%H:%M:%S", time.localtime(u["ended_at"]))
        how = paint.good("spoken") if u["state"] == "spoken" else paint.warn(f"{u['state']} ({u['reason']})")
        text = shorten(u["text"]) if u["text"] else paint.faint(u["reason"] or "")
        lines.append(f"{u['id']:>6}  {when}  {how}  {u['source']}: {text}")
    return "\n".join(lines) or "nothing was spoken yet"


# ---- the rest


def _state(result: dict[str, Any], _: Paint) -> str:
    return str(result["state"])


def _switch_of_source(result: dict[str, Any], _: Paint) -> str:
    return f"{result['source']} is {result['state']}"


def _profiles(result: dict[str, Any], paint: Paint) -> str:
    names = [f"{'*' if name == result['profile'] else ' '} {name}" for name in result["profiles"]]
    return "\n".join(names) or paint.faint("no profiles: [profile.NAME] in ttsd.toml makes one")


def _profile(result: dict[str, Any], paint: Paint) -> str:
    return f"{result['profile'] or 'no profile'}; {_reloaded(result, paint)}"


def _reloaded(result: dict[str, Any], _: Paint) -> str:
    return f"changed: {', '.join(result['changed'])}" if result["changed"] else "nothing has changed"


_SHOWN: Mapping[str, Show] = {
    "status": status,
    "say": _said,
    "history.replay": _said,
    "skip": _skipped,
    "stop": _skipped,
    "pause": _state,
    "resume": _state,
    "clear": lambda result, _: f"dropped {result['dropped']}",
    "queue.list": _queue,
    "queue.remove": lambda result, _: f"{result['state']} {result['id']}",
    "queue.move": lambda result, _: f"{result['id']} is at {result['position']}",
    "withdraw": lambda result, _: f"withdrew {result['withdrawn']}",
    "history.list": _history,
    "volume.get": _volume,
    "volume.set": _volume,
    "level.get": lambda result, _: (
        "\n".join(f"{k}: {v} dB" for k, v in result["levels"].items()) or "silence"
    ),
    "mute": _volume,
    "engine.list": _engines,
    "engine.facts": table,
    "engine.unload": lambda result, _: (
        f"{result['engine']} {'is ended' if result['ended'] else 'is not loaded, or at a sentence'}"
    ),
    "engine.switch": _switched,
    "voice.list": _voices,
    "device.list": devices,
    "source.list": _sources,
    "source.enable": _switch_of_source,
    "source.disable": _switch_of_source,
    "profile.list": _profiles,
    "profile.use": _profile,
    "reload": _reloaded,
    "shutdown": lambda *_: "ending",
}
