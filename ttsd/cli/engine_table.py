"""The engines as a table for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.cli.colour import Paint


def table(found: Mapping[str, Any], paint: Paint) -> str:
    """A line for each engine and converter, and what is wrong with it below."""
    every = [*found["engines"], *found["converters"]]
    rows = [_HEAD, *(_cells(one) for one in every)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = []
    for row, one in zip(rows, (None, *every), strict=True):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        lines.append(paint.strong(text) if one is None else _painted(text, one, paint))
        if one is not None and (told := _told(one)):
            lines.append(paint.faint(f"    {told}"))
    lines += [paint.bad(f"{broken['name']}: {broken['reason']}") for broken in found["broken"]]
    return "\n".join(lines)


_HEAD = (
    "",
    "engine",
    "state",
    "voices",
    "languages",
    "can",
    "ready in",
    "first sound",
    "work/sound",
    "memory",
)


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    languages = one["languages"]
    can = [word for word, yes in (("clone", one["cloning"]), ("stream", one["streaming"])) if yes]
    return (
        f"{one['in_chain']}." if one["in_chain"] else "",
        one["name"],
        one["state"],
        _or_dash(one["voices"], "{}"),
        "any" if "*" in languages else languages[0] if len(languages) == 1 else f"{len(languages)}",
        ", ".join(can) or "-",
        _or_dash(one["load_seconds"], "{:.1f} s"),
        _or_dash(one["first_audio_seconds"], "{:.3f} s"),
        _or_dash(one["real_time_factor"], "{:.2f}"),
        _memory(one),
    )


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _memory(one: Mapping[str, Any]) -> str:
    parts = [f"{one['memory_bytes'] / 1e6:.0f} MB"] if one["memory_bytes"] else []
    parts += [f"{one['vram_bytes'] / 1e6:.0f} MB of VRAM"] if one["vram_bytes"] else []
    text = " + ".join(parts) or "-"
    return text if one["loaded"] or not parts else f"({text})"


def _painted(text: str, one: Mapping[str, Any], paint: Paint) -> str:
    if one["healthy"] is None:
        return text
    return paint.good(text) if one["healthy"] else paint.warn(text)


def _told(one: Mapping[str, Any]) -> str:
    """What it is, or why it is not well and what to do."""
    if not one["detail"]:
        return (
            f"{one['label']}: {one['description']} {one['code_licence']}; weights: {one['weights_licence']}"
        )
    return f"{one['detail']}; {one['next_step']}" if one["next_step"] else str(one["detail"])
