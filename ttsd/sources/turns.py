"""Reading in turns: each file that has something gets a bounded turn, and what it brought is committed.

Invariants: a turn that could not be committed has not happened; a file is read after the older ones of its
path; a source whose queue is full is not read, its lines stay in the file.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.logger import Logger
from ttsd.sources.decisions import decide
from ttsd.sources.doubts import Doubt
from ttsd.sources.tail import Exchanged, Moved, Refused
from ttsd.store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ttsd.clock import Clock
    from ttsd.model import Utterance
    from ttsd.sources.source import Source
    from ttsd.sources.tail import Tail, Turn
    from ttsd.store import Store

log = Logger("ttsd.sources")

ROUND = 0.05
"""Seconds after which a round gives hints their turn, even if files have more to read."""
BLOCKED = 0.1
"""Seconds until a source whose queue was full is tried again."""


class _Result(Enum):
    """How a turn ended."""

    DONE = auto()
    """Nothing more to read for now."""
    MORE = auto()
    """There is more."""
    BLOCKED = auto()
    """There is more, but it has to wait in the file."""


class Turns:
    """The files that wait for their turn. Belongs to the reader's thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        urge: Callable[[Source], None],
        dropped: Callable[[tuple[Utterance, ...]], None],
    ) -> None:
        """urge: has a source looked at before the next turns; dropped: told what left the queue for it."""
        self.max_age: float | None = None
        """Seconds after which a line is no longer worth saying."""
        self._store = store
        self._clock = clock
        self._urge = urge
        self._dropped = dropped
        self._ready: dict[Tail, None] = {}
        self._later: dict[Tail, float] = {}

    def add(self, tails: Iterable[Tail]) -> None:
        """These have something to read."""
        for tail in tails:
            self._ready.setdefault(tail)

    def read(self, now: float) -> None:
        """Give each waiting file one turn, as far as ROUND goes. Raises StoreError; the turn is repeated then."""
        for tail in [tail for tail, due in self._later.items() if due <= now]:
            del self._later[tail]
            self._ready.setdefault(tail)
        for tail in list(self._ready):
            result = self._turn(tail, now) if tail.followed else _Result.DONE
            del self._ready[tail]
            if result is _Result.MORE:
                self._ready[tail] = None  # behind the others, so that each gets its turn
            elif result is _Result.BLOCKED:
                self._delay(tail, now + BLOCKED)
            if self._clock.monotonic() - now > ROUND:
                return

    def next(self, now: float) -> float | None:
        """Monotonic time at which a file waits for its turn; None: none does."""
        if self._ready:
            return now
        return min(self._later.values(), default=None)

    def _delay(self, tail: Tail, until: float) -> None:
        self._later[tail] = min(until, self._later.get(tail, until))

    def _turn(self, tail: Tail, now: float) -> _Result:
        """Read and commit one turn of *tail*, or of an older file that has to be read first."""
        first = _first(tail)
        if first is tail:
            return self._turn_of(tail, now)
        result = self._turn_of(first, now)
        if result is _Result.DONE and first.idle:
            return _Result.MORE
        if result is _Result.DONE:
            # It waits for time to pass rather than for more turns: so does this one.
            self._delay(tail, self._later.get(first, now + BLOCKED))
        return result

    def _turn_of(self, tail: Tail, now: float) -> _Result:
        """Read and commit one turn of *tail* itself."""
        tail.before = ()
        source = tail.owner
        source.context.handles.serving = tail
        settings = source.settings
        room = settings.read_ahead - self._store.waiting(source.name)
        if settings.max_queue is None and room <= 0:
            tail.waiting = f"{settings.read_ahead} of its lines are queued; the rest waits in the file"
            tail.idle = False
            return _Result.BLOCKED
        try:
            wait = decide(tail, now)
            if wait is not None:
                tail.waiting = "whether this is old or new text shows in a moment"
                tail.idle = False
                self._delay(tail, wait)
                return _Result.DONE
            tail.waiting = None
            if _has_older(tail):
                return _Result.MORE  # the decision brought older text to light
            turn = tail.turn(now, None if settings.max_queue is not None else room)
        except Exchanged:
            tail.doubt, tail.idle = Doubt(tail.at), False
            self._urge(source)
            return _Result.MORE
        except Refused as error:
            source.refuse(tail, error.what)
            return _Result.DONE
        except Moved:
            if source.moved(tail):
                return _Result.MORE
            tail.idle = True
            self._urge(source)
            return _Result.DONE
        except (OSError, SourceError) as error:
            if tail.error is None:
                log.warning("file_not_readable", source=source.name, path=tail.path, reason=str(error))
            tail.error, tail.idle = str(error), True
            return _Result.DONE
        if turn.checkpoint is not tail.at:
            self._commit(tail, turn)
            tail.active = now
        tail.error = None
        if turn.again is not None:
            self._delay(tail, turn.again)
        tail.idle = not turn.more
        return _Result.MORE if turn.more else _Result.DONE

    def _commit(self, tail: Tail, turn: Turn) -> None:
        # A blank line has nothing to say; its bytes are acknowledged all the same.
        lines = tuple(line for line in turn.lines if line.text and not line.text.isspace())
        settings = tail.owner.settings
        done = self._store.commit(
            Batch(
                tail.owner.name,
                turn.checkpoint if tail.durable else None,
                lines,
                written_at=turn.written_at,
                max_age=self.max_age if settings.max_age is None else settings.max_age,
                priority=settings.priority,
                max_queue=settings.max_queue,
                drop=settings.drop,
            )
        )
        tail.committed(turn, done.checkpoint)
        tail.cut_lines += sum(line.cut for line in turn.lines)
        if done.gone:
            self._dropped(done.gone)
        if done.dropped:
            log.info("lines_dropped", source=tail.owner.name, count=done.dropped, which=settings.drop)


def _has_older(tail: Tail) -> bool:
    return bool(tail.before)


def _first(tail: Tail) -> Tail:
    """Who has to be read before *tail*: the oldest of its path that is not read to its end, or itself."""
    passed = {tail}
    while True:
        older = next(
            (one for one in tail.before if one.followed and not one.idle and one not in passed), None
        )
        if older is None:
            return tail
        passed.add(older)
        tail = older
