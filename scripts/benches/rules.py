"""What the rules cost: lines a second for a chat, and the cost of each rule.

The path counted: `Rules.apply` from the raw line to the verdict, in one thread, the best of some rounds:
parse by regex, three filters, template, every rule of `[clean]` at its default, on plain English without
numbers. A rule's cost is that of a line it has work with, and of one it has none with.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING

from ttsd.settings import Settings, SourceSettings
from ttsd.settings.marks import Duration
from ttsd.settings.text import BlocklistSettings, CleanSettings, PronounceSettings, RouteSettings
from ttsd.text.repeats import Repeats
from ttsd.text.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER = float("nan")
"""The cost of a rule that is never idle."""
PROMISED = 50_000
"""Lines a second."""
PLAIN = "hello there, this is a message of plain English text, and it goes on."
LINES = [f"[20:{minute:02}] <user> {PLAIN}" for minute in range(60)]
CHAT = SourceSettings(
    path="chat.log",
    name="chat",
    format="regex",
    pattern=r"^\[(?P<time>[\d:]+)\] <(?P<speaker>\w+)> (?P<text>.*)$",
    template="{speaker} says {text}",
    ignore_speakers=("bot",),
    exclude_text=("^!",),
    commands=("/",),
)
CLEANED = {
    "ansi": "\x1b[31mred\x1b[0m text of a colourful program",
    "urls": "look at https://www.example.com/watch?v=1 now",
    "emails": "write to ana@mail.example.org about it",
    "emoji": "that was nice 😀😀 indeed",
    "markdown": "**bold** and [a link](x) and `code`",
    "code": "see ```x = y``` there",
    "repeats": "noooooo!!!! hahahahaha lol lol lol lol",
    "ids": "commit 3f2a9c81d0 is the one",
    "boxes": "==== done ==== and so",
    "long_digits": "call 12345678901 now",
    "numbers": "there are 5 apples and 1,234.5 pears",
    "units": "it is 5 km and 30 % there",
    "currency": "it costs $3.50 or 5 €",
    "dates": "on 2024-03-14 at 14:30",
    "abbreviations": "Dr. Who, e.g. this one",
}
OFF = CleanSettings(
    ansi=False, urls="keep", emails="keep", emoji="keep", markdown=False, code="keep", repeats=False, ids="keep",
    boxes=False, long_digits="keep", numbers=False, units=False, currency=False, dates=False, abbreviations=False,
)  # fmt: skip


def main() -> int:
    """Print the table; 1 if the promised speed was not reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    chat = rules()
    each = seconds(lambda: [chat.apply(line) for line in LINES], rounds) / len(LINES)
    print(f"regex, filter, template, cleaning of plain English without numbers: {1 / each:9,.0f} lines/s")
    print(f"promised: {PROMISED:,} lines/s\n")
    print(f"{'each rule, microseconds a line':34} {'at work':>9} {'idle':>9}")
    bare = cost(one(OFF), PLAIN, rounds)
    for name, text in CLEANED.items():
        only = CleanSettings(**{**_as_dict(OFF), name: getattr(CleanSettings(), name)})
        made = one(only)
        # A line costs something without any rule: that is no part of this one.
        working = cost(made, text, rounds) - cost(one(OFF), text, rounds)
        print(row(name, working, cost(made, PLAIN, rounds) - bare))
    for name, working, idle in others(rounds):
        print(row(name, working, idle))
    return 0 if 1 / each >= PROMISED else 1


def others(rounds: int) -> list[tuple[str, float, float]]:
    """The rules besides cleaning, each with its cost at work and idle."""
    bare = cost(one(OFF), PLAIN, rounds)
    line = LINES[0]

    def more(working: str, **top: object) -> tuple[float, float]:
        made = one(OFF, **top)
        return cost(made, working, rounds) - bare, cost(made, PLAIN, rounds) - bare

    words = tuple(f"word{number}x" for number in range(1000))
    entries = tuple(PronounceSettings(word=word, say="said") for word in words)
    found = [
        ("format regex", source_cost(rounds, line, format="regex", pattern=CHAT.pattern) - bare, NEVER),
        ("format json", source_cost(rounds, f'{{"user": "a", "text": "{PLAIN}"}}', format="json") - bare, NEVER),
        ("format logfmt", source_cost(rounds, f'user=a msg="{PLAIN}"', format="logfmt") - bare, NEVER),
        ("template", source_cost(rounds, PLAIN, template="{source} says {text}") - bare, NEVER),
        ("exclude, one pattern", source_cost(rounds, PLAIN, exclude_text=("^!",)) - bare, NEVER),
        ("blocklist of 1000 words", *more("a w0rd5x here", blocklist=(BlocklistSettings(words=words),))),
        ("pronounce, 1000 words", *more("a word5x here", pronounce=entries)),
        ("pronounce, one pattern", *more("a word5x here", pronounce=(PronounceSettings(pattern="w(o)rd", say=r"\1"),))),
        ("route, one pattern", *more("fire", route=(RouteSettings(match="fire", voice="x"),))),
        ("max_chars", source_cost(rounds, PLAIN, max_chars=40) - bare, source_cost(rounds, "x", max_chars=40) - bare),
        ("max_seconds", source_cost(rounds, PLAIN, max_seconds=Duration(2.0)) - bare, NEVER),
    ]  # fmt: skip
    repeats, made = Repeats(), rules()
    verdict = made.apply(line)
    found.append(("duplicates", seconds(lambda: repeats.again(PLAIN, 30.0, 0.0), rounds), NEVER))
    found.append(("sentences", seconds(lambda: made.sentences(verdict), rounds), NEVER))
    found.append(("explain (each step kept)", cost(made, line, rounds, trace=True), cost(made, line, rounds)))
    return found


def rules(**top: object) -> Rules:
    """The chat's rules."""
    return Rules(CHAT, Settings(sources=(CHAT,), **top))  # type: ignore[arg-type]  # settings by name


def one(clean: CleanSettings, **top: object) -> Rules:
    """A plain source's rules with this cleaning."""
    return Rules(SourceSettings(path="x", clean=clean), Settings(**top))  # type: ignore[arg-type]  # as above


def source_cost(rounds: int, line: str, **settings: object) -> float:
    """The cost of *line* for a source with these settings and no cleaning."""
    source = SourceSettings(path="x", clean=OFF, **settings)  # type: ignore[arg-type]  # as above
    return cost(Rules(source, Settings()), line, rounds)


def cost(made: Rules, line: str, rounds: int, *, trace: bool = False) -> float:
    """Seconds for one line."""
    return seconds(lambda: made.apply(line, trace=trace), rounds)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Seconds of one call, the best of *rounds*: the machine's other work is not ours."""
    work()
    began = time.perf_counter()
    work()
    calls = max(int(0.01 / max(time.perf_counter() - began, 1e-7)), 1)
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            work()
        best = min(best, (time.perf_counter() - began) / calls)
    return best


def row(name: str, working: float, idle: float) -> str:
    """One line of the table."""
    shown = "" if math.isnan(idle) else f"{max(idle, 0) * 1e6:9.2f}"
    return f"{name:34} {max(working, 0) * 1e6:9.2f} {shown}"


def _as_dict(settings: CleanSettings) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(settings)


if __name__ == "__main__":
    raise SystemExit(main())
