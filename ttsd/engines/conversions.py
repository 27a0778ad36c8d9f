"""The converters that presets name: made, shared where their wishes are equal, kept while they are named.

A converter is a program that runs once for each sentence (`command`), or an engine's process that gets sounds
in place of texts. How a sentence goes through one is the speech room's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines import catalog
from ttsd.engines.breaker import Breaker
from ttsd.engines.connect import Process
from ttsd.engines.engine import EngineStatus
from ttsd.engines.host import EngineHost
from ttsd.model import EngineName
from ttsd.settings import EngineSettings
from ttsd.settings.voices import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttsd.clock import Clock
    from ttsd.engines.connect import Place
    from ttsd.engines.engine import Engine, Scalar
    from ttsd.settings.voices import ConvertSettings, VoiceSettings


@dataclass(slots=True, eq=False)
class Converter:
    """One of them, and what was learnt of it."""

    name: str
    """For people: its kind, or its program."""
    engine: Engine | None = None
    """None: a program that runs for each sentence."""
    breaker: Breaker = field(default_factory=Breaker)
    last_error: str | None = None
    """Why it rests."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A preset's use of a converter."""

    settings: ConvertSettings
    converter: Converter

    @property
    def options(self) -> dict[str, Scalar]:
        """What may differ from sentence to sentence."""
        entry = catalog.find_converter(self.settings.type)
        own = entry.options if entry is not None else ()
        given = self.settings.options
        return {
            option.name: given[option.name] for option in own if option.name in given and not option.loads
        }

    def status(self, voice: str, now: float) -> EngineStatus:
        """As engines have one, under the preset's name. *now*: monotonic seconds."""
        converter = self.converter
        name, left = EngineName(voice), converter.breaker.left(now)
        if converter.engine is not None:
            status = replace(converter.engine.status(), name=name)
        else:
            status = EngineStatus(name, "installed", converter.name, last_error=converter.last_error)
        if left <= 0 or status.state in ("missing", "closed"):
            return status
        detail = f"{converter.name} rests for {left:.0f} s: {converter.last_error}"
        return replace(status, state="resting", detail=detail, last_error=converter.last_error)


class Conversions:
    """Every converter that lives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: list[tuple[object, Converter]] = []

    def build(self, presets: Mapping[str, VoiceSettings], place: Place) -> dict[str, Conversion]:
        """Of each preset that has one; nothing is started."""
        return {
            name: Conversion(preset.convert, self._get(preset.convert, place))
            for name, preset in presets.items()
            if preset.convert is not None
        }

    def keep(self, used: Iterable[Conversion]) -> tuple[Engine, ...]:
        """Let go of every converter that is not *used*; the caller closes what is returned."""
        wanted = {id(one.converter) for one in used}
        gone = [converter for _, converter in self._made if id(converter) not in wanted]
        self._made = [one for one in self._made if id(one[1]) in wanted]
        return tuple(converter.engine for converter in gone if converter.engine is not None)

    def _get(self, settings: ConvertSettings, place: Place) -> Converter:
        wishes = (settings.command, settings.folder)
        entry = None if settings.type == COMMAND else catalog.find_converter(settings.type)
        if entry is None:
            return self._shared(wishes) or self._keep(wishes, Converter(Path(settings.command[0]).name))
        loads = {option.name for option in entry.options if option.loads}
        mine = EngineSettings(
            first_chunk_timeout=settings.timeout,
            idle_timeout=settings.timeout,
            options={key: value for key, value in settings.options.items() if key in loads},
        )
        known = (entry.name, mine, place.base)
        if (found := self._shared(known)) is not None:
            return found
        name = EngineName(entry.name)
        host = EngineHost(name, entry, mine, Process(name, entry, mine, place), self._clock)
        return self._keep(known, Converter(entry.name, host))

    def _shared(self, wishes: object) -> Converter | None:
        return next((converter for known, converter in self._made if known == wishes), None)

    def _keep(self, wishes: object, converter: Converter) -> Converter:
        self._made.append((wishes, converter))
        return converter
