"""The daemon's side of an engine that runs in a process of its own.

Invariants
- The process exists from the first sentence (or `load`) until `close`; whatever happens to it, the
  next sentence starts a new one if the old is of no use.
- What belongs to a cancelled sentence is drained and dropped by its id; a worker that does not stop
  within its grace time is killed in the background.
- After `close` nothing is left: no process, no thread, no descriptor.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ttsd.clock import SystemClock
from ttsd.engines import catalog, protocol
from ttsd.engines.child import Child
from ttsd.engines.engine import EngineStatus
from ttsd.engines.inbox import Closed
from ttsd.engines.privacy import withhold
from ttsd.engines.protocol import Info, PcmReader
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineMissing,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
)
from ttsd.model import Chunk, EngineName, Voice
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.clock import Clock
    from ttsd.engines.catalog import Entry
    from ttsd.engines.engine import Request
    from ttsd.engines.wire import Event

log = structlog.get_logger("ttsd.engines")

LONGEST_TEXT = 8000
"""Characters of one sentence; a request must fit into a pipe that nobody reads."""
_BOOT = Path(__file__).with_name("boot.py")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine's process runs and what it may use."""

    base: Path
    """The configuration's folder: relative paths are relative to it."""
    data: Path
    """ttsd's data folder of the user."""
    cache: Path
    """ttsd's cache folder of the user."""
    python: Path = Path(sys.executable)
    """The interpreter of the engine's venv."""
    adapter: str | None = None
    """An adapter in place of the catalogue's: `module:Class` or `file.py:Class`."""


class EngineHost:
    """An Engine (see engine.py) in a child process."""

    def __init__(
        self,
        name: EngineName,
        entry: Entry,
        settings: EngineSettings,
        place: Place,
        clock: Clock | None = None,
    ) -> None:
        """*entry*: what the catalogue says of it; *settings* go before its defaults. Starts nothing."""
        self.name = name
        self.settings = settings
        self._entry = entry
        self._place = place
        self._clock = clock or SystemClock()
        self._load_timeout = settings.load_timeout or entry.load_timeout
        self._first_timeout = settings.first_chunk_timeout or entry.first_chunk_timeout
        self._idle_timeout = settings.idle_timeout or entry.idle_timeout
        self._loading = threading.Lock()
        """Held while a process is started and made ready."""
        self._speaking = threading.Lock()
        """Held while a sentence is synthesised."""
        self._state = threading.Lock()
        """Guards what follows; never held while waiting."""
        self._child: Child | None = None
        self._info: Info | None = None
        self._draining: threading.Thread | None = None
        self._job = 0
        self._running: int | None = None
        self._cancelled = False
        self._closed = False
        self._text = ""
        """What is being spoken: kept out of the log."""
        self._missing = None if place.adapter else catalog.missing(entry)
        self._detail: str | None = None
        self._load_seconds: float | None = None
        self._first_seconds: float | None = None
        self._factor: float | None = None
        self._last_error: str | None = None

    # What is asked of an engine

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Engine."""
        if not any(c.isalnum() for c in request.text):
            raise EngineRefused("there is nothing to speak in the text", where=self.name)
        if len(request.text) > LONGEST_TEXT:
            raise EngineRefused(f"the sentence is longer than {LONGEST_TEXT} characters", where=self.name)
        if not self._speaking.acquire(blocking=False):
            raise EngineRefused("it is at another sentence", where=self.name)
        try:
            with self._state:
                self._cancelled = False
                self._text = request.text
            yield from self._speak(request)
        except EngineError as error:
            if not isinstance(error, EngineCancelled):
                self._last_error = error.what
            raise
        finally:
            with self._state:
                self._running = None
                self._text = ""
            self._speaking.release()

    def cancel(self) -> None:
        """See Engine."""
        with self._state:
            self._cancelled = self._speaking.locked()
            child, running = self._child, self._running
        if child is None:
            return
        if running is not None:
            _tell(child, protocol.cancel(running))
        child.wake()

    def load(self) -> None:
        """See Engine."""
        try:
            self._ready()
        except EngineError as error:
            self._last_error = error.what
            raise

    def voices(self) -> tuple[Voice, ...]:
        """See Engine."""
        self.load()
        return self._info.voices if self._info is not None else ()

    def status(self) -> EngineStatus:
        """See Engine."""
        with self._state:
            child, info = self._child, self._info
            voice = info.default if info is not None and info.default else self.settings.voice
            state, detail = self._state_now(child, info)
            return EngineStatus(
                self.name,
                state,
                detail,
                None if child is None else child.pid,
                voice,
                self._load_seconds,
                self._first_seconds,
                self._factor,
                self._last_error,
            )

    def unload(self) -> None:
        """End the process and give its memory back; the next sentence starts a new one."""
        self.cancel()
        with self._state:
            child, self._child, self._info = self._child, None, None
            draining = self._draining
        if child is not None:
            child.end()
        if draining is not None:
            draining.join()

    def close(self) -> None:
        """See Engine."""
        with self._state:
            self._closed = True
        self.unload()

    # How it is done

    def _state_now(self, child: Child | None, info: Info | None) -> tuple[str, str | None]:
        if self._closed:
            return "closed", None
        if self._missing is not None:
            return "missing", f"{self._entry.label} {self._missing}" + _remedy(self._entry.install)
        if child is None:
            return ("installed", None) if self._last_error is None else ("failed", self._last_error)
        if info is None:
            return "loading", self._detail
        return ("ready" if self._running is None else "busy"), self._detail

    def _speak(self, request: Request) -> Iterator[Chunk]:
        child, info = self._ready()
        if fault := protocol.unknown_voice(request, info.voices, self.name):
            raise fault
        with self._state:
            self._job += 1
            job = self._running = self._job
        finished = False
        began = self._clock.monotonic()
        try:
            if not _tell(child, protocol.synthesize(request, job)):
                raise self._crashed(child)
            yield from self._listen(child, job, began)
            finished = True
        except EngineTimeout:
            # It hangs: no use waiting for it, and no use in it.
            self._drop(child)
            raise
        except EngineError as error:
            finished = not isinstance(error, EngineCancelled | EngineCrashed)
            raise
        finally:
            if not finished and child.alive:
                _tell(child, protocol.cancel(job))
                self._drain(child, job)

    def _listen(self, child: Child, job: int, began: float) -> Iterator[Chunk]:
        pcm: PcmReader | None = None
        samples = 0
        deadline, waiting_for = began + self._first_timeout, "first sound"
        while True:
            event = self._receive(child, deadline, f"gave no {waiting_for}")
            if protocol.job_of(event) != job:
                continue
            if event.type == protocol.AUDIO_START:
                pcm = PcmReader(event)
            elif event.type == protocol.AUDIO_CHUNK:
                if pcm is None:
                    pcm = PcmReader(event)
                if not samples:
                    self._first_seconds = self._clock.monotonic() - began
                sound = pcm.feed(event.payload)
                samples += sound.size
                yield Chunk(sound, pcm.rate, protocol.read_words(event))
                deadline, waiting_for = self._clock.monotonic() + self._idle_timeout, "further sound"
            elif event.type == protocol.AUDIO_STOP:
                if pcm is None or not samples:
                    raise EngineSilent("gave no sound at all", where=self.name)
                if (seconds := protocol.read_stop(event).seconds) is not None:
                    self._factor = seconds / (samples / pcm.rate)
                return
            elif event.type == protocol.ERROR:
                fault = protocol.read_error(event, self.name)
                fault.what = withhold(fault.what, self._text)
                raise fault

    def _receive(self, child: Child, deadline: float, otherwise: str) -> Event:
        """The next event. Raises EngineTimeout at *deadline*, EngineCancelled, EngineCrashed."""
        while True:
            if self._cancelled or self._closed:
                raise EngineCancelled("cancelled", where=self.name)
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise EngineTimeout(otherwise + " in time", where=self.name)
            try:
                event = child.receive(left)
            except Closed:
                raise self._crashed(child) from None
            if event is None:
                continue
            if event.type == protocol.PROGRESS:
                self._detail = str(event.data.get("text", ""))[:300]
                log.info("engine_progress", engine=self.name, doing=self._detail)
                continue
            return event

    def _crashed(self, child: Child) -> EngineError:
        if self._cancelled or self._closed:
            return EngineCancelled("cancelled", where=self.name)
        words = child.last_words()
        self._drop(child)
        log.warning("engine_ended", engine=self.name, reason=words)
        return EngineCrashed(words, where=self.name)

    # The process

    def _ready(self) -> tuple[Child, Info]:
        """A process that has nothing left to do, started and loaded if need be."""
        with self._loading:
            with self._state:
                draining = self._draining
            if draining is not None:
                draining.join()  # bounded by the grace time
            with self._state:
                self._draining = None
                if self._closed:
                    raise EngineCancelled("it was closed", where=self.name)
                child, info = self._child, self._info
            if child is not None and not child.alive:
                # It ended while nobody asked anything of it.
                log.warning("engine_ended", engine=self.name, reason=child.last_words())
                self._drop(child)
                child = None
            if child is not None and info is not None:
                return child, info
            began = self._clock.monotonic()
            if child is None:
                child = self._start()
            try:
                info = self._await_info(child, began)
            except EngineCancelled:
                raise  # it goes on loading; the next sentence waits for the same process
            except EngineError:
                self._drop(child)
                raise
            with self._state:
                self._info, self._detail = info, None
            self._load_seconds = self._clock.monotonic() - began
            self._last_error = None
            log.info("engine_ready", engine=self.name, seconds=round(self._load_seconds, 2), pid=child.pid)
            return child, info

    def _start(self) -> Child:
        self._missing = None if self._place.adapter else catalog.missing(self._entry)
        if self._missing is not None:
            raise EngineMissing(
                f"{self._entry.label} {self._missing}", where=self.name, next_step=self._entry.install
            )
        child = Child(self.name, self._command(), self._environment(), self._heard)
        with self._state:
            self._child, self._info = child, None
            closed = self._closed
        if closed:
            self.unload()
            raise EngineCancelled("it was closed", where=self.name)
        _tell(child, protocol.hello())
        _tell(child, protocol.describe())
        return child

    def _await_info(self, child: Child, began: float) -> Info:
        while True:
            event = self._receive(child, began + self._load_timeout, "was not ready")
            if event.type == protocol.HELLO:
                protocol.check_hello(event, self.name)
            elif event.type == protocol.ERROR and protocol.job_of(event) is None:
                raise protocol.read_error(event, self.name)
            elif event.type == protocol.INFO:
                return protocol.read_info(event)

    def _drop(self, child: Child) -> None:
        """Have nothing more to do with this process: it is killed, and reaped in the background."""
        child.kill()
        with self._state:
            if self._child is child:
                self._child, self._info = None, None

    def _drain(self, child: Child, job: int) -> None:
        """Read away, in the background, what a cancelled sentence still sends; replace a worker that does not stop."""

        def drain() -> None:
            deadline = self._clock.monotonic() + self._entry.cancel_grace
            try:
                while (left := deadline - self._clock.monotonic()) > 0:
                    event = child.receive(left)
                    if event is None or protocol.job_of(event) != job:
                        continue
                    if event.type in (protocol.AUDIO_STOP, protocol.ERROR):
                        return
            except Closed:
                return
            log.info("engine_replaced", engine=self.name, reason="it did not stop when cancelled")
            self._drop(child)

        thread = threading.Thread(target=drain, name=f"engine-{self.name}-drain", daemon=True)
        with self._state:
            self._draining = thread
        thread.start()

    def _command(self) -> list[str]:
        settings, place = self.settings, self._place
        command = [str(place.python), str(_BOOT), self._entry.name, "--parent", str(os.getpid())]
        if place.adapter:
            command += ["--adapter", place.adapter]
        if settings.voice:
            command += ["--voice", settings.voice]
        if settings.options:
            command += ["--options", json.dumps(dict(settings.options))]
        if settings.nice:
            command += ["--nice", str(settings.nice)]
        for option, folder in (("--base", place.base), ("--data", place.data), ("--cache", place.cache)):
            command += [option, str(folder)]
        return command

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        if self._place.python != Path(sys.executable):
            # It would put this venv's libraries before those of the engine's.
            environment.pop("PYTHONPATH", None)
        threads = str(max(1, (os.cpu_count() or 2) - 1))
        for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
            environment.setdefault(f"{library}_NUM_THREADS", threads)
        return environment

    def _heard(self, line: str) -> str | None:
        with self._state:
            text = self._text
        kept = withhold(line, text)
        log.debug("engine_says", engine=self.name, line=kept)
        return kept


def _tell(child: Child, event: Event) -> bool:
    """Send; false if the process no longer reads (its end is told by what is received)."""
    try:
        child.send(event)
    except OSError:
        return False
    return True


def _remedy(command: str | None) -> str:
    return f"; {command}" if command else ""
