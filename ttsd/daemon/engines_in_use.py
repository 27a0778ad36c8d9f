"""The engines in use: the chain, which of them are ready before their first line, which are let go when idle."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.engines.measured import FILE, Measured, Measurements, keep
from ttsd.engines.roster import Roster, user_place
from ttsd.errors import EngineCancelled, EngineError
from ttsd.logger import Logger
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.beside import Beside
    from ttsd.engines.chain import Chain
    from ttsd.engines.engine import Engine, EngineStatus
    from ttsd.engines.facts import Listing
    from ttsd.model import EngineName
    from ttsd.settings import Settings

log = Logger("ttsd.engines")

KEEP_SECONDS = 10.0
"""How often at most what was measured is written."""


class EnginesInUse:
    """One chain at a time. The main thread's; what takes long runs beside it."""

    def __init__(self, settings: Settings, clock: Clock, beside: Beside) -> None:
        """Raises EngineError for a name nobody knows."""
        self._roster = Roster(clock)
        self._beside = beside
        self._settings = settings
        self._clock = clock
        self._file = (settings.state.dir or paths.default_state_dir()) / FILE
        self._measured = Measurements(self._file)
        self._kept = clock.monotonic()
        self.chain: Chain = self._roster.build(settings)
        self._former: EngineName | None = None
        """The head before the last switch, while the older chain may be in use."""

    def use(self, settings: Settings) -> Chain:
        """Make the chain that *settings* name; the old one goes on until `free`. Raises EngineError."""
        former = self.chain.names[0]
        self.chain, self._settings = self._roster.build(settings), settings
        if former != self.chain.names[0]:
            self._former = former
        return self.chain

    def load(self) -> None:
        """Start what is to be ready before its first line: the chain's first, unless told otherwise, and what
        converts: loading takes long, and a voice is not to be another one meanwhile."""
        for converter in self.chain.converters:
            self._beside.run("load-converter", partial(_load, converter))
        for place, engine in enumerate(self.chain.engines):
            preload = self._of(engine.name).preload
            if preload or (preload is None and place == 0):
                self._beside.run("load-engine", partial(_load, engine))

    def look(self) -> None:
        """Now and then: keep what was measured, and let go of what is idle."""
        now = self._clock.time()
        news = [self._measured.note(status, now) for status in self._statuses()]
        if any(news) and self._clock.monotonic() - self._kept >= KEEP_SECONDS:
            self._kept = self._clock.monotonic()
            self._beside.run("keep-measurements", partial(keep, self._file, self._measured.take()))
        self._unload_idle()

    def facts(self) -> Callable[[], Listing]:
        """What finds out all that is known of every engine: it reads files, so it is called elsewhere."""
        from ttsd.engines.facts import gather

        self.look()
        settings, statuses = self._settings, self._statuses()
        measured = self._measured.all()
        return lambda: gather(
            settings, user_place(settings).data, statuses, lambda name: measured.get(name, Measured())
        )

    def _statuses(self) -> tuple[EngineStatus, ...]:
        """Of every process, those that convert included."""
        return (*self.chain.status(), *(converter.status() for converter in self.chain.converters))

    def _unload_idle(self) -> None:
        """End the processes of engines that were idle for longer than configured."""
        for engine in self.chain.engines:
            limit, idle = self._of(engine.name).idle_unload, engine.status().idle_seconds
            if limit is not None and idle is not None and idle >= limit:
                self._beside.run("unload-engine", partial(_unload, engine, limit))

    @property
    def helpless(self) -> bool:
        """Whether none of the chain can speak just now."""
        return all(status.state in ("resting", "failed", "missing") for status in self.chain.status())

    def free(self) -> None:
        """Nobody uses an older chain any longer: end the engines that this one does not have, and the process
        of the one that was at its head, unless it is to be ready: what was switched away gives its memory back."""
        for engine in self._roster.keep(self.chain):
            self._beside.run("close-engine", engine.close)
            log.info("engine_closed", engine=engine.name)
        former, self._former = self._former, None
        for engine in self.chain.engines[1:]:
            if engine.name == former and not self._of(former).preload:
                self._beside.run("unload-engine", partial(_unload, engine, 0.0))

    def close(self) -> None:
        """End them all; idempotent."""
        keep(self._file, self._measured.take())
        self._roster.close()

    def _of(self, engine: EngineName) -> EngineSettings:
        return self._settings.engine.get(engine, EngineSettings())


def _load(engine: Engine) -> None:
    try:
        engine.load()
    except EngineCancelled:  # a switch or a stop came before it was ready
        pass
    except EngineError as error:
        log.warning("engine_not_ready", engine=engine.name, error=str(error))


def _unload(engine: Engine, idle: float) -> None:
    if engine.unload(idle):
        log.info("engine_unloaded", engine=engine.name, idle_seconds=idle)
