"""The database's tables, and the steps that bring an older file up to date.

Invariant: a step that was ever released is never edited; a new one is added behind it. Each runs in one
transaction together with the version it leads to. A checked-in version 1 is restored by a test for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import StoreNewer

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x74747364
"""`ttsd` in ASCII: tells our database from somebody else's."""

_STEPS: tuple[tuple[str, ...], ...] = (
    (
        # Live utterances only: this table stays as small as the queue. AUTOINCREMENT: an id is never used
        # for a second utterance, whatever was deleted; files and subscribers refer to it.
        """create table queue (
            id integer primary key autoincrement,
            source text not null,
            text text not null,
            queued_at real not null,
            state text not null default 'queued',
            priority integer not null default 1,
            voice text,
            engine text,
            key text,
            expires_at real,
            place real
        ) strict""",
        # `place`: null until somebody moves an utterance; then a number between two ids.
        "create index queue_next on queue (priority desc, coalesce(place, id)) where state = 'queued'",
        "create index queue_key on queue (key) where key is not null",
        """create table history (
            id integer primary key,
            source text not null,
            text text not null,
            state text not null,
            engine text,
            voice text,
            queued_at real not null,
            ended_at real not null,
            seconds real not null,
            reason text,
            trace text not null
        ) strict""",
        "create index history_ended on history (ended_at)",
        # Inodes are unsigned 64 bit (128 on ReFS): text, because SQLite's integers are signed.
        """create table files (
            id integer primary key autoincrement,
            path text not null,
            identity text not null,
            offset integer not null,
            prefix blob not null,
            marker blob not null,
            modified integer not null,
            home text,
            skipping integer not null,
            shrunk_at real,
            seen_at real not null
        ) strict""",
        # Patterns of sources that were looked at before: what appears under them later is new, and is
        # read from its first byte; what was there at the first look is not history to be replayed.
        "create table patterns (pattern text primary key, met_at real not null) strict",
        # Totals for ever: history is trimmed, and counting it would be slow.
        "create table totals (name text primary key, n integer not null) strict",
    ),
    ("alter table queue add column appended_at real",),
)

VERSION = len(_STEPS)


def upgrade(db: sqlite3.Connection, where: str) -> None:
    """Bring the database at *where* to VERSION. Raises StoreNewer; sqlite3.Error leaves it as it was."""
    (version,) = db.execute("pragma user_version").fetchone()
    if version > VERSION:
        raise StoreNewer(
            f"the database has format {version}, this ttsd knows {VERSION}",
            where=where,
            next_step="install the newer ttsd again, or set another [state] dir",
        )
    if version == 0:
        db.execute(f"pragma application_id = {APPLICATION_ID}")
    for number, statements in enumerate(_STEPS[version:], version + 1):
        db.execute("begin immediate")
        try:
            for statement in statements:
                db.execute(statement)
            db.execute(f"pragma user_version = {number}")
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
