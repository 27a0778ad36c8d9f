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
    from ttsd.engines.entry import Entry
    from ttsd.settings.voices import ConvertSettings, VoiceSettings


@dataclass(slots=True, eq=False)
class Conversion:
    """A preset's use of a converter, and what was learnt of it: a speaker that is not there is no other's fault."""

    settings: ConvertSettings
    name: str
    """For people: the kind of converter, or the program."""
    engine: Engine | None = None
    """Its process, which others may use, too; None: a program that runs for each sentence."""
    breaker: Breaker = field(default_factory=Breaker)
    last_error: str | None = None
    """Why it rests."""

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
        name, left = EngineName(voice), self.breaker.left(now)
        if self.engine is not None:
            status = replace(self.engine.status(), name=name)
        else:
            status = EngineStatus(name, "installed", self.name, last_error=self.last_error)
        if left <= 0 or status.state in ("missing", "closed"):
            return status
        detail = f"{self.name} rests for {left:.0f} s: {self.last_error}"
        return replace(status, state="resting", detail=detail, last_error=self.last_error)


class Conversions:
    """Every converter that lives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: list[tuple[object, Engine]] = []
        """Processes, and what each was made of."""
        self._known: dict[str, Conversion] = {}
        """As they were built last."""

    def build(self, presets: Mapping[str, VoiceSettings], place: Place) -> dict[str, Conversion]:
        """Of each preset that has one; nothing is started. Those that did not change go on with their rests."""
        found = {}
        for voice, preset in presets.items():
            if preset.convert is None:
                continue
            new = self._of(preset.convert, place)
            old = self._known.get(voice)
            same = old is not None and (old.settings, old.engine) == (new.settings, new.engine)
            found[voice] = old if old is not None and same else new
        self._known = found
        return dict(found)

    def keep(self, used: Iterable[Conversion]) -> tuple[Engine, ...]:
        """Let go of every process that is not *used*; the caller closes what is returned."""
        wanted = {id(one.engine) for one in used}
        gone = tuple(engine for _, engine in self._made if id(engine) not in wanted)
        self._made = [one for one in self._made if id(one[1]) in wanted]
        return gone

    def _of(self, settings: ConvertSettings, place: Place) -> Conversion:
        entry = None if settings.type == COMMAND else catalog.find_converter(settings.type)
        if entry is None:
            return Conversion(settings, Path(settings.command[0]).name)
        return Conversion(settings, entry.name, self._process(settings, entry, place))

    def _process(self, settings: ConvertSettings, entry: Entry, place: Place) -> Engine:
        loads = {option.name for option in entry.options if option.loads}
        mine = EngineSettings(
            first_chunk_timeout=settings.timeout,
            idle_timeout=settings.timeout,
            options={key: value for key, value in settings.options.items() if key in loads},
        )
        wishes = (entry.name, mine, place.base)
        for known, engine in self._made:
            if known == wishes:
                return engine
        name = EngineName(entry.name)
        host = EngineHost(name, entry, mine, Process(name, entry, mine, place), self._clock)
        self._made.append((wishes, host))
        return host
