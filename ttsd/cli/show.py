"""Answers of the daemon as text for people. Pure."""

from __future__ import annotations

from typing import Any


def status(answer: dict[str, Any]) -> str:
    """What the daemon is doing, most important first."""
    now, queue, counters = answer["now"], answer["queue"], answer["counters"]
    lines = [f"{answer['state']}, {queue['queued']} queued, {counters['spoken']} spoken ({answer['engine']})"]
    if now:
        lines.append(f"now      {now['source']}: {shorten(now['text'])}")
    if answer["trouble"]:
        lines.append(f"trouble  {answer['trouble']}")
    lines += [f"config   {problem}" for problem in answer["config_problems"]]
    lines += [f"engine   {line}" for line in map(engine, answer["chain"])]
    for output in answer["outputs"]:
        lines.append(f"output   {output['name']}: {output['error'] or output['description']}")
    for source in answer["sources"]:
        state = source["waiting"] or source["last_error"] or f"{len(source['files'])} file(s)"
        lines.append(f"source   {source['name']}: {state}")
        for file in source["files"]:
            state = file["waiting"] or file["last_error"] or f"{file['offset']} of {file['size']} bytes read"
            lines.append(f"         {file['path']}: {state}")
    return "\n".join(lines)


def engine(answer: dict[str, Any]) -> str:
    """One engine in one line."""
    voice = f" ({answer['voice']})" if answer["voice"] else ""
    detail = f": {answer['detail']}" if answer["detail"] else ""
    return f"{answer['name']}{voice} {answer['state']}{detail}"


def said(answer: dict[str, Any]) -> str:
    """What became of a `say`."""
    if "state" not in answer:
        return f"queued as {answer['id']}"
    reason = f": {answer['reason']}" if answer.get("reason") else ""
    return f"{answer['state']} by {answer['engine']} in {answer['seconds']:.1f} s{reason}"


def skipped(answer: dict[str, Any]) -> str:
    """What became of a `skip`."""
    return "nothing to skip" if answer["skipped"] is None else f"skipped {answer['skipped']}"


def switched(answer: dict[str, Any]) -> str:
    """What became of a `switch`."""
    saved = "" if answer["saved"] else " (until the daemon ends: it runs without a configuration file)"
    return f"speaking with {' then '.join(answer['chain'])}{saved}"


def shorten(text: str, width: int = 70) -> str:
    """*text* in one line of at most *width* characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
