"""The worker's two sides: connections that are read by a thread each, and the one synthesizer they share.

Invariants: sentences are synthesised one after another, in the order they came; every synthesize is
answered by one audio-stop or one error with its id; a cancelled or lost client's sentence ends soon.
"""

from __future__ import annotations

import queue
import re
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ttsd.engines import protocol, wire
from ttsd.engines.catalog import defaults, fastest_pace, option_problems
from ttsd.engines.memory import used
from ttsd.engines.protocol import Finished
from ttsd.engines.soundcheck import SoundCheck
from ttsd.errors import EngineCancelled, EngineError, EngineExhausted, EngineRefused
from ttsd.model import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Adapter, Setup
    from ttsd.engines.engine import Request
    from ttsd.engines.wire import Event, Readable

PIECE = 16384
"""Samples in one event: 64 KB, so that the first sound is not held up by the last."""
WAITING = 64
"""Sentences that may wait; more are refused."""
_NO_MEMORY = re.compile(
    r"out ?of ?memory|bad_alloc|failed to allocate memory|allocation failed", re.IGNORECASE
)
"""What torch, onnxruntime and C++ call it."""


class Writable(Protocol):
    """Where a connection's answers go."""

    def write(self, data: bytes, /) -> object:
        """Take all of *data*."""
        ...

    def flush(self) -> None:
        """Send what was taken."""
        ...


class Connection:
    """One client."""

    def __init__(self, reader: Readable, writer: Writable) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()
        self.gone = False
        """The client has ended, or does not take what it asked for."""

    def receive(self) -> Event | None:
        """The next event; None when the client has ended or what it sent cannot be read."""
        try:
            return wire.read(self._reader)
        except wire.WireError as error:
            say(f"a client is dropped: {error.what}")
        except (OSError, ValueError):  # ValueError: closed by our own side
            pass
        return None

    def send(self, *events: Event) -> None:
        """Answer, all at once; a client that is gone is noted, not reported."""
        data = b"".join(map(wire.encode, events))
        with self._lock:
            try:
                self._writer.write(data)
                self._writer.flush()
            except (OSError, ValueError):
                self.gone = True


@dataclass(slots=True, eq=False)
class Job:
    """A sentence on its way."""

    connection: Connection
    id: int | None
    request: Request
    floats: bool
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        """Nobody wants it any more."""
        return self.cancelled.is_set() or self.connection.gone


class Service:
    """The one engine of this process, and the sentences that wait for it."""

    def __init__(self, name: str, adapter: Adapter, setup: Setup) -> None:
        self.name = name
        self._adapter = adapter
        self._setup = setup
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._pending: list[Job] = []
        self._asking: list[Connection] = []
        """Clients that wait for it to be ready."""
        self._familiar: list[Connection] = []
        """Clients that know the extension."""
        self._doing = ""
        """What loading is at."""
        self._answer: Event | None = None
        self._fastest = fastest_pace(name)
        self._defaults = defaults(name)

    def load(self) -> EngineError | None:
        """Open the adapter; tells all who asked what came of it, and returns the fault if there was one."""
        fault: EngineError | None = None
        try:
            self._adapter.open(self._setup, self._progress)
            voices = list(self._adapter.voices())
            answer = protocol.info(self.name, f"{self.name}, by ttsd", voices, voices[0].name, used())
        except Exception as error:  # noqa: BLE001  # whatever a library raises becomes the engine's answer
            fault = _as_engine_error(error)
            answer = protocol.error(fault, None)
        with self._lock:
            self._answer = answer
            asking, self._asking = self._asking, []
            self._doing = ""
        for connection in asking:
            connection.send(answer)
        return fault

    def run(self) -> None:
        """Synthesise what comes until `stop`."""
        while (job := self._jobs.get()) is not None:
            try:
                self._speak(job)
            finally:
                with self._lock:
                    self._pending.remove(job)

    def stop(self) -> None:
        """Make `run` return after the sentence it is at."""
        self._jobs.put(None)

    def attend(self, connection: Connection) -> None:
        """Serve a client until it ends; runs in the connection's own thread."""
        while not connection.gone and (event := connection.receive()) is not None:
            self._handle(connection, event)
        connection.gone = True
        with self._lock:
            self._familiar = [one for one in self._familiar if one is not connection]
        self._cancel(lambda job: job.connection is connection)

    def _handle(self, connection: Connection, event: Event) -> None:
        if event.type == protocol.SYNTHESIZE:
            self._accept(connection, event)
        elif event.type == protocol.CANCEL:
            wanted = protocol.job_of(event)
            self._cancel(lambda job: job.connection is connection and job.id == wanted)
        elif event.type == protocol.DESCRIBE:
            self._describe(connection, familiar=protocol.is_familiar(event))
        elif event.type == protocol.PING:
            connection.send(wire.Event(protocol.PONG, event.data))
        # Anything else is an extension that we do not know.

    def _describe(self, connection: Connection, *, familiar: bool) -> None:
        if familiar:
            connection.send(protocol.hello())
        with self._lock:
            answer, doing = self._answer, self._doing
            if answer is None:
                self._asking.append(connection)
            if familiar:
                self._familiar.append(connection)
        if answer is not None:
            connection.send(answer)
        elif familiar and doing:
            connection.send(protocol.progress(doing))

    def _accept(self, connection: Connection, event: Event) -> None:
        number = protocol.job_of(event)
        try:
            request = protocol.read_synthesize(event)
            if request.options and (problems := option_problems(self.name, request.options)):
                raise EngineRefused("; ".join(problems))
            options = {**self._defaults, **self._setup.options, **request.options}
            job = Job(connection, number, replace(request, options=options), protocol.wants_float(event))
            with self._lock:
                self._pending.append(job)
                try:
                    self._jobs.put_nowait(job)
                except queue.Full:
                    self._pending.remove(job)
                    raise EngineRefused(f"{WAITING} sentences wait already") from None
        except EngineError as error:
            connection.send(protocol.error(error, number))

    def _cancel(self, concerns: Callable[[Job], bool]) -> None:
        with self._lock:
            for index, job in enumerate(self._pending):
                if concerns(job) and not job.cancelled.is_set():
                    job.cancelled.set()
                    if index == 0:  # the one that sounds; the others only wait
                        self._adapter.cancel()

    def _progress(self, text: str) -> None:
        with self._lock:
            self._doing = text
            familiar = list(self._familiar)
        for connection in familiar:
            connection.send(protocol.progress(text))

    def _speak(self, job: Job) -> None:
        try:
            finished = self._synthesize(job)
        except Exception as error:  # noqa: BLE001  # whatever a library raises becomes the engine's answer
            fault = EngineCancelled("cancelled") if job.over else _as_engine_error(error)
            job.connection.send(protocol.error(fault, job.id))
        else:
            job.connection.send(protocol.audio_stop(finished, job.id))

    def _synthesize(self, job: Job) -> Finished:
        check = SoundCheck(job.request.text, self._fastest, of=job.request.sound)
        began = False
        computed, asked = 0.0, time.monotonic()
        if job.over:
            raise EngineCancelled("cancelled")
        with closing(_Closable(self._adapter.synthesize(job.request))) as chunks:
            for chunk in chunks:
                computed += time.monotonic() - asked
                if job.over:
                    raise EngineCancelled("cancelled")
                for piece in (piece for ready in check.feed(chunk) for piece in _pieces(ready)):
                    sound = protocol.audio_chunk(piece, job.id, floats=job.floats)
                    if began:
                        job.connection.send(sound)
                    else:
                        start = protocol.audio_start(piece.rate, job.id, floats=job.floats, voice=piece.voice)
                        job.connection.send(start, sound)
                        began = True
                asked = time.monotonic()
            computed += time.monotonic() - asked
        if job.over:
            raise EngineCancelled("cancelled")
        check.finish()
        return Finished(computed, check.clipped, used())


class _Closable:
    """An iterator whose `close` reaches the adapter's generator, if it is one."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks

    def close(self) -> None:
        if close := getattr(self._chunks, "close", None):
            close()


def say(text: str) -> None:
    """A line for the daemon's log. stdout belongs to the protocol."""
    sys.stderr.write(f"ttsd worker: {text}\n")
    sys.stderr.flush()


def _pieces(chunk: Chunk) -> Iterator[Chunk]:
    for start in range(0, chunk.samples.size, PIECE):
        words = chunk.words if start == 0 else ()
        yield Chunk(chunk.samples[start : start + PIECE], chunk.rate, words, chunk.voice)


def _as_engine_error(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    if isinstance(error, MemoryError) or _NO_MEMORY.search(f"{type(error).__name__}: {error}"):
        return EngineExhausted(f"ran out of memory ({type(error).__name__}: {error})"[:300])
    return EngineRefused(f"{type(error).__name__}: {error}"[:300])
