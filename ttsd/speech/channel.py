"""The channel between synthesis and playing: bounded by seconds of sound, read by every output.

Invariants
- An utterance is a `Begin`, its `Sound`s and `SentenceStart`s, and exactly one `End`; utterances never interleave.
- `put` blocks while the slowest reader is `ahead` seconds behind, so memory is bounded by time.
- What was synthesised ahead but not begun can be withdrawn without a trace; what was begun can be
  cut, and then ends with the `End` that the cutter gives.
- Outputs without a pulse of their own (files) follow: they begin an utterance only when a leading
  output has begun it and end it when every leading one has let its end be heard, so that being ahead
  never means being heard.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.model import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ttsd.model import Chunk, EngineName, Spoken, Utterance, UtteranceId


@frozen
class Begin:
    """The sound that follows belongs to this utterance."""

    utterance: Utterance


@frozen
class SentenceStart:
    """A sentence's first sound comes next."""

    id: UtteranceId
    index: int
    """Counted from 0 within the utterance."""
    text: str
    engine: EngineName
    voice: str | None
    pause: float = 0.0
    """Seconds between it and the sentence before, in which nothing is audible; of no account for the first one."""


@frozen
class Sound:
    """A piece of sound, never empty."""

    id: UtteranceId
    chunk: Chunk


@frozen
class End:
    """The utterance is over; `spoken.ended_at` is filled in by whoever heard the end."""

    spoken: Spoken


Item = Begin | SentenceStart | Sound | End


def owner(item: Item) -> UtteranceId:
    """The utterance that *item* belongs to."""
    match item:
        case Begin():
            return item.utterance.id
        case End():
            return item.spoken.id
        case _:
            return item.id


def seconds(items: Iterable[Item]) -> float:
    """Length of the sound in *items*."""
    return sum(len(i.chunk.samples) / i.chunk.rate for i in items if isinstance(i, Sound))


class Reader:
    """One output's place in the channel. Made by `Channel.reader`."""

    def __init__(self, channel: Channel, *, leads: bool) -> None:
        self._channel = channel
        self.leads = leads
        self.items: deque[Item] = deque()
        """Guarded by the channel's lock."""
        self.pending = 0.0
        """Seconds of sound in `items`."""
        self.current: UtteranceId | None = None
        """Begun by this reader and not yet ended; None between utterances."""
        self.unheard: set[UtteranceId] = set()
        """Ended by this reader, but its owner has not told yet that the end was heard."""
        self.closed = False

    def take(self, timeout: float | None) -> Item | None:
        """Return the next item, or None after *timeout* seconds or a nudge (None: wait for good)."""
        return self._channel._take(self, timeout)

    def take_end(self) -> End | None:
        """Return the end of the utterance that was begun, if it comes next; never blocks."""
        return self._channel._take_end(self)

    def upcoming(self) -> Utterance | None:
        """The utterance that `take` would begin now; None: something else comes, or nothing."""
        return self._channel._upcoming(self)

    @property
    def is_leading(self) -> bool:
        """Whether nobody is followed: what this output does is what is heard."""
        return self._channel._is_leading(self)

    def tell_heard(self, id: UtteranceId | None) -> None:
        """The end of an utterance was heard; None: whatever was to be heard is lost."""
        self._channel._tell_heard(self, id)

    def nudge(self) -> None:
        """Make `take` return now, because its owner has something else to look at."""
        self._channel._nudge(self)

    def close(self) -> None:
        """Stop reading: this output no longer holds the others back."""
        self._channel._close(self)


class Channel:
    """A bounded stream of items from one writer to several readers."""

    def __init__(self, ahead: float) -> None:
        """*ahead*: seconds of sound that may wait; at least one sound always may."""
        self._ahead = ahead
        self._changed = threading.Condition()
        self._readers: list[Reader] = []
        self._current: UtteranceId | None = None
        """The utterance being written; None between utterances, and after it was withdrawn or cut."""
        self._nudged: set[Reader] = set()
        self._held = False
        self._begin_from: int = Priority.LOW
        self._closed = False

    def reader(self, *, leads: bool) -> Reader:
        """Add an output. Only between utterances: it sees what is put from now on."""
        reader = Reader(self, leads=leads)
        with self._changed:
            self._readers.append(reader)
        return reader

    # ---- the writer's side

    def put(self, item: Item) -> bool:
        """Hand *item* on, blocking while full. False: the utterance was withdrawn or cut; stop making it."""
        with self._changed:
            if isinstance(item, Begin):
                if self._held:
                    return False
                self._current = item.utterance.id
            else:
                self._changed.wait_for(lambda: self._closed or not self._full() or self._gone(item))
            if self._closed or self._gone(item):
                return False
            for reader in self._readers:
                reader.items.append(item)
                reader.pending += seconds((item,))
            if isinstance(item, End):
                self._current = None
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """Wake and refuse everybody."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # ---- from any thread

    def set_ahead(self, ahead: float) -> None:
        """Let *ahead* seconds of sound wait from now on."""
        with self._changed:
            self._ahead = ahead
            self._changed.notify_all()

    def hold(self) -> None:
        """Take no further utterance; those that are in go on."""
        with self._changed:
            self._held = True

    def wait_until_empty(self, timeout: float) -> bool:
        """Wait until every reader has taken all there is; False: one has not after *timeout* seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(r.items or r.current is not None for r in self._readers), timeout
            )

    def begin_from(self, lowest: int) -> None:
        """Let nobody begin an utterance of a lower priority; what was begun goes on."""
        with self._changed:
            self._begin_from = lowest
            self._changed.notify_all()

    def knows(self, id: UtteranceId) -> bool:
        """Whether *id* is being written, waits here, or was begun by a reader that has not seen its end."""
        with self._changed:
            return id == self._current or any(r.current == id or self._holds(r, id) for r in self._readers)

    def wants(self, id: UtteranceId) -> bool:
        """Whether *id* is still being written: neither withdrawn nor cut."""
        with self._changed:
            return not self._closed and id == self._current

    def withdraw(self, which: Callable[[UtteranceId], bool] = lambda _: True) -> tuple[UtteranceId, ...]:
        """Throw away utterances that *which* names and that nobody has begun; return their ids."""
        with self._changed:
            gone = tuple(id for id in self._waiting() if which(id))
            for id in gone:
                for reader in self._readers:
                    self._remove(reader, id)
                if self._current == id:
                    self._current = None
            self._changed.notify_all()
            return gone

    def cut(self, end: End) -> None:
        """Throw away what has not been played of an utterance, begun or not, and end it with *end*."""
        id = end.spoken.id
        with self._changed:
            for reader in self._readers:
                place = next((n for n, i in enumerate(reader.items) if owner(i) == id), 0)
                unfinished = reader.current == id or self._holds(reader, id)
                self._remove(reader, id)
                if unfinished:  # a reader that is through with it has reported its end already
                    reader.items.insert(place, end)
            if self._current == id:
                self._current = None
            self._changed.notify_all()

    # ---- inside, under the lock

    def _full(self) -> bool:
        behind = max((r.pending for r in self._readers), default=0.0)
        return behind > 0 and behind >= self._ahead

    def _gone(self, item: Item) -> bool:
        return owner(item) != self._current

    def _holds(self, reader: Reader, id: UtteranceId) -> bool:
        return any(owner(item) == id for item in reader.items)

    def _remove(self, reader: Reader, id: UtteranceId) -> None:
        reader.items = deque(i for i in reader.items if owner(i) != id)
        reader.pending = seconds(reader.items)

    def _leaders(self) -> list[Reader]:
        return [r for r in self._readers if r.leads] or self._readers

    def _waiting(self) -> tuple[UtteranceId, ...]:
        """Utterances that every leading reader still has before it, in order."""
        begins = [[owner(i) for i in r.items if isinstance(i, Begin)] for r in self._leaders()]
        return tuple(id for id in begins[0] if all(id in ids for ids in begins)) if begins else ()

    def _may_take(self, reader: Reader) -> bool:
        if not reader.items:
            return False
        item, leaders = reader.items[0], self._leaders()
        if isinstance(item, Begin) and item.utterance.priority < self._begin_from and reader in leaders:
            return False
        if reader in leaders or not isinstance(item, Begin | End):
            return True
        if isinstance(item, Begin):
            return owner(item) not in self._waiting()
        id = owner(item)
        return not any(r.current == id or id in r.unheard or self._holds(r, id) for r in leaders)

    def _nudge(self, reader: Reader) -> None:
        with self._changed:
            self._nudged.add(reader)
            self._changed.notify_all()

    def _take(self, reader: Reader, timeout: float | None) -> Item | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or reader.closed or reader in self._nudged or self._may_take(reader),
                timeout,
            )
            nudged = reader in self._nudged
            self._nudged.discard(reader)
            if self._closed or reader.closed or nudged or not self._may_take(reader):
                return None
            return self._pop(reader)

    def _take_end(self, reader: Reader) -> End | None:
        with self._changed:
            first = self._first(reader)
            if not isinstance(first, End):
                return None
            self._pop(reader)
            return first

    def _upcoming(self, reader: Reader) -> Utterance | None:
        with self._changed:
            first = self._first(reader)
            return first.utterance if isinstance(first, Begin) else None

    def _is_leading(self, reader: Reader) -> bool:
        with self._changed:
            return reader in self._leaders()

    def _first(self, reader: Reader) -> Item | None:
        return reader.items[0] if not self._closed and self._may_take(reader) else None

    def _pop(self, reader: Reader) -> Item:
        item = reader.items.popleft()
        reader.pending = max(0.0, reader.pending - seconds((item,)))
        if isinstance(item, Begin):
            reader.current = owner(item)
        elif isinstance(item, End):
            reader.current = None
            reader.unheard.add(owner(item))
        self._changed.notify_all()
        return item

    def _tell_heard(self, reader: Reader, id: UtteranceId | None) -> None:
        with self._changed:
            reader.unheard -= reader.unheard if id is None else {id}
            self._changed.notify_all()

    def _close(self, reader: Reader) -> None:
        with self._changed:
            reader.closed = True
            reader.items.clear()
            reader.pending = 0.0
            if reader in self._readers:
                self._readers.remove(reader)
            self._nudged.discard(reader)
            self._changed.notify_all()
