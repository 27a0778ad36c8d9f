"""What was measured of each engine on this machine, kept from one run to the next.

Only what was measured is here; there are no guesses. A file that cannot be read is told and measured anew:
nothing is lost in it that the next sentence does not bring back. Other processes may write it, too
(`ttsd engine test` beside the daemon): each puts its own news into what is there.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from ttsd.frozen import frozen
from ttsd.logger import Logger
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ttsd.engines.engine import EngineStatus
    from ttsd.model import EngineName

log = Logger("ttsd.engines")

FILE = "engines.json"
_LARGEST = 1 << 20
"""Bytes of it that are read."""
_NEWEST = 0.3
"""What the newest sentence counts beside those before it: each differs in length."""


@frozen
class Measured:
    """Of one engine; None: not measured."""

    voice: str | None = None
    """The voice it was measured with."""
    load_seconds: float | None = None
    """From nothing to ready."""
    first_audio_seconds: float | None = None
    """From a sentence to its first sound."""
    real_time_factor: float | None = None
    """Seconds of computing for a second of sound."""
    memory_bytes: int | None = None
    """What its process held in main memory when it had spoken."""
    vram_bytes: int | None = None
    """What it held on graphics cards then."""
    voices: int | None = None
    """How many it offered."""
    at: float | None = None
    """When, in Unix seconds."""


class Measurements:
    """The file, and what is new since it was read. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """*path*: see FILE; it need not exist."""
        self._kept = _read(path)
        self._last: dict[EngineName, EngineStatus] = {}
        self._news: set[EngineName] = set()

    def of(self, engine: EngineName) -> Measured:
        """What is known of it."""
        return self._kept.get(engine, Measured())

    def all(self) -> dict[EngineName, Measured]:
        """What is known of each."""
        return dict(self._kept)

    def note(self, status: EngineStatus, now: float) -> bool:
        """Take a status into account; whether there is something to keep. *now*: Unix seconds."""
        last = self._last.get(status.name)
        self._last[status.name] = status
        if status.state == "busy" or (last is not None and _figures(last) == _figures(status)):
            return bool(self._news)
        if status.load_seconds is None:  # not loaded since this daemon began
            return bool(self._news)
        known = self.of(status.name)
        before = known if known.voice == status.voice else Measured()
        self._kept[status.name] = Measured(
            voice=status.voice,
            load_seconds=_rounded(status.load_seconds),
            first_audio_seconds=_mixed(before.first_audio_seconds, status.first_audio_seconds),
            real_time_factor=_mixed(before.real_time_factor, status.real_time_factor),
            memory_bytes=status.memory_bytes or known.memory_bytes,
            vram_bytes=status.vram_bytes or known.vram_bytes,
            voices=status.voices,
            at=round(now, 1),
        )
        self._news.add(status.name)
        return True

    def take(self) -> dict[EngineName, Measured]:
        """What is new since the last time, for `keep`."""
        news = {name: self._kept[name] for name in self._news}
        self._news.clear()
        return news


def keep(path: Path, news: Mapping[EngineName, Measured]) -> None:
    """Put *news* into the file; a folder that cannot be written costs the next start its figures, no more."""
    if not news:
        return
    all_of_them = {name: asdict(one) for name, one in {**_read(path), **news}.items()}
    try:
        replace_file(path, json.dumps(all_of_them, indent=1, sort_keys=True).encode("ascii"))
    except OSError as error:
        log.warning("measurements_not_kept", path=str(path), error=str(error))


def _read(path: Path) -> dict[EngineName, Measured]:
    try:
        with path.open("rb") as file:
            found: Any = json.loads(file.read(_LARGEST))
        return {str(name): _one(told) for name, told in found.items()}  # type: ignore[misc]  # EngineName is str
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("measurements_not_read", path=str(path), error=str(error))
        return {}


def _one(told: Any) -> Measured:
    """Numbers that are numbers; whatever else stands there counts as not measured."""
    known = {field.name: told.get(field.name) for field in fields(Measured)}
    voice = known.pop("voice")
    numbers: dict[str, Any] = {
        name: value
        for name, value in known.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return Measured(voice=voice if isinstance(voice, str) else None, **numbers)


def _figures(status: EngineStatus) -> tuple[object, ...]:
    return (status.load_seconds, status.first_audio_seconds, status.real_time_factor, status.voice)


def _mixed(before: float | None, now: float | None) -> float | None:
    if now is None or before is None:
        return _rounded(before if now is None else now)
    return _rounded((1 - _NEWEST) * before + _NEWEST * now)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
