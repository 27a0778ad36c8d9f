"""A sentence spoken by an engine, or a sound converted, to see whether it can, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.errors import EngineSilent
from ttsd.frozen import frozen
from ttsd.model import Chunk

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.engines.engine import Engine, Request
    from ttsd.model import Samples


@frozen
class Trial:
    """What came of it."""

    samples: Samples
    rate: int
    """Frames per second."""
    voice: str | None
    load_seconds: float
    """From nothing to ready."""
    first_audio_seconds: float
    """From the request to its first sound."""
    real_time_factor: float
    """Seconds of waiting for a second of sound; below 1 it is faster than it speaks."""

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples.size / self.rate


def hum() -> Chunk:
    """A second of something like a voice, for who converts."""
    import numpy as np

    at = np.arange(16000) / 16000
    sound = sum(np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 9)) * 0.2
    return Chunk(np.asarray(sound, np.float32), 16000)


def speak(engine: Engine, request: Request, clock: Clock | None = None) -> Trial:
    """Load *engine* and let it speak. Raises EngineError."""
    import numpy as np

    clock = clock or SystemClock()
    began = clock.monotonic()
    engine.load()
    ready = clock.monotonic()
    pieces, first, rate = [], 0.0, 0
    for chunk in engine.synthesize(request):
        first = first or clock.monotonic() - ready
        rate = chunk.rate
        pieces.append(chunk.samples)
    if not pieces:
        raise EngineSilent("gave no sound at all", where=engine.name)
    took = clock.monotonic() - ready
    samples = np.concatenate(pieces)
    voice = request.voice or engine.status().voice
    return Trial(samples, rate, voice, ready - began, first, took / (samples.size / rate))
