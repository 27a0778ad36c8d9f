"""What is known of an utterance on its way from its claim to its end, and what of it people are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.model import State

if TYPE_CHECKING:
    from ttsd.model import EngineName, Spoken, Utterance
    from ttsd.speech.channel import SentenceStart
    from ttsd.speech.play import Player


@frozen
class Now:
    """What is being heard."""

    utterance: Utterance
    engine: EngineName | None
    voice: str | None
    sentence: int
    """Index within the utterance."""
    text: str
    """The sentence."""
    since: float
    """Unix seconds at which the utterance began."""


@dataclass(slots=True)
class Flight:
    """An utterance on its way from the claim to its end. The ledger's recording thread alone writes it, but for what others decide."""

    utterance: Utterance
    lead: Player | None = None
    """The output that was the first to be heard."""
    written: dict[Player, float] = field(default_factory=dict)
    """When each output was handed the first sample, in Unix seconds."""
    began: float | None = None
    """When the first sample was heard, in Unix seconds; None: it was not."""
    sentence: SentenceStart | None = None
    """The last one heard."""
    waiting_for: set[Player] | None = None
    """Required outputs that have not reported its end; None: no output has."""
    state: State = State.QUEUED
    """What the store was told last."""
    cut: Spoken | None = None
    """How it ends, if that was decided before the end came."""
    first: int = 0
    """The sentence with which it begins (again)."""
    taken_back: str | None = None
    """Why its text is kept nowhere, and it is not queued again; None: it is as any other."""

    @property
    def returns(self) -> bool:
        """Whether it was decided that it is queued again."""
        return self.cut is not None and self.cut.state is State.QUEUED

    @property
    def ended(self) -> bool:
        """Whether every output that speech waits for has let its end be heard."""
        return self.waiting_for is not None and not self.waiting_for

    def heard(self, until: float) -> dict[str, float]:
        """The last steps of the trace: what the output that led did, to the last sample at *until*."""
        if self.lead is None or self.began is None:
            return {}
        written = {"written": self.written[self.lead]} if self.lead in self.written else {}
        return {**written, "first_sample": self.began, "last_sample": until}
