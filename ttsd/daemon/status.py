"""What `status` answers: one frozen document with stable keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.engines.engine import EngineStatus
    from ttsd.model import EngineName
    from ttsd.sources.status import SourceStatus
    from ttsd.speech.flight import Now
    from ttsd.speech.players import OutputStatus
    from ttsd.store.records import Counters


@frozen
class QueueStatus:
    """What waits and what sounds; totals are in the counters."""

    queued: int
    speaking: int


@frozen
class NowStatus:
    """What is heard."""

    id: int
    source: str
    text: str
    engine: str | None
    voice: str | None
    sentence: int
    """Index within the utterance."""
    since: float
    """Unix seconds."""

    @classmethod
    def of(cls, now: Now) -> NowStatus:
        """The same, flat."""
        return cls(
            id=now.utterance.id,
            source=now.utterance.source,
            text=now.utterance.text,
            engine=now.engine,
            voice=now.voice,
            sentence=now.sentence,
            since=now.since,
        )


@frozen
class DaemonStatus:
    """The daemon, whole."""

    state: str
    """starting (there are no outputs yet) | idle | speaking | paused | waiting (see `trouble`) | stopping"""
    version: str
    pid: int
    uptime_s: float
    config: str | None
    """The configuration file; None: built-in defaults."""
    config_problems: tuple[str, ...]
    """Why the file as it is now is not in force; empty: it is."""
    trouble: str | None
    """Why the queue does not move, and what to do about it; None: it does."""
    engine: EngineName
    """The head of the chain."""
    chain: tuple[EngineStatus, ...]
    conversions: tuple[EngineStatus, ...]
    """What makes another voice of one; `name` is the preset's."""
    queue: QueueStatus
    now: NowStatus | None
    volume: int
    """Per cent."""
    muted: bool
    quiet: bool
    """Whether these are quiet hours."""
    profile: str | None
    """The profile in use; None: none."""
    outputs: tuple[OutputStatus, ...]
    sources: tuple[SourceStatus, ...]
    counters: Counters
