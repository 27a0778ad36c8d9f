"""The words of ttsd as frozen values, and the one function that owns an utterance's states.

Pure: nothing here reads a clock, a file or a device. Offsets are bytes, rates are frames per second,
wall-clock times are Unix seconds (they survive a restart), durations are seconds.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NewType, TypeAlias

from ttsd.errors import IllegalTransition
from ttsd.frozen import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.float32]
    """Mono float32 samples, shape (frames,), nominally in -1 … 1."""

UtteranceId = NewType("UtteranceId", int)
Offset = NewType("Offset", int)
SourceName = NewType("SourceName", str)
EngineName = NewType("EngineName", str)

SAY = SourceName("say")
"""The source of what was given to ttsd directly rather than through a file."""
OWN = SourceName("ttsd")
"""The source of what ttsd says of itself."""


class State(StrEnum):
    """Where an utterance is on its way from a line to a sound."""

    QUEUED = "queued"
    SPEAKING = "speaking"
    SPOKEN = "spoken"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    DROPPED = "dropped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Nothing follows this state."""
        return not _NEXT[self]


_NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SPEAKING, State.SKIPPED, State.EXPIRED, State.DROPPED, State.FAILED}),
    # Back to queued: interrupted by something more urgent, or found speaking after a crash.
    State.SPEAKING: frozenset(
        {State.SPOKEN, State.SKIPPED, State.FAILED, State.QUEUED, State.EXPIRED, State.DROPPED}
    ),
    State.SPOKEN: frozenset(),
    State.SKIPPED: frozenset(),
    State.EXPIRED: frozenset(),
    State.DROPPED: frozenset(),
    State.FAILED: frozenset(),
}


def transition(old: State, new: State) -> State:
    """Return *new* if an utterance may go there from *old*; raise IllegalTransition otherwise."""
    if new not in _NEXT[old]:
        raise IllegalTransition(old, new)
    return new


class Priority(IntEnum):
    """Who goes first. Higher is sooner; equal ones keep their order."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


@frozen
class Line:
    """A complete line of a source."""

    text: str
    """Decoded, without its delimiter."""
    end: Offset
    """The byte just behind the delimiter: committing this offset acknowledges the line."""
    cut: bool = False
    """The line was longer than the source allows; what was too much is not in the text."""


@frozen
class Utterance:
    """What is to be spoken, as it stands in the queue."""

    id: UtteranceId
    text: str
    """The raw line; cleaning and splitting happen when it is claimed, so that a reload reaches it."""
    source: SourceName
    queued_at: float
    """Unix seconds at which it was committed."""
    state: State = State.QUEUED
    priority: Priority = Priority.NORMAL
    voice: str | None = None
    """A voice or preset asked for by name; None: the source's or the engine's default."""
    engine: EngineName | None = None
    """An engine to try before the chain; None: the chain alone."""
    key: str | None = None
    """A newer utterance with the same key replaces this one while it waits."""
    expires_at: float | None = None
    """Unix seconds after which it is no longer worth saying; None: never."""
    appended_at: float | None = None
    """Unix seconds of the newest write to its file when it was read; None: it came from no file."""


@frozen
class Voice:
    """A voice that an engine offers."""

    name: str
    language: str | None = None
    """BCP 47 tag such as en-US; None: the engine does not tell."""
    speakers: tuple[str, ...] = ()
    """Speakers within a multi-speaker voice; empty for single-speaker ones."""


@frozen
class WordTime:
    """When a word sounds, counted from the first sample of its sentence."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


@frozen
class Chunk:
    """A piece of sound from an engine: mono float32."""

    samples: Samples
    rate: int
    """Frames per second."""
    words: tuple[WordTime, ...] = ()
    """Word times that became known with this chunk; empty if the engine has none."""
    voice: str | None = None
    """The voice that speaks, where the engine chose it (for a language); None: as asked for, or its default."""


@frozen
class Spoken:
    """How an utterance ended: what outputs note beside it and what history keeps."""

    id: UtteranceId
    text: str
    source: SourceName
    state: State
    """A final state."""
    engine: EngineName | None
    """The engine that spoke its last sentence; None: nothing was synthesised."""
    voice: str | None
    queued_at: float
    """Unix seconds."""
    ended_at: float
    """Unix seconds at which it was certain that it ended."""
    seconds: float = 0.0
    """Length of the sound."""
    reason: str | None = None
    """Why it was skipped, dropped or failed; None for spoken ones."""
    trace: dict[str, float] = field(default_factory=dict)
    """Unix seconds at which each step was reached: appended, committed, requested, first_chunk, converted,
    written, first_sample, last_sample; what did not happen is not there."""
