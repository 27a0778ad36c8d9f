"""The durable queue: lines and the offsets that acknowledge them, utterances and how they ended.

Invariants: lines and their checkpoint are committed in one transaction, so a rollback loses both and
the file is read again; every change of state goes through model.transition; an utterance is either in
`queue` or in `history`; ids are never used twice. Safe to use from any thread; every method may raise
StoreError, and none leaves half of its work behind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ttsd.errors import IllegalTransition, StoreError, UnknownUtterance
from ttsd.model import SAY, Priority, Spoken, State, Utterance, UtteranceId, transition
from ttsd.store import edits, rows
from ttsd.store.database import Database
from ttsd.store.intake import Intake
from ttsd.store.records import Counters, Counts, Recovery
from ttsd.store.tally import ACCEPTED, Tally

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.model import EngineName, SourceName
    from ttsd.settings import RetentionSettings


def nothing() -> None:
    """Nobody wants to be woken."""


class Store(Intake):
    """See the module; what the sources use of it is in `Intake`. Made by `open`."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        wake: Callable[[], None] = nothing,
        retention: RetentionSettings | None = None,
    ) -> Store:
        """Open or create the database at *path*; its folder becomes 0700, the file 0600.

        wake: called after each commit that queued something, without any lock held; retention: bounds of
        what is over; None: none, the caller trims.
        Raises StoreError: StoreLocked (a second daemon), StoreCorrupt, StoreNewer, StoreFull, …
        """
        database = Database(path)
        try:
            return cls(database, clock, wake, retention)
        except BaseException:
            database.close()
            raise

    # The queue -------------------------------------------------------------------------------------

    def say(
        self,
        text: str,
        *,
        source: SourceName = SAY,
        voice: str | None = None,
        engine: EngineName | None = None,
        priority: Priority = Priority.NORMAL,
        key: str | None = None,
        max_age: float | None = None,
    ) -> Utterance:
        """Queue a text that no file holds; when this returns, it survives a power cut.

        max_age: seconds after which it is no longer worth saying; None: for ever.
        """
        now = self._clock.time()
        added = {ACCEPTED: 1}
        said = Utterance(
            id=UtteranceId(0),
            text=rows.clean(text),
            source=source,
            queued_at=now,
            priority=priority,
            voice=voice,
            engine=engine,
            key=key,
            expires_at=None if max_age is None else now + max_age,
        )
        with self._database.mutex:
            with self._database.write(durable=True) as db:
                done = db.execute(
                    "insert into queue (text, source, queued_at, priority, voice, engine, key, expires_at)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?)",
                    (said.text, source, now, priority, voice, engine, key, said.expires_at),
                )
                Tally.write(db, added)
            self._tally.apply(added, queued={source: 1})
        self._wake()
        return replace(said, id=UtteranceId(int(done.lastrowid or 0)))

    def next(self, exclude: Collection[UtteranceId] = ()) -> Utterance | None:
        """The most urgent queued utterance, the oldest among equals, leaving out *exclude* and what is
        lent. Changes nothing."""
        return self._first({*exclude, *tuple(self.lent)})

    def first_of(self, source: SourceName, exclude: Collection[UtteranceId] = ()) -> Utterance | None:
        """The same of one source, leaving out *exclude* alone."""
        return self._first(exclude, source)

    def _first(self, exclude: Collection[UtteranceId], source: SourceName | None = None) -> Utterance | None:
        marks = ",".join("?" * len(exclude))
        with self._database.read() as db:
            row = db.execute(
                f"select {rows.LIVE} from queue where state = 'queued' and (source = ? or ? is null)"  # noqa: S608 - our own constant
                f" and id not in ({marks}) order by {rows.NEXT} limit 1",
                (source, source, *exclude),
            ).fetchone()
        return None if row is None else rows.utterance(row)

    def take(self, exclude: Collection[UtteranceId] = ()) -> Utterance | None:
        """The same, and in flight from now on: nothing comes between the two."""
        with self._database.mutex:
            chosen = self.next(exclude)
            if chosen is not None:
                self.in_flight.add(chosen.id)
        return chosen

    def get(self, id: UtteranceId) -> Utterance | None:
        """The utterance as it stands, live or ended; None: unknown, or trimmed from the history."""
        with self._database.read() as db:
            live = _live(db, id)
            if live is not None:
                return live
            row = db.execute(f"select {rows.ENDED} from history where id = ?", (id,)).fetchone()  # noqa: S608 - our own constant
        if row is None:
            return None
        how = rows.spoken(row)
        return Utterance(
            how.id, how.text, how.source, how.queued_at, how.state, voice=how.voice, engine=how.engine
        )

    def begin(self, id: UtteranceId) -> None:
        """Its first sample is played: queued -> speaking."""
        self._move(id, State.SPEAKING)

    def requeue(self, id: UtteranceId) -> None:
        """It will be spoken anew, in its old place: speaking -> queued."""
        self._move(id, State.QUEUED)

    def _move(self, id_: UtteranceId, new: State) -> None:
        step = 1 if new is State.SPEAKING else -1
        with self._database.mutex:
            with self._database.write() as db:
                old = self._require(db, id_)
                transition(old.state, new)
                db.execute("update queue set state = ? where id = ?", (new.value, id_))
            self._tally.apply({}, queued={old.source: -step}, speaking=step)
        if new is State.QUEUED:
            self._wake()

    def finish(self, spoken: Spoken) -> None:
        """It has ended, as *spoken* says, and moves to the history. Raises IllegalTransition if it had ended."""
        with self._database.mutex:
            with self._database.write() as db:
                old = self._require(db, spoken.id)
                if not transition(old.state, spoken.state).final:
                    raise IllegalTransition(old.state, spoken.state)
                rows.insert_ended(db, spoken)
                db.execute("delete from queue where id = ?", (spoken.id,))
                Tally.write(db, {spoken.state.value: 1})
            speaking = old.state is State.SPEAKING
            self._tally.apply(
                {spoken.state.value: 1}, queued={} if speaking else {old.source: -1}, speaking=-int(speaking)
            )
        self._over(1)

    def drop(
        self,
        *,
        ids: Collection[UtteranceId] | None = None,
        source: SourceName | None = None,
        key: str | None = None,
        exclude: Collection[UtteranceId] = (),
        reason: str,
    ) -> list[Utterance]:
        """Take queued utterances that meet every condition given out of the queue; return them."""
        now = self._clock.time()
        with self._database.mutex:
            with self._database.write() as db:
                gone = edits.matching(db, ids=ids, source=source, key=key, exclude=exclude)
                edits.end_all(db, gone, State.DROPPED, now, reason)
                added = {State.DROPPED.value: len(gone)}
                Tally.write(db, added)
            fewer: dict[SourceName, int] = {}
            for utterance in gone:
                fewer[utterance.source] = fewer.get(utterance.source, 0) - 1
            self._tally.apply(added, queued=fewer)
        self._over(len(gone))
        return gone

    def move(self, id: UtteranceId, position: int) -> None:
        """Bring a queued utterance to *position* (0 is next) among those of its priority."""
        with self._database.write() as db:
            moved = self._require(db, id)
            if moved.state is not State.QUEUED:
                raise StoreError(f"utterance {id} sounds already", where=self._database.where)
            place = edits.place_of(db, moved, position)
            db.execute("update queue set place = ? where id = ?", (place, id))
        self._wake()

    def prioritize(self, priorities: Mapping[UtteranceId, Priority]) -> None:
        """Give queued utterances other priorities; those that are not queued (any more) are left out."""
        with self._database.write() as db:
            db.executemany(
                "update queue set priority = ? where id = ? and state = 'queued'",
                [(int(priority), id_) for id_, priority in priorities.items()],
            )

    def forget_texts(self, ids: Collection[UtteranceId], reason: str) -> None:
        """Of these, what has ended keeps its place in the history, but not its text."""
        if not ids:
            return
        with self._database.write() as db:
            db.executemany(
                "update history set text = '', reason = ? where id = ?", [(reason, id_) for id_ in ids]
            )

    def _require(self, db: sqlite3.Connection, id_: UtteranceId) -> Utterance:
        """The live utterance; one that has ended raises IllegalTransition, else UnknownUtterance."""
        live = _live(db, id_)
        if live is not None:
            return live
        ended = db.execute("select state from history where id = ?", (id_,)).fetchone()
        if ended is not None:
            raise IllegalTransition(ended[0], "anything else")
        raise UnknownUtterance(f"there is no utterance {id_}", where=self._database.where)

    def recover(self, on_crash: Literal["replay", "skip"]) -> list[Recovery]:
        """After a start: decide about everything that was left behind, in one transaction.

        What was speaking is queued again (`replay`) or skipped (`skip`); what has expired meanwhile is
        expired, whichever it was. Returns the decisions; the caller logs them.
        """
        now = self._clock.time()
        decisions: list[tuple[Utterance, State, str]] = []
        with self._database.mutex:
            with self._database.write() as db:
                found = db.execute(
                    f"select {rows.LIVE} from queue where state = 'speaking' or expires_at <= ? order by id",  # noqa: S608 - our own constant
                    (now,),
                ).fetchall()
                for old in map(rows.utterance, found):
                    new, why = _verdict(old, on_crash, now)
                    if transition(old.state, new).final:
                        _end(db, old, new, now, why)
                    else:
                        db.execute("update queue set state = ? where id = ?", (new.value, old.id))
                    decisions.append((old, new, why))
                Tally.write(db, {n.value: sum(new is n for _, new, _ in decisions) for n in State if n.final})
            with self._database.read() as db:
                self._tally = Tally(db)
        return [Recovery(old.id, old.source, old.state, new, why) for old, new, why in decisions]

    # Looking and tidying ---------------------------------------------------------------------------

    def counts(self) -> Counts:
        """Utterances by state; costs nothing, however long the history is, and waits for no disk."""
        return self._tally.counts()

    def counters(self) -> Counters:
        """Totals since the database began; costs nothing, and waits for no disk."""
        return self._tally.counters()

    def queued(self, limit: int) -> list[Utterance]:
        """The next *limit* queued utterances in the order in which they will be spoken."""
        with self._database.read() as db:
            found = db.execute(
                f"select {rows.LIVE} from queue where state = 'queued' order by {rows.NEXT} limit ?",  # noqa: S608 - our own constant
                (limit,),
            ).fetchall()
        return [rows.utterance(row) for row in found]

    def behind(self, utterance: Utterance, limit: int) -> list[Utterance]:
        """At most *limit* utterances of the same source that were queued after *utterance* and wait."""
        with self._database.read() as db:
            found = db.execute(
                f"select {rows.LIVE} from queue where state = 'queued' and source = ? and id > ? order by id limit ?",  # noqa: S608 - our own constant
                (utterance.source, utterance.id, limit),
            ).fetchall()
        return [rows.utterance(row) for row in found]

    def last_id(self) -> UtteranceId:
        """The id given last; 0 if none was."""
        with self._database.read() as db:
            row = db.execute("select seq from sqlite_sequence where name = 'queue'").fetchone()
        return UtteranceId(int(row[0]) if row else 0)

    def since(self, id: UtteranceId, limit: int) -> list[Utterance]:
        """At most *limit* live utterances queued after *id*, the oldest first."""
        with self._database.read() as db:
            found = db.execute(
                f"select {rows.LIVE} from queue where id > ? order by id limit ?",  # noqa: S608 - our own constant
                (id, limit),
            ).fetchall()
        return [rows.utterance(row) for row in found]

    def ended_since(self, id: UtteranceId, limit: int) -> list[Spoken]:
        """At most *limit* utterances of the history with a higher id, the lowest first."""
        with self._database.read() as db:
            found = db.execute(
                f"select {rows.ENDED} from history where id > ? order by id limit ?",  # noqa: S608 - our own constant
                (id, limit),
            ).fetchall()
        return [rows.spoken(row) for row in found]

    def history(self, limit: int) -> list[Spoken]:
        """The *limit* utterances that ended last, the newest first."""
        with self._database.read() as db:
            found = db.execute(
                f"select {rows.ENDED} from history order by ended_at desc, id desc limit ?",  # noqa: S608 - our own constant
                (limit,),
            ).fetchall()
        return [rows.spoken(row) for row in found]

    def close(self) -> None:
        """Close the database; idempotent."""
        self._database.close()


def _live(db: sqlite3.Connection, id_: UtteranceId) -> Utterance | None:
    row = db.execute(f"select {rows.LIVE} from queue where id = ?", (id_,)).fetchone()  # noqa: S608 - our own constant
    return None if row is None else rows.utterance(row)


def _verdict(old: Utterance, on_crash: Literal["replay", "skip"], now: float) -> tuple[State, str]:
    """What becomes of an utterance found at a start, and why."""
    if old.expires_at is not None and old.expires_at <= now:
        return State.EXPIRED, "older than its max_age when ttsd started"
    if on_crash == "replay":
        return State.QUEUED, "ttsd ended while it sounded; it is spoken anew"
    return State.SKIPPED, "ttsd ended while it sounded"


def _end(db: sqlite3.Connection, old: Utterance, state: State, now: float, reason: str) -> None:
    """Move a live utterance to the history with a final state of our own making."""
    how = Spoken(
        old.id, old.text, old.source, state, None, old.voice, old.queued_at, ended_at=now, reason=reason
    )
    rows.insert_ended(db, how)
    db.execute("delete from queue where id = ?", (old.id,))
