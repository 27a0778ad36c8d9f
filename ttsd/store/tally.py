"""How many utterances stand where: kept beside the tables, so that asking costs nothing.

Invariant: the numbers in memory equal the committed ones; they change after a commit, never before.
A million rows of history cost no more to count than none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ttsd.model import SourceName, State
from ttsd.store.records import Counters, Counts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

LINES = "lines"
ACCEPTED = "accepted"
"""Utterances that ever entered the queue."""


class Tally:
    """Totals for ever, and the live queue by source. From any thread, also while the database is busy."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Load from the committed tables."""
        self._lock = threading.Lock()
        self._totals: dict[str, int] = dict(db.execute("select name, n from totals").fetchall())
        rows = db.execute("select source, count(*) from queue where state = 'queued' group by source")
        self._queued: dict[SourceName, int] = {SourceName(source): n for source, n in rows.fetchall()}
        speaking: int = db.execute("select count(*) from queue where state = 'speaking'").fetchone()[0]
        self._speaking = speaking

    @staticmethod
    def write(db: sqlite3.Connection, added: Mapping[str, int]) -> None:
        """Add to the stored totals, inside the caller's transaction."""
        db.executemany(
            "insert into totals (name, n) values (?, ?) on conflict (name) do update set n = n + excluded.n",
            [(name, n) for name, n in added.items() if n],
        )

    def apply(self, added: Mapping[str, int], *, queued: Mapping[SourceName, int], speaking: int = 0) -> None:
        """Take over what has just been committed: totals, and changes of the live queue."""
        with self._lock:
            for name, n in added.items():
                self._totals[name] = self._totals.get(name, 0) + n
            for source, n in queued.items():
                left = self._queued.get(source, 0) + n
                if left:
                    self._queued[source] = left
                else:
                    self._queued.pop(source, None)
            self._speaking += speaking

    def waiting(self, source: SourceName) -> int:
        """Queued utterances of *source*."""
        return self._queued.get(source, 0)

    def counts(self) -> Counts:
        """See Counts."""
        with self._lock:
            return Counts(queued=sum(self._queued.values()), speaking=self._speaking, **self._final())

    def counters(self) -> Counters:
        """See Counters."""
        with self._lock:
            lines, queued = self._totals.get(LINES, 0), self._totals.get(ACCEPTED, 0)
            return Counters(lines=lines, queued=queued, **self._final())

    def _final(self) -> dict[str, int]:
        return {state.value: self._totals.get(state.value, 0) for state in State if state.final}
