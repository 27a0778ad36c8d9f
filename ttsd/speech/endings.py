"""What subscribers are told when an utterance ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import events
from ttsd.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.model import Spoken

EXPIRED = "older than its max_age"
"""Why an utterance was not spoken."""
_UNSPOKEN = {
    State.SKIPPED: events.Skipped,
    State.EXPIRED: events.Expired,
    State.DROPPED: events.Dropped,
    State.FAILED: events.Failed,
}


def end_events(spoken: Spoken, *, began: bool) -> Iterator[events.Event]:
    """Why it was not spoken, and the one end of what began."""
    if spoken.state in _UNSPOKEN:
        yield _UNSPOKEN[spoken.state](
            at=spoken.ended_at, id=spoken.id, source=spoken.source, reason=spoken.reason
        )
    if began:
        yield events.End(
            at=spoken.ended_at,
            id=spoken.id,
            source=spoken.source,
            state=spoken.state,
            seconds=spoken.seconds,
            engine=spoken.engine,
            voice=spoken.voice,
            trace=spoken.trace,
        )
