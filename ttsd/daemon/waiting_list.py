"""The queue as people handle it: saying, dropping, moving, and telling subscribers what came in.

What is dropped or moved may be prepared already: it is taken back from the pipeline first, which
chooses nothing meanwhile: so nothing is spoken that was taken out, and nothing is lost that was not.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.logger import Logger
from ttsd.model import SAY, SourceName, UtteranceId

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ttsd import commands
    from ttsd.clock import Clock
    from ttsd.daemon.audience import EventSink
    from ttsd.model import Utterance
    from ttsd.speech.speaker import Speaker
    from ttsd.store import Store

log = Logger("ttsd.queue")

MOST_EVENTS = 1000
"""Events told of one commit or one clearing: who wants every line of a flood asks for the queue."""


class WaitingList:
    """What waits. All methods may raise StoreError."""

    def __init__(
        self,
        store: Store,
        speaker: Callable[[], Speaker | None],
        clock: Clock,
        sink: EventSink,
        gone: Callable[[tuple[Utterance, ...], str], None],
    ) -> None:
        """*speaker*: the one in use, None before there is one; *gone*: told what was dropped, and why."""
        self._store, self._speaker, self._clock, self._sink = store, speaker, clock, sink
        self._gone = gone
        self._announced = store.last_id()
        self._announcing = threading.Lock()

    def say(self, command: commands.Say) -> Utterance:
        """Queue a text; one with the same key that waits is replaced."""
        said = self._store.say(
            command.text,
            source=SourceName(command.source or SAY),
            voice=command.voice,
            engine=command.engine,
            priority=command.priority,
            key=command.key,
            max_age=command.max_age,
        )
        if command.key is not None:  # only now: a crash in between says both, rather than none
            self.drop(key=command.key, spare=said.id, reason="replaced by a newer one with its key")
        return said

    def drop(
        self,
        *,
        ids: Collection[UtteranceId] | None = None,
        source: SourceName | None = None,
        key: str | None = None,
        spare: UtteranceId | None = None,
        reason: str,
    ) -> list[Utterance]:
        """Take what waits, and meets every condition, out of the queue; what sounds stays, and *spare*."""
        self.announce()

        def meets(utterance: Utterance) -> bool:
            return (
                (ids is None or utterance.id in ids)
                and source in (None, utterance.source)
                and key in (None, utterance.key)
                and utterance.id != spare
            )

        speaker = self._speaker()
        with speaker.editing(meets) if speaker else nullcontext(()) as under_way:
            kept = under_way if spare is None else (*under_way, spare)
            gone = self._store.drop(ids=ids, source=source, key=key, exclude=kept, reason=reason)
        if gone:
            log.info("dropped", utterances=len(gone), reason=reason)
            self.tell_dropped(tuple(gone), reason)
        return gone

    def tell_dropped(self, gone: tuple[Utterance, ...], reason: str) -> None:
        """These were taken out of the queue; from any thread."""
        now = self._clock.time()
        for utterance in gone[:MOST_EVENTS]:
            self._sink.publish(
                events.Dropped(at=now, id=utterance.id, source=utterance.source, reason=reason)
            )
        self._gone(gone, reason)

    def move(self, id: UtteranceId, position: int) -> None:
        """Give a waiting utterance another place."""
        self._store.move(id, position)
        if speaker := self._speaker():
            speaker.rethink()

    def announce(self) -> None:
        """Tell subscribers what was queued since the last time; from any thread."""
        with self._announcing:
            if not self._sink.wanted:
                self._announced = self._store.last_id()
                return
            found = self._store.since(self._announced, MOST_EVENTS)
            if found:
                self._announced = found[-1].id if len(found) < MOST_EVENTS else self._store.last_id()
            for utterance in found:
                self._sink.publish(
                    events.Queued(
                        at=utterance.queued_at,
                        id=utterance.id,
                        source=utterance.source,
                        text=utterance.text,
                        priority=utterance.priority,
                    )
                )
