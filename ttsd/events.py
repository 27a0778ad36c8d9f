"""What happens in the daemon, as frozen values that subscribers get: names and fields are stable.

Invariant: to each `Begin` belongs exactly one `End` with the same id, however the utterance ended;
one that was interrupted by something more urgent ends with the state `queued` and begins again.
`Skipped`, `Failed`, `Expired` and `Dropped` come before that `End`, or alone if it never sounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, ClassVar

from ttsd.frozen import frozen
from ttsd.model import EngineName, Priority, SourceName, State, UtteranceId
from ttsd.schema import plain


@frozen(kw_only=True)
class Event:
    """Base of every event."""

    name: ClassVar[str]
    """What subscribers ask for and see as `method`."""
    at: float
    """Unix seconds at which it happened."""

    def to_json(self) -> dict[str, Any]:
        """The fields as `json.dumps` takes them."""
        return {one.name: plain(getattr(self, one.name)) for one in fields(self)}


@frozen(kw_only=True)
class Queued(Event):
    """An utterance was committed to the queue."""

    name: ClassVar[str] = "queued"
    id: UtteranceId
    source: SourceName
    text: str
    priority: Priority = Priority.NORMAL


@frozen(kw_only=True)
class Begin(Event):
    """The first sample of an utterance sounds."""

    name: ClassVar[str] = "begin"
    id: UtteranceId
    source: SourceName
    text: str
    engine: EngineName | None = None
    voice: str | None = None


@frozen(kw_only=True)
class SentenceBegin(Event):
    """The first sample of a sentence sounds."""

    name: ClassVar[str] = "sentence"
    id: UtteranceId
    index: int
    """Counted from 0 within the utterance."""
    text: str
    engine: EngineName | None = None


@frozen(kw_only=True)
class Word(Event):
    """A word sounds; only from engines that know when."""

    name: ClassVar[str] = "word"
    id: UtteranceId
    sentence: int
    text: str
    start: float
    """Seconds from the sentence's first sample."""
    end: float
    """Seconds from the sentence's first sample."""


@frozen(kw_only=True)
class End(Event):
    """What began sounds no more."""

    name: ClassVar[str] = "end"
    id: UtteranceId
    source: SourceName
    state: State
    """`spoken` if it sounded to its last sample; `queued` if it will begin again."""
    seconds: float
    """Length of the sound."""
    engine: EngineName | None = None
    voice: str | None = None
    trace: Mapping[str, float] = field(default_factory=dict)
    """Where the time went: Unix seconds of each step, see `Spoken.trace`."""


@frozen(kw_only=True)
class Skipped(Event):
    """An utterance was skipped by somebody."""

    name: ClassVar[str] = "skipped"
    id: UtteranceId
    source: SourceName
    reason: str | None = None


@frozen(kw_only=True)
class Failed(Event):
    """No engine of the chain could speak an utterance."""

    name: ClassVar[str] = "failed"
    id: UtteranceId
    source: SourceName
    reason: str | None = None


@frozen(kw_only=True)
class Expired(Event):
    """An utterance was too old to be worth saying."""

    name: ClassVar[str] = "expired"
    id: UtteranceId
    source: SourceName
    reason: str | None = None


@frozen(kw_only=True)
class Dropped(Event):
    """An utterance was taken out of the queue: cleared, replaced by its key, or too much."""

    name: ClassVar[str] = "dropped"
    id: UtteranceId
    source: SourceName
    reason: str | None = None


@frozen(kw_only=True)
class Withdrawn(Event):
    """A message was taken back: whoever shows it shows it no longer. What sounded or waited ends besides."""

    name: ClassVar[str] = "withdrawn"
    id: UtteranceId
    source: SourceName


@frozen(kw_only=True)
class Paused(Event):
    """Speech is silent until it is resumed."""

    name: ClassVar[str] = "paused"


@frozen(kw_only=True)
class Resumed(Event):
    """Speech goes on."""

    name: ClassVar[str] = "resumed"


@frozen(kw_only=True)
class EngineChanged(Event):
    """An engine's state, or the chain, changed."""

    name: ClassVar[str] = "engine"
    engine: EngineName
    state: str
    """See `ttsd.engines.engine.EngineStatus`."""
    detail: str | None = None
    chain: tuple[EngineName, ...] = ()
    """The chain as it is now; empty: it did not change."""


@frozen(kw_only=True)
class ConversionChanged(Event):
    """The state of what makes another voice of one changed."""

    name: ClassVar[str] = "conversion"
    voice: str
    """The preset."""
    state: str
    """See `ttsd.engines.engine.EngineStatus`."""
    detail: str | None = None


@frozen(kw_only=True)
class DeviceChanged(Event):
    """An output was taken, lost or found again, or went on with a better device."""

    name: ClassVar[str] = "device"
    output: str
    """The output's name."""
    state: str
    """open | changed | lost | closed"""
    detail: str | None = None
    """The device that it is (open, changed), or why it is lost."""


@frozen(kw_only=True)
class SourceChanged(Event):
    """A file of a source appeared, vanished, failed, or a source was enabled or disabled."""

    name: ClassVar[str] = "source"
    source: SourceName
    state: str
    """following | gone | failed | enabled | disabled"""
    path: str | None = None
    detail: str | None = None


@frozen(kw_only=True)
class ConfigChanged(Event):
    """The configuration was read again."""

    name: ClassVar[str] = "config"
    ok: bool
    """False: it has problems, and the old one stays."""
    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """The tables that differ from before."""
