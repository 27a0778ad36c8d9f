"""`ttsd top`: what the daemon does, live, with keys to steer it; lines of text where there is no terminal.

One connection brings events and answers. Anything that happens is shown within a tenth of a second. When the
daemon ends, so does this.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ttsd.cli import exits
from ttsd.cli.colour import declined
from ttsd.cli.show import shorten
from ttsd.cli.top_view import Picture, columns, rows
from ttsd.control.address import control_address
from ttsd.control.client import Client

if TYPE_CHECKING:
    import argparse

    from ttsd.cli.top_view import Style

LOOK = 0.1
"""Seconds between two looks at the keys, the level and the screen's size."""
ASK = 1.0
"""Seconds between two looks at the whole."""
STEP = 5
"""Per cent of volume that a key changes."""
MOST_QUEUED = 100
"""Of what waits is asked for."""
_NEWS = frozenset(
    {"queued", "begin", "end", "dropped", "expired", "skipped", "engine", "device", "source", "config"}
)
"""Events after which the whole is looked at again, soon."""


def top(arguments: argparse.Namespace) -> int:
    """Until `q`, Ctrl-C, or the daemon's end."""
    with Client.connect(control_address(arguments.config)) as client:
        client.call("subscribe", {})
        if sys.stdout.isatty() and sys.stdin.isatty() and not arguments.plain:
            try:
                import curses
            except ImportError:  # Windows: Python brings none there
                return _lines(client)
            return int(curses.wrapper(_Screen(client).run))
        return _lines(client)


class Watch:
    """A picture that is kept up."""

    def __init__(self, client: Client) -> None:
        self.picture = Picture()
        self._client = client
        self._due = 0.0
        """Monotonic seconds at which the whole is looked at next."""

    def turn(self) -> None:
        """Take what has happened within LOOK seconds, and look at the rest if it is time."""
        end = time.monotonic() + LOOK
        for name, event in self._client.events(LOOK):
            self.picture.see(name, event)
            if name in _NEWS:
                self._due = min(self._due, time.monotonic() + LOOK)
            if time.monotonic() >= end:
                break
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + ASK
            self.picture.status = self._client.call("status")
            self.picture.queue = self._client.call("queue.list", {"limit": MOST_QUEUED})["utterances"]
        if self.picture.sentence:
            self.picture.levels = self._client.call("level.get")["levels"]

    def press(self, key: str) -> bool:
        """Do what *key* stands for; False: leave."""
        match key:
            case "q":
                return False
            case "s":
                self._client.call("skip")
            case "p" | " ":  # asked anew: what is shown may be a moment old
                paused = self._client.call("status")["state"] == "paused"
                self._client.call("resume" if paused else "pause")
            case "+" | "=" | "-":
                volume = self._client.call("volume.get")["volume"] + (-STEP if key == "-" else STEP)
                self._client.call("volume.set", {"volume": min(150, max(0, volume))})
            case "m":
                self._client.call("mute")
        self._due = 0.0
        return True


class _Screen:
    """The picture on a terminal, by curses."""

    def __init__(self, client: Client) -> None:
        self._watch = Watch(client)
        self._styles: dict[Style, int] = {}

    def run(self, screen: Any) -> int:
        """Draw until somebody leaves. *screen*: a curses window."""
        import curses

        self._styles = _styles()
        screen.nodelay(True)
        try:
            curses.curs_set(0)
        except curses.error:  # this terminal's cursor cannot hide
            pass
        while True:
            self._watch.turn()
            while (code := screen.getch()) != curses.ERR:
                if code == curses.KEY_RESIZE:
                    screen.erase()
                elif 0 < code < 256 and not self._watch.press(chr(code)):
                    return exits.OK
            self._draw(screen)

    def _draw(self, screen: Any) -> None:
        import curses

        height, width = screen.getmaxyx()
        screen.erase()
        for y, row in enumerate(rows(self._watch.picture, width - 1, height, time.time())):
            x = 0
            for text, style in row:
                try:
                    screen.addstr(y, x, text, self._styles[style])
                except curses.error:  # it became smaller meanwhile, or a character is wider than it looks
                    break
                x += columns(text)
        screen.refresh()


def _styles() -> dict[Style, int]:
    """How the terminal shows each style; without colours, by weight alone."""
    import curses

    styles: dict[Style, int] = {
        "plain": curses.A_NORMAL,
        "strong": curses.A_BOLD,
        "faint": curses.A_DIM,
        "word": curses.A_REVERSE,
        "guess": curses.A_UNDERLINE,
        "good": curses.A_NORMAL,
        "warn": curses.A_BOLD,
        "bad": curses.A_BOLD,
    }
    if curses.has_colors():
        curses.use_default_colors()  # else all is white on black
    if curses.has_colors() and not declined():
        colours: dict[Style, int] = {
            "good": curses.COLOR_GREEN,
            "warn": curses.COLOR_YELLOW,
            "bad": curses.COLOR_RED,
        }
        for number, (style, colour) in enumerate(colours.items(), 1):
            curses.init_pair(number, colour, -1)
            styles[style] = curses.color_pair(number)
    return styles


def _lines(client: Client) -> int:
    """What happens, a line each, for pipes and logs."""
    status = client.call("status")
    print(f"{status['state']}, {status['queue']['queued']} waiting, {status['engine']}", flush=True)
    for name, event in client.events():
        text = _told(name, event)
        if text is not None:
            when = time.strftime("%H:%M:%S", time.localtime(event["at"]))
            print(f"{when} {text}", flush=True)
    return exits.OK


def _told(name: str, event: Mapping[str, Any]) -> str | None:
    """An event as a line; None: it is told by another one."""
    match name:
        case "begin":
            return f"speaking {event['id']} {event['source']}: {shorten(event['text'])}"
        case "queued":
            return f"queued {event['id']} {event['source']}: {shorten(event['text'])}"
        case "end":
            return f"{event['state']} {event['id']} {event['source']}"
        case "engine" | "device" | "source":
            what = event.get("engine") or event.get("output") or event.get("source")
            return f"{name} {what} {event['state']}" + (f": {event['detail']}" if event["detail"] else "")
        case "skipped" | "failed" | "expired" | "dropped" | "withdrawn":
            reason = event.get("reason")
            return f"{name} {event['id']} {event['source']}" + (f": {reason}" if reason else "")
        case "paused" | "resumed":
            return name
        case "config":
            return "configuration read" if event["ok"] else f"configuration refused: {event['problems'][0]}"
        case _:
            return None


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"top": top}
