"""Engines: load time, first sound, real-time factor and memory, beside the same adapter called in one process.

The two take turns, a sentence each, so that what else the machine does falls on both alike. The wire is to
cost at most 5 % of the real-time factor, or 2 ms for a second of sound where an engine is hundreds of times
faster than it speaks, and 15 ms of the first sound.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ttsd import config, log
from ttsd.engines import catalog, installed
from ttsd.engines.connect import Process
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.engines.roster import user_place
from ttsd.errors import EngineError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, LogSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.engines.connect import Place
    from ttsd.engines.entry import Entry

INSIDE = Path(__file__).parent.parent / "inside_engine.py"
TEXTS = (
    "The quick brown fox jumps over the lazy dog.",
    "Four score and seven years ago our fathers brought forth on this continent a new nation.",
    "It is a truth universally acknowledged, that a single man with a good fortune must be in want of a wife.",
)
SHARE, SECONDS, FIRST = 0.05, 0.002, 0.015
"""What the wire may cost: of the factor, or seconds for a second of sound; seconds of the first sound."""
SERVERS = ("openai", "command")
"""They speak elsewhere: what they cost is not ours."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence, in seconds."""

    first: float
    took: float
    sound: float

    @property
    def factor(self) -> float:
        """Seconds of work for a second of sound."""
        return self.took / self.sound


class Inside:
    """The adapter in one process."""

    def __init__(self, name: str, python: Path, place: Place, settings: EngineSettings) -> None:
        given = {
            "voice": settings.voice,
            "options": dict(settings.options),
            "base": str(place.base),
            "data": str(place.data),
            "cache": str(place.cache),
        }
        self._process = subprocess.Popen(
            [str(python), str(INSIDE), name, json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=Process(name, _entry(name), settings, place).environment(python),
            text=True,
        )
        self.load: float = self._answer()["load"]
        self.memory = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def speak(self, text: str) -> Spoken:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"text": text}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.memory = answer["memory"] or 0
        return Spoken(answer["first"], answer["took"], answer["sound"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EngineError("the adapter alone cannot be run")
        answer: dict[str, Any] = json.loads(line)
        return answer


def by_wire(host: EngineHost, text: str) -> Spoken:
    """The same through the daemon's side of an engine."""
    asked = time.perf_counter()
    first, sound = 0.0, 0.0
    for chunk in host.synthesize(Request(text)):
        first = first or time.perf_counter() - asked
        sound += chunk.samples.size / chunk.rate
    return Spoken(first, time.perf_counter() - asked, sound)


@dataclass(frozen=True, slots=True)
class Row:
    """One engine; times in seconds, medians of all sentences but each text's first.

    What the wire costs is the median of the differences within the pairs: both had the same moment.
    """

    engine: str
    voice: str | None
    load: float
    load_inside: float
    first: float
    first_inside: float
    first_more: float
    factor: float
    factor_inside: float
    factor_more: float
    memory_mb: float
    memory_inside_mb: float

    @property
    def well(self) -> bool:
        """The wire costs no more than it may."""
        return self.factor_more <= max(SHARE * self.factor_inside, SECONDS) and self.first_more <= FIRST


def measure(name: str, place: Place, settings: EngineSettings, rounds: int) -> Row:
    """One engine. Raises EngineError."""
    entry = _entry(name)
    host = EngineHost(EngineName(name), entry, settings, Process(name, entry, settings, place))
    python = installed.python_of(place.data, name) or Path(sys.executable)
    try:
        began = time.perf_counter()
        host.load()
        load = time.perf_counter() - began
        with Inside(name, python, place, settings) as inside:
            pairs = [
                (by_wire(host, text), inside.speak(text)) if turn % 2 else _reversed(host, inside, text)
                for turn in range(rounds + 1)
                for text in TEXTS
            ][len(TEXTS) :]
            status = host.status()
            return Row(
                name,
                status.voice,
                load,
                inside.load,
                _median([wire.first for wire, _ in pairs]),
                _median([alone.first for _, alone in pairs]),
                _median([wire.first - alone.first for wire, alone in pairs]),
                _median([wire.factor for wire, _ in pairs]),
                _median([alone.factor for _, alone in pairs]),
                _median([wire.factor - alone.factor for wire, alone in pairs]),
                (status.memory_bytes or 0) / 1e6,
                inside.memory / 1e6,
            )
    finally:
        host.close()


def _reversed(host: EngineHost, inside: Inside, text: str) -> tuple[Spoken, Spoken]:
    alone = inside.speak(text)
    return by_wire(host, text), alone


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _entry(name: str) -> Entry:
    entry = catalog.find(name)
    if entry is None:
        raise EngineError(f"no engine {name} is known{catalog.did_you_mean(name)}")
    return entry


def main() -> int:
    """Print a line for each engine; 1 if one of them costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", help="default: all that are installed")
    parser.add_argument("--rounds", type=int, default=7, help="times that each text is spoken")
    parser.add_argument("--config", type=Path, help="where options and voices are configured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    log.configure(LogSettings(level="error"))
    settings = config.load(arguments.config)
    place = user_place(settings)
    wanted = arguments.engines or [
        entry.name
        for entry in catalog.entries()
        if entry.name not in SERVERS and installed.missing(entry, place.data) is None
    ]
    rows = []
    for name in wanted:
        try:
            rows.append(
                measure(
                    name, place, settings.engine.get(EngineName(name), EngineSettings()), arguments.rounds
                )
            )
        except EngineError as error:
            print(f"{name:10} {error}", file=sys.stderr)
    if arguments.json:
        print(json.dumps([{**asdict(row), "well": row.well} for row in rows], indent=1))
        return 0 if all(row.well for row in rows) else 1
    print("by wire / in one process")
    for row in rows:
        print(
            f"{row.engine:10} ready {row.load:6.2f} / {row.load_inside:5.2f} s   "
            f"first sound {row.first * 1e3:7.1f} / {row.first_inside * 1e3:6.1f} ms ({row.first_more * 1e3:+.1f})   "
            f"factor {row.factor:.4f} / {row.factor_inside:.4f} ({row.factor_more / row.factor_inside:+.1%})   "
            f"memory {row.memory_mb:4.0f} / {row.memory_inside_mb:4.0f} MB   {'well' if row.well else 'TOO DEAR'}"
        )
    return 0 if all(row.well for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
