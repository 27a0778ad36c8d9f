"""What the sources use of the store: lines and the offsets that acknowledge them, and its bounds.

Invariants: lines and their checkpoint are committed in one transaction, so a rollback loses both and
the file is read again; what is over is kept within the bounds of `retention`, a step at a time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import StoreError
from ttsd.model import State
from ttsd.store import edits, rows
from ttsd.store.records import Batch, Checkpoint, Committed, FileId
from ttsd.store.tally import ACCEPTED, LINES, Tally

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ttsd.clock import Clock
    from ttsd.model import SourceName, Utterance, UtteranceId
    from ttsd.settings import RetentionSettings
    from ttsd.store.database import Database

FULL = "the queue of its source was full"
"""Why an utterance was dropped."""
_TRIM_STEP = 2_000
"""Rows of history deleted in one transaction: some milliseconds, so that nobody waits for them."""
_TRIM_EVERY = 256
"""Utterances that may end until the bounds are looked at."""


class Intake:
    """The sources' side of the store; see ttsd.store.store for the rest."""

    def __init__(
        self, database: Database, clock: Clock, wake: Callable[[], None], retention: RetentionSettings | None
    ) -> None:
        """Use `Store.open`."""
        self._database = database
        self._clock = clock
        self._wake = wake
        self._retention = retention
        self._untrimmed = _TRIM_EVERY
        self.lent: set[UtteranceId] = set()
        """Queued, and being spoken elsewhere: nobody here chooses it."""
        self.in_flight: set[UtteranceId] = set()
        """Queued, but on their way to be heard: their turn has come, nothing takes their place."""
        self._overflow: dict[SourceName, int] = {}
        with database.read() as db:
            self._tally = Tally(db)

    def commit(self, batch: Batch) -> Committed:
        """Queue the batch's lines and note its checkpoint, both or neither."""
        now = self._clock.time()
        texts = [line.text for line in batch.lines]
        with self._database.mutex:
            with self._database.write() as db:
                file_id = (
                    None if batch.checkpoint is None else rows.save_checkpoint(db, batch.checkpoint, now)
                )
                texts, cost = self._fit(texts, batch)
                gone = self._drop_oldest(db, batch, cost, now)
                if texts:
                    expires = None if batch.max_age is None else now + batch.max_age
                    shared = (batch.source, now, batch.priority, batch.voice, expires, batch.written_at)
                    rows.insert_lines(db, texts, shared)
                dropped = len(batch.lines) - len(texts) + len(gone)
                added = {LINES: len(batch.lines), ACCEPTED: len(texts), State.DROPPED.value: dropped}
                Tally.write(db, added)
            self._tally.apply(added, queued={batch.source: len(texts) - len(gone)})
            if dropped:
                self._overflow[batch.source] = self._overflow.get(batch.source, 0) + dropped
        self._over(len(gone))
        if texts:
            self._wake()
        at = batch.checkpoint
        return Committed(
            checkpoint=None if at is None else replace(at, id=file_id, seen_at=now),
            queued=len(texts),
            dropped=dropped,
            gone=gone,
        )

    def take_overflow(self) -> dict[SourceName, int]:
        """Lines that `max_queue` has cost each source, since this was asked last."""
        with self._database.mutex:
            overflow, self._overflow = self._overflow, {}
        return overflow

    def _fit(self, texts: list[str], batch: Batch) -> tuple[list[str], int]:
        """What of *texts* may enter the queue, and how many queued ones have to leave it for them."""
        if batch.max_queue is None:
            return texts, 0
        room = max(batch.max_queue - self._tally.waiting(batch.source), 0)
        if batch.drop == "newest":
            return texts[:room], 0
        texts = texts[-batch.max_queue :]
        return texts, max(len(texts) - room, 0)

    def _drop_oldest(
        self, db: sqlite3.Connection, batch: Batch, cost: int, now: float
    ) -> tuple[Utterance, ...]:
        """Move the *cost* oldest utterances of the batch's source that wait to the history."""
        if cost <= 0:
            return ()
        flying = tuple(self.in_flight)
        found = db.execute(
            f"select {rows.LIVE} from queue where state = 'queued' and source = ?"  # noqa: S608 - our own constant and question marks
            f" and id not in ({','.join('?' * len(flying))}) order by id limit ?",
            (batch.source, *flying, cost),
        )
        oldest = tuple(rows.utterance(row) for row in found.fetchall())
        edits.end_all(db, oldest, State.DROPPED, now, FULL)
        return oldest

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every file that is remembered, oldest first."""
        with self._database.read() as db:
            found = db.execute(f"select {rows.FILE} from files order by id").fetchall()  # noqa: S608 - our own constant
        return tuple(rows.checkpoint(row) for row in found)

    def remember(self, found: Iterable[Checkpoint], *, pattern: str | None = None) -> tuple[Checkpoint, ...]:
        """Store checkpoints without lines; with *pattern*, note in the same transaction that it was met."""
        now = self._clock.time()
        with self._database.write() as db:
            stored = tuple(replace(at, id=rows.save_checkpoint(db, at, now), seen_at=now) for at in found)
            if pattern is not None:
                db.execute("insert or ignore into patterns (pattern, met_at) values (?, ?)", (pattern, now))
        return stored

    def forget(self, ids: Sequence[FileId]) -> None:
        """Remove checkpoints: their files are gone, and whatever comes at their paths is new."""
        if not ids:
            return
        with self._database.write() as db:
            db.executemany("delete from files where id = ?", [(id_,) for id_ in ids])

    def seen(self, ids: Sequence[FileId]) -> None:
        """These files are there: their memory starts to age from now on."""
        if not ids:
            return
        now = self._clock.time()
        with self._database.write() as db:
            db.executemany("update files set seen_at = ? where id = ?", [(now, id_) for id_ in ids])

    def met(self, pattern: str) -> bool:
        """Whether files of *pattern* were looked at before."""
        with self._database.read() as db:
            row = db.execute("select 1 from patterns where pattern = ?", (pattern,)).fetchone()
        return row is not None

    def waiting(self, source: SourceName) -> int:
        """Queued utterances of *source*; costs nothing."""
        return self._tally.waiting(source)

    # Bounds ----------------------------------------------------------------------------------------

    def retain(self, retention: RetentionSettings) -> None:
        """Keep what is over within these bounds from now on."""
        self._retention = retention
        self._untrimmed = _TRIM_EVERY
        self._over(0)

    def _over(self, count: int) -> None:
        """*count* more utterances are over: keep to the bounds now and then."""
        self._untrimmed += count
        if self._untrimmed < _TRIM_EVERY or self._retention is None:
            return
        self._untrimmed = 0
        keep, max_age = self._retention.history, self._retention.history_age
        try:
            while self.trim(keep=keep, max_age=max_age) == _TRIM_STEP:
                pass
        except StoreError:
            # What the caller did is stored already and must not look as if it were not; later, then.
            self._untrimmed = _TRIM_EVERY

    def trim(self, *, keep: int, max_age: float | None = None) -> int:
        """Remove one step's worth of what the history holds too much; return how many went.

        keep: newest utterances that stay; max_age: seconds after which they go anyway. Call it again
        while it returns something: each call is short, so that nobody waits long for the database.
        """
        oldest = 0.0 if max_age is None else self._clock.time() - max_age
        with self._database.write() as db:
            done = db.execute(
                "delete from history where id in (select id from history where ended_at < ?"
                " or id <= coalesce((select id from history order by id desc limit 1 offset ?), 0)"
                " limit ?)",
                (oldest, keep, _TRIM_STEP),
            )
        if done.rowcount:
            with self._database.read() as db:
                db.execute("pragma incremental_vacuum(500)").fetchall()
        return done.rowcount
