"""Listening to an engine over a link: with a deadline for everything, and an end that any thread can bring.

Raises inbox.Closed when the link ends; what that means is the host's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines import protocol
from ttsd.engines.protocol import PcmReader
from ttsd.errors import EngineCancelled, EngineSilent, EngineTimeout
from ttsd.frozen import frozen
from ttsd.model import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.clock import Clock
    from ttsd.engines.catalog import Entry
    from ttsd.engines.link import Link
    from ttsd.engines.protocol import Finished, Info
    from ttsd.engines.wire import Event
    from ttsd.settings import EngineSettings


@frozen
class Patience:
    """How long an engine is waited for, in seconds."""

    load: float
    """Until it is ready."""
    first: float
    """Until a sentence's first sound."""
    idle: float
    """Between two chunks."""

    @classmethod
    def of(cls, settings: EngineSettings, entry: Entry) -> Patience:
        """What is configured, else what suits the engine."""
        return cls(
            settings.load_timeout or entry.load_timeout,
            settings.first_chunk_timeout or entry.first_chunk_timeout,
            settings.idle_timeout or entry.idle_timeout,
        )


class Talk:
    """One exchange over a link."""

    def __init__(
        self,
        link: Link,
        name: str,
        patience: Patience,
        clock: Clock,
        stopped: Callable[[], bool],
        progress: Callable[[str], None],
    ) -> None:
        """*stopped*: whether nobody waits any more (the link is woken when that changes)."""
        self._link = link
        self._name = name
        self._patience = patience
        self._clock = clock
        self._stopped = stopped
        self._progress = progress
        self.first_seconds: float | None = None
        """From the request to the first sound."""
        self.factor: float | None = None
        """Seconds of computing for a second of sound; None: not told."""
        self.finished: Finished | None = None
        """What the worker told at the end of the sentence."""

    def info(self) -> Info:
        """What it says of itself when it is ready. Raises EngineError, Closed."""
        deadline = self._clock.monotonic() + self._patience.load
        while True:
            event = self._next(deadline, "was not ready in time")
            if event.type == protocol.HELLO:
                protocol.check_hello(event, self._name, ours=self._link.pid is not None)
            elif event.type == protocol.ERROR and protocol.job_of(event) is None:
                raise protocol.read_error(event, self._name)
            elif event.type == protocol.INFO:
                return protocol.read_info(event)

    def sentence(self, job: int | None) -> Iterator[Chunk]:
        """The sound of *job*; None: of a server that does not tell whose it is. Raises EngineError, Closed."""
        pcm: PcmReader | None = None
        voice: str | None = None
        samples = 0
        began = self._clock.monotonic()
        deadline, otherwise = began + self._patience.first, "gave no sound in time"
        while True:
            event = self._next(deadline, otherwise)
            if protocol.job_of(event) != job:
                continue  # of a sentence before it
            if event.type == protocol.AUDIO_START:
                pcm, voice = PcmReader(event), protocol.read_voice(event)
            elif event.type == protocol.AUDIO_CHUNK:
                pcm = pcm or PcmReader(event)
                if self.first_seconds is None:
                    self.first_seconds = self._clock.monotonic() - began
                sound = pcm.feed(event.payload)
                samples += sound.size
                yield Chunk(sound, pcm.rate, protocol.read_words(event), voice)
                deadline, otherwise = (
                    self._clock.monotonic() + self._patience.idle,
                    "went silent in the middle",
                )
            elif event.type == protocol.AUDIO_STOP:
                if pcm is None or not samples:
                    raise EngineSilent("gave no sound at all", where=self._name)
                self.finished = finished = protocol.read_stop(event)
                if finished.seconds is not None:
                    self.factor = finished.seconds / (samples / pcm.rate)
                return
            elif event.type == protocol.ERROR:
                raise protocol.read_error(event, self._name)

    def drain(self, job: int, grace: float) -> bool:
        """Drop what a cancelled *job* still sends; whether it stopped within *grace* seconds. Raises Closed."""
        deadline = self._clock.monotonic() + grace
        while (left := deadline - self._clock.monotonic()) > 0:
            event = self._link.receive(left)
            if event is None:
                continue
            if event.type == protocol.PROGRESS:
                self._progress(protocol.read_progress(event))
            elif protocol.job_of(event) == job and event.type in (protocol.AUDIO_STOP, protocol.ERROR):
                return True
        return False

    def _next(self, deadline: float, otherwise: str) -> Event:
        """The next event. Raises EngineTimeout at *deadline*, EngineCancelled, Closed."""
        while True:
            if self._stopped():
                raise EngineCancelled("cancelled", where=self._name)
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise EngineTimeout(otherwise, where=self._name)
            event = self._link.receive(left)
            if event is not None and event.type == protocol.PROGRESS:
                self._progress(protocol.read_progress(event))
            elif event is not None:
                return event
