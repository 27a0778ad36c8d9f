"""What `ttsd top` shows: a picture of the daemon, kept up by its events, as rows for any terminal. Pure.

A row is pieces of text, each with a style; a screen of any size gets as much as fits, most important first.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ttsd.cli.show import shorten
from ttsd.text.captions import estimated
from ttsd.text.cut import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

Style: TypeAlias = Literal["plain", "strong", "faint", "good", "warn", "bad", "word", "guess"]
"""`word`: sounds now; `guess`: sounds now, by estimate."""
Row: TypeAlias = "tuple[tuple[str, Style], ...]"

KEYS = "s skip   p pause   + - volume   m mute   q quit"
_STATES: dict[str, Style] = {"speaking": "good", "waiting": "bad", "paused": "warn"}
_ENGINES: dict[str, Style] = {"ready": "good", "busy": "good", "failed": "bad", "resting": "warn"}
_SOFTEST = -50.0
"""dB of full scale at the left end of the meter."""


@dataclass(slots=True)
class Picture:
    """What is known of the daemon."""

    status: Mapping[str, Any] = field(default_factory=dict)
    """As `status` answers."""
    queue: list[Mapping[str, Any]] = field(default_factory=list)
    """What waits, next first, as far as it was asked for."""
    levels: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""
    """The one that sounds; empty: none does."""
    source: str = ""
    began: float = 0.0
    """Unix seconds at which the sentence began."""
    word: tuple[int, int] = (0, 0)
    """Where in the sentence the word is that sounds, as its engine tells."""
    engine: str = ""
    paused_at: float | None = None
    tells: set[str] = field(default_factory=set)
    """Engines that tell when their words sound."""

    def see(self, name: str, event: Mapping[str, Any]) -> None:
        """Take an event into the picture."""
        match name:
            case "begin":
                self.source = str(event["source"])
            case "sentence":
                self.sentence, self.began = str(event["text"]), float(event["at"])
                self.word, self.engine = (0, 0), str(event["engine"])
            case "word":
                self.tells.add(self.engine)
                at = self.sentence.find(str(event["text"]), self.word[1])
                if at >= 0:
                    self.word = (at, at + len(str(event["text"])))
            case "end":
                self.sentence, self.word, self.levels = "", (0, 0), {}
            case "paused":
                self.paused_at = float(event["at"])
            case "resumed":
                if self.paused_at is not None:
                    self.began += float(event["at"]) - self.paused_at
                self.paused_at = None

    def marked(self, now: float) -> tuple[tuple[int, int], Style]:
        """Where the word is that sounds at *now* (Unix seconds), and whether that is known."""
        if self.engine in self.tells or not self.sentence:
            return self.word, "word"
        elapsed, at = (self.paused_at or now) - self.began, 0
        for word in estimated(self.sentence, seconds(self.sentence)):
            at = self.sentence.find(word.text, at)
            if word.start <= elapsed < word.end:
                return (at, at + len(word.text)), "guess"
            at += len(word.text)
        return (0, 0), "guess"


def rows(picture: Picture, width: int, height: int, now: float) -> list[Row]:
    """At most *height* rows of at most *width* characters."""
    if not picture.status:
        nothing: Row = ((_cut("waiting for the daemon", width), "faint"),)
        return [nothing]
    head = [_state(picture, width), *_now(picture, width, now)]
    if height >= 4:
        head.append(_volume(picture, width))
    foot: list[Row] = [((_cut(KEYS, width), "faint"),)] if height >= len(head) + 2 else []
    room = height - len(head) - len(foot)
    parts = [
        _queue(picture, width),
        _engines(picture, width),
        _outputs(picture, width),
        _sources(picture, width),
    ]
    found = [*head, *_fitted(parts, room), *foot]
    return [_narrow(row, width) for row in found[:height]]


def _narrow(row: Row, width: int) -> Row:
    """As much of *row* as fits *width* columns: some characters take two, some none."""
    found: list[tuple[str, Style]] = []
    for text, style in row:
        kept = text[:width] if text.isascii() else _fits(text, width)
        found.append((kept, style))
        width -= columns(kept)
    return tuple(found)


def _fits(text: str, width: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += columns(character)
        if taken > width:
            return text[:place]
    return text


def columns(text: str) -> int:
    """Columns of a terminal that *text* takes."""
    if text.isascii():
        return len(text)
    marks = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text) - marks


def _fitted(parts: list[list[Row]], room: int) -> list[Row]:
    """The parts with an empty row before each, shortened by turns until they fit *room* rows."""
    parts = [part for part in parts if part]
    while parts and sum(len(part) + 1 for part in parts) > room:
        longest = max(parts, key=len)
        if len(longest) > 2:  # its heading and one row stay as long as anything does
            longest.pop()
        else:
            parts.pop()
    return [row for part in parts for row in ((("", "plain"),), *part)]


def _state(picture: Picture, width: int) -> Row:
    status = picture.status
    state, waiting = str(status["state"]), status["queue"]["queued"]
    marks = ["muted"] * status["muted"] + ["quiet hours"] * status["quiet"]
    marks += [f"profile {status['profile']}"] * (status["profile"] is not None)
    rest = f"   {waiting} waiting   {status['counters']['spoken']} spoken" + "".join(f"   {m}" for m in marks)
    if status["trouble"]:
        rest += f"   {status['trouble']}"
    return ((shorten(state, width), _STATES.get(state, "strong")), (_cut(rest, width - len(state)), "plain"))


def _now(picture: Picture, width: int, now: float) -> list[Row]:
    """The sentence that sounds, in one row around the word that sounds."""
    text = "".join(c if c.isprintable() else " " for c in picture.sentence)
    if not text:
        return [(("", "plain"),)]
    (start, end), style = picture.marked(now)
    label = shorten(f"{picture.source}: ", max(8, width // 3))
    label = label if label.endswith(" ") else f"{label} "
    room = max(1, width - len(label))
    first = max(0, min(start - room // 3, len(text) - room))
    pieces: tuple[tuple[str, Style], ...] = (
        (label, "strong"),
        (text[first:start], "plain"),
        (text[max(first, start) : end][:room], style),
        (text[max(first, end) :], "plain"),
    )
    return [pieces]


def _volume(picture: Picture, width: int) -> Row:
    volume = f"volume {picture.status['volume']} %   "
    level = max(picture.levels.values(), default=_SOFTEST)
    room = max(0, min(40, width - len(volume)))
    full = round(room * (1 - max(_SOFTEST, min(0.0, level)) / _SOFTEST))
    return ((_cut(volume, width), "plain"), ("█" * full, "good"), ("·" * (room - full), "faint"))


def _queue(picture: Picture, width: int) -> list[Row]:
    styles: dict[str, Style] = {"urgent": "bad", "high": "warn", "low": "faint"}
    found: list[Row] = [
        (
            (
                _cut("  " + shorten(f"{u['source']}: {u['text']}", width), width),
                styles.get(u["priority"], "plain"),
            ),
        )
        for u in picture.queue
    ]
    return [(("waiting", "strong"),), *found] if found else []


def _engines(picture: Picture, width: int) -> list[Row]:
    found: list[Row] = []
    for engine in picture.status["chain"]:
        detail = f": {engine['detail']}" if engine["detail"] else ""
        text = f"  {engine['name']}  {engine['state']}{detail}"
        found.append(((_cut(text, width), _ENGINES.get(engine["state"], "plain")),))
    return [(("engines", "strong"),), *found]


def _outputs(picture: Picture, width: int) -> list[Row]:
    found: list[Row] = [
        (
            (
                _cut(f"  {one['name']}  {one['error'] or one['description']}", width),
                "bad" if one["error"] else "plain",
            ),
        )
        for one in picture.status["outputs"]
    ]
    return [(("outputs", "strong"),), *found] if found else []


def _sources(picture: Picture, width: int) -> list[Row]:
    found: list[Row] = []
    for source in picture.status["sources"]:
        trouble = source["last_error"] or source["waiting"]
        lag = sum(file["lag"] for file in source["files"])
        text = trouble or f"{len(source['files'])} file(s)" + (f", {lag} bytes to read" if lag else "")
        style: Style = "bad" if source["last_error"] else "warn" if source["waiting"] else "plain"
        found.append(((_cut(f"  {source['name']}  {text}", width), style),))
    return [(("sources", "strong"),), *found] if found else []


def _cut(text: str, width: int) -> str:
    """*text* in one row of at most *width* characters; spaces stay."""
    line = "".join(c if c.isprintable() else "�" for c in text)
    return line if len(line) <= width else f"{line[: max(0, width - 1)]}…"[: max(0, width)]
