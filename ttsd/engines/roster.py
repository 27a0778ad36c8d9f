"""Makes the engines that the settings name, keeps those that did not change, closes those that went.

Build new, swap, then close old: `build` closes nothing; after the new chain is in use, `keep` tells
what is to be closed. One thread calls these; the engines themselves are shared.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.engines import catalog, installed
from ttsd.engines.chain import Chain, Health
from ttsd.engines.connect import Place, Process, Server
from ttsd.engines.conversions import Conversions
from ttsd.engines.host import EngineHost
from ttsd.engines.side_by_side import SideBySide
from ttsd.errors import EngineError
from ttsd.frozen import frozen
from ttsd.model import EngineName
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.engines.connect import Connector
    from ttsd.engines.engine import Engine
    from ttsd.settings import Settings

LAST_RESORT = EngineName("espeak")
"""Speaks every language, for want of a better voice."""


@frozen
class _Made:
    """An engine, and what it was made of: equal wishes get the same engine."""

    name: EngineName
    settings: EngineSettings
    base: Path
    engine: Engine
    health: Health = field(default_factory=Health)


class Roster:
    """Every engine that lives."""

    def __init__(self, clock: Clock | None = None, place: Place | None = None) -> None:
        """*place*: folders and interpreter; default: the settings' and user's folders, this interpreter."""
        self._clock = clock or SystemClock()
        self._place = place
        self._made: list[_Made] = []
        self._conversions = Conversions(self._clock)
        self._head: EngineName | None = None

    def build(self, settings: Settings) -> Chain:
        """A chain as the settings name it; nothing is started. Raises EngineError for a name nobody knows."""
        place = self._place or user_place(settings)
        names = dict.fromkeys((*settings.engines, *_last_resort(settings, place)))
        made = [self._get(name, settings, place) for name in names]
        if made and made[0].name != self._head:
            # It was put there on purpose: whatever it rests for, it is tried at once.
            made[0].health.breaker.succeeded()
            self._head = made[0].name
        return Chain(
            [one.engine for one in made],
            self._clock,
            health={one.name: one.health for one in made},
            conversions=self._conversions.build(settings.voice, place),
        )

    def keep(self, chain: Chain) -> tuple[Engine, ...]:
        """Let go of every engine and converter that *chain* does not have; the caller closes them, a second
        for each."""
        gone = tuple(one.engine for one in self._made if one.engine not in chain.engines)
        self._made = [one for one in self._made if one.engine in chain.engines]
        return gone + self._conversions.keep(chain.conversions.values())

    def close(self) -> None:
        """Close them all; idempotent."""
        for engine in self.keep(Chain(())):
            engine.close()

    def _get(self, name: EngineName, settings: Settings, place: Place) -> _Made:
        wanted = settings.engine.get(name, EngineSettings())
        for one in self._made:
            if (one.name, one.settings, one.base) == (name, wanted, place.base):
                return one
        made = _Made(name, wanted, place.base, self._make(name, wanted, place))
        self._made.append(made)
        return made

    def _make(self, name: EngineName, settings: EngineSettings, place: Place) -> Engine:
        entry = catalog.find(name)
        uris = settings.uri.split() if settings.uri else []
        if entry is None and not uris:
            raise EngineError(f"no engine {name} is known{catalog.did_you_mean(name)}")
        entry = entry or catalog.a_server(name)
        connectors: list[Connector] = [Server(name, uri) for uri in uris]
        connectors = connectors or [Process(name, entry, settings, place) for _ in range(settings.workers)]
        hosts = [EngineHost(name, entry, settings, connector, self._clock) for connector in connectors]
        return hosts[0] if len(hosts) == 1 else SideBySide(name, hosts, self._clock)


def _last_resort(settings: Settings, place: Place) -> tuple[EngineName, ...]:
    """eSpeak, if it is installed and lines have languages: it speaks those that no other engine does."""
    if not settings.language and not any(source.language for source in settings.sources):
        return ()
    entry = catalog.find(LAST_RESORT)
    return () if entry is None or installed.missing(entry, place.data) else (LAST_RESORT,)


def user_place(settings: Settings) -> Place:
    """The folders of this user, and of the settings' file (the working directory where there is none)."""
    import platformdirs

    base = Path.cwd() if settings.path is None else settings.path.parent
    return Place(
        base,
        platformdirs.user_data_path("ttsd", appauthor=False),
        platformdirs.user_cache_path("ttsd", appauthor=False),
    )
