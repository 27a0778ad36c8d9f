"""The daemon's main thread: starts the house, lives in the mailbox, executes commands, stops in reverse.

It is the sole owner of mode and lifecycle; signal handlers and other threads only put messages.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ttsd import __version__, commands, config, events, log
from ttsd.clock import SystemClock
from ttsd.config.watch import ConfigWatch
from ttsd.control.server import Server
from ttsd.control.transport import default_transport
from ttsd.daemon import results
from ttsd.daemon.audience import Audience
from ttsd.daemon.door import Door
from ttsd.daemon.engine_news import EngineNews
from ttsd.daemon.execute import LATER, Executor
from ttsd.daemon.house import House
from ttsd.daemon.mailbox import Asked, Died, Done, Ended, Gone, Mailbox, Reloading, Stopping
from ttsd.daemon.status import DaemonStatus, NowStatus, QueueStatus
from ttsd.engines import catalog, installed
from ttsd.errors import ConfigError, EngineError, Fault, TtsdError
from ttsd.logger import Logger, keep_lines, log_lines
from ttsd.model import EngineName
from ttsd.paths import default_data_dir
from ttsd.service.console import closing_ends
from ttsd.service.notify import Notifier
from ttsd.service.watchdog import Watchdog
from ttsd.stderr import Terminals, secure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.commands import Command
    from ttsd.control.transport import Transport
    from ttsd.daemon.mailbox import Message
    from ttsd.http.backstage import Backstage
    from ttsd.settings import Settings

logger = Logger("ttsd.daemon.daemon")

SWITCH_INTERVAL = 0.0005
"""Seconds. sqlite3 and pipe reads give the GIL away at every step: at Python's default of 5 ms one busy
thread makes each of them wait that long, and a chunk of sound takes 37 ms."""
LOOK_SECONDS = 0.5
"""How often the configuration file and the threads are looked at; it also lets Ctrl-C through on Windows."""
SETTLE_SECONDS = 0.01
"""How often it is looked, at the start, whether the sources are followed and the outputs stand."""
STOP_SECONDS = 20.0
"""What stopping may take besides finishing an utterance."""


def run(path: Path | None) -> int:
    """Run until stopped; return the exit code. Raises ConfigError, StoreError, ControlError before that."""
    secure()
    daemon = prepare(path, Notifier(os.environ))
    with _signals(daemon.mailbox), closing_ends(lambda why: daemon.mailbox.put(Stopping(why))):
        return daemon.run()


def prepare(path: Path | None, notifier: Notifier) -> Daemon:
    """A daemon that its host runs, with this process's log and switch interval set for it. Raises ConfigError.

    *notifier*: tells the service manager.
    """
    settings = config.load(path)
    log.configure(settings.log)
    sys.setswitchinterval(SWITCH_INTERVAL)
    assert settings.control.socket is not None, "config.load fills it in"
    return Daemon(settings, default_transport(settings.control.socket), SystemClock(), notifier)


class Daemon:
    """One running ttsd."""

    def __init__(self, settings: Settings, transport: Transport, clock: Clock, notifier: Notifier) -> None:
        """Nothing is opened before `run`."""
        self.mailbox = Mailbox()
        self._settings, self._clock = settings, clock
        self._server = Server(
            transport,
            lambda command, reply: self.mailbox.put(Asked(command, reply)),
            died=lambda stage, error: self.mailbox.put(Died(stage, error)),
        )
        self._house: House
        self._executor: Executor
        self._watch = ConfigWatch(settings.path)
        self._problems: tuple[str, ...] = ()
        self._terminals = Terminals()
        self._began = self._looked = clock.monotonic()
        self._door = Door(self._backstage, lambda name, work: self._house.beside.run(name, work))  # noqa: PLW0108 - there is no house yet
        self._audience = Audience(self._server, self._door)
        self._engine_news = EngineNews(clock, self._audience.publish)
        self._ready = False
        self._stopping: Stopping | Died | None = None
        self._notifier = notifier
        self._watchdog = Watchdog(notifier, lambda: (self._server, *self._house.stages()))

    def run(self) -> int:
        """Start, live, stop; return the exit code. Raises TtsdError if it cannot start."""
        with ExitStack() as closing:
            keep_lines()  # until the house has imported what it speaks with
            closing.callback(log_lines)
            closing.callback(self._notifier.close)
            closing.callback(self._server.close)
            self._house = House(self._settings, self._clock, self.mailbox, self._audience)
            closing.callback(self._house.close)
            self._executor = Executor(self._house, self._state)
            self._server.start()
            closing.callback(self._server.stop)
            closing.callback(self._door.close)
            with self._door.changing(self._house.settings.http):  # what keeps us from starting costs no line
                self._house.start()
            while self._stopping is None:
                message = self.mailbox.get(self._until_look() if self._ready else SETTLE_SECONDS)
                if message is not None:
                    self._handle(message)
                self._look()
            logger.info("stopping", why=str(self._stopping))
            speech = self._house.settings.speech
            finishing = speech.stop_timeout if speech.on_stop == "finish" else 0.0
            self._notifier.stopping(finishing + STOP_SECONDS)
        return 1 if isinstance(self._stopping, Died) else 0

    def _until_look(self) -> float:
        return max(0.0, self._looked + LOOK_SECONDS - self._clock.monotonic())

    def _look(self) -> None:
        """See now and then whether all is well and the configuration was saved, however busy the mailbox is."""
        if self._stopping is not None:
            return
        if not self._ready and self._house.settled():
            self._ready = True
            self._announce()
        if self._until_look() == 0:
            self._looked = self._clock.monotonic()
            self._watchdog.turn()
            self._engine_news.look(self._house.engines.chain)
            if self._notifier.wanted:
                self._notifier.status(self._summary())
            if self._watch.changed():
                self._reload()
            self._house.look()

    def _announce(self) -> None:
        house = self._house
        for output in house.voice.outputs():
            logger.info("output", name=output.name, is_=output.description)
        for engine in house.engines.chain.status():
            logger.info("engine", name=engine.name, state=engine.state, detail=engine.detail)
        for source in house.sources():
            logger.info("source", name=source.name, path=source.path, waiting=source.waiting)
        logger.info(
            "ready", version=__version__, pid=os.getpid(), config=str(self._settings.path or "defaults")
        )
        self._notifier.status(self._summary())
        self._notifier.ready()

    # ---- messages

    def _handle(self, message: Message) -> None:
        match message:
            case Asked(command, reply):
                try:
                    answer = self._answer(command, reply)
                except TtsdError as error:
                    answer = error
                except Exception as error:  # one client's question does not end what everybody hears
                    logger.exception("fault", command=type(command).__name__)
                    answer = Fault(error)
                if answer is not LATER:
                    reply(answer)
            case Ended(spoken):
                self._executor.ended(spoken)
            case Gone(utterances, reason):
                self._executor.gone(utterances, reason)
            case Reloading() if self._terminals.gone():  # SIGHUP says that, too
                self._stopping = Stopping("its terminal was closed")
            case Reloading():
                self._reload()
            case Done(then):
                then()
            case Stopping() | Died():
                self._stopping = message

    def _answer(self, command: Command, reply: Callable[[object], None]) -> object:
        """The command's answer, or LATER. Raises TtsdError."""
        match command:
            case commands.Status():
                return self._status()
            case commands.SwitchEngine(engine=engine):
                return self._switch(engine)
            case commands.Reload():
                return self._reload(strict=True)
            case commands.ProfileUse(profile=profile):
                return self._use_profile(profile)
            case commands.Shutdown():
                self.mailbox.put(Stopping("shutdown"))
                return results.ShuttingDown()
            case _:
                return self._executor.execute(command, reply)

    # ---- configuration

    def _switch(self, name: EngineName) -> object:
        entry = catalog.find(name)
        name = EngineName(entry.name) if entry else name
        known = self._house.settings.engine.get(name)
        if known is None or known.uri is None:  # a server elsewhere needs nothing here
            if entry is None:
                raise EngineError(f"no engine {name} is known{catalog.did_you_mean(name)}")
            why = installed.missing(entry, default_data_dir())
            if why is not None:
                raise EngineError(f"cannot switch to {name}: {why}", next_step=entry.install)
        if self._watch.pending():  # what was saved a moment ago is not lost in our own change of the file
            self._reload()
        old = self._house.settings
        engines = (name, *(other for other in old.engines if other != name))
        if self._settings.path is not None:  # first: a file that cannot be changed leaves all as it is
            from ttsd.config import edit

            edit.set_value(self._settings.path, self._house.key_of("engines"), engines)
            self._watch.seen()
        self._house.use_engines(engines)
        self._engine_news.look(self._house.engines.chain)
        logger.info("switched", chain=engines)
        return results.Switched(engines[0], engines, saved=self._settings.path is not None)

    def _reload(self, *, strict: bool = False) -> object:
        """Put the file as it is now in force, or keep what is. *strict*: raise what is wrong with it."""
        changed: tuple[str, ...] = ()
        if self._ready:  # before that, being ready is told when it is true
            self._notifier.reloading()
        self._watch.seen()  # before it is read: what is saved from now on counts as a change
        try:
            new = self._house.in_force(config.load(self._settings.path))
            with self._door.changing(new.http):
                changed = self._house.change(new)
            self._problems = ()
            logger.info("reloaded", changed=changed)
        except TtsdError as error:
            self._problems = error.problems if isinstance(error, ConfigError) else (str(error),)
            logger.error("not_reloaded", problems=self._problems, in_force="the old configuration")
            if strict:
                raise
        finally:
            if self._ready:
                self._notifier.status(self._summary())
                self._notifier.ready()
            self._audience.publish(
                events.ConfigChanged(
                    at=self._clock.time(), ok=not self._problems, problems=self._problems, changed=changed
                )
            )
        return results.Reloaded(changed)

    def _use_profile(self, name: str | None) -> object:
        if self._watch.pending():  # what is wrong with what was just saved is told as after any other look
            self._reload(strict=True)
        new = self._house.with_profile(config.load(self._settings.path), name)
        with self._door.changing(new.http):
            changed = self._house.use_profile(name, new)
        self._problems = ()
        logger.info("profile", profile=name, changed=changed)
        now = self._clock.time()
        self._audience.publish(events.ConfigChanged(at=now, ok=True, problems=(), changed=changed))
        return results.ProfileAnswer(name, changed)

    def _backstage(self) -> Backstage:
        """What the HTTP API has of the daemon."""
        from ttsd.http.backstage import Backstage

        return Backstage(
            lambda command, reply: self.mailbox.put(Asked(command, reply)),
            lambda: self._house.settings,
            self._house.way,
        )

    # ---- status

    def _summary(self) -> str:
        """The daemon in a line, for a person."""
        house = self._house
        now, trouble = house.voice.now(), house.trouble()
        words = [f"{self._state()} {now.utterance.id}" if now else self._state()]
        if waiting := house.store.counts().queued:
            words.append(f"{waiting} queued")
        words.append(now.engine if now and now.engine else house.engines.chain.names[0])
        words += [
            f"{output.name} is gone: {output.error}" for output in house.voice.outputs() if output.error
        ]
        if trouble:
            words.append(trouble)
        if self._problems:
            words.append(f"the configuration as saved is not in force: {self._problems[0]}")
        return ", ".join(words)

    def _state(self) -> str:
        house = self._house
        if self._stopping is not None:
            return "stopping"
        if house.voice.paused:
            return "paused"
        if house.trouble():
            return "waiting"
        if house.voice.speaker is None:
            return "starting"
        return "speaking" if house.voice.now() else "idle"

    def _status(self) -> DaemonStatus:
        house = self._house
        counts, now, trouble = house.store.counts(), house.voice.now(), house.trouble()
        return DaemonStatus(
            state=self._state(),
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(self._clock.monotonic() - self._began, 3),
            config=str(self._settings.path) if self._settings.path else None,
            config_problems=self._problems,
            trouble=trouble,
            engine=house.engines.chain.names[0],
            chain=house.engines.chain.status(),
            conversions=house.engines.chain.conversions_status(),
            queue=QueueStatus(queued=counts.queued, speaking=counts.speaking),
            now=NowStatus.of(now) if now else None,
            volume=house.mode.volume,
            muted=house.mode.muted,
            quiet=house.restraints.quiet,
            profile=house.mode.profile,
            outputs=house.voice.outputs(),
            sources=house.sources(),
            counters=house.store.counters(),
        )


@contextmanager
def _signals(mailbox: Mailbox) -> Iterator[None]:
    """SIGTERM and SIGINT stop, SIGHUP reloads (or stops, where it says that the terminal was closed); the handlers only put messages."""
    wanted: dict[signal.Signals, Message] = {
        signal.SIGTERM: Stopping("SIGTERM"),
        signal.SIGINT: Stopping("SIGINT"),
    }
    if sys.platform != "win32":
        wanted[signal.SIGHUP] = Reloading()
    else:
        wanted[signal.SIGBREAK] = Stopping("Ctrl-Break")
    before = {}
    for number, message in wanted.items():
        before[number] = signal.signal(number, lambda *_, message=message: mailbox.put(message))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
