"""The SQLite connection: opened safely, one transaction at a time, its errors said in our words.

Invariants: one connection behind one lock (SQLite's busy handler is unfair between two); a transaction
that raises leaves nothing behind; no sqlite3 error leaves this module.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ttsd.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreReadOnly
from ttsd.store import schema
from ttsd.store.lock import StateLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY_MS = 1000
"""Longest wait for a stranger (a backup, a shell) who holds the database."""

_KINDS: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreBusy,
        "the database is locked by another program",
        "close the program that has it open",
    ),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "the database is locked", "close the program that has it open"),
    sqlite3.SQLITE_FULL: (
        StoreFull,
        "the disk is full",
        "make room; lines wait in their files and work goes on by itself",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnly,
        "the database cannot be written",
        "make the folder writable again; lines wait in their files",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreReadOnly,
        "the database cannot be opened",
        "check the folder's permissions and free space",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "the disk answers with an error",
        "look at the disk's health and free space; lines wait in their files",
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreCorrupt,
        "the database is damaged",
        "stop ttsd and move it aside, or restore a backup",
    ),
    sqlite3.SQLITE_NOTADB: (
        StoreCorrupt,
        "this is not a database of ttsd",
        "move the file aside, or set another [state] dir",
    ),
}


def translate(error: sqlite3.Error, where: str) -> StoreError:
    """*error* in our words, with what to do next."""
    code = getattr(error, "sqlite_errorcode", None)
    kind = _KINDS.get(code & 0xFF) if code is not None else None
    if kind is None:
        return StoreError(
            f"the database does not work: {error}", where=where, next_step="see the disk's health"
        )
    error_class, what, next_step = kind
    return error_class(what, where=where, next_step=next_step)


class Database:
    """A connection that any thread may use; each use is a transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the database at *path*, in a folder that is the user's alone. Raises StoreError."""
        self.where = str(path)
        self.mutex = threading.RLock()
        """Held during each use; hold it around several that belong together."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.chmod(0o700)
            self._lock = StateLock(path.with_name(path.name + ".lock"))
        except OSError as error:
            raise StoreReadOnly(
                f"the state folder cannot be used: {error.strerror}",
                where=str(path.parent),
                next_step="check its permissions and free space, or set another [state] dir",
            ) from error
        try:
            self._db = self._connect(path)
        except BaseException:
            self._lock.close()
            raise

    def _connect(self, path: Path) -> sqlite3.Connection:
        try:
            # Made by us first: SQLite would make it readable for everyone, and its WAL takes the same mode.
            path.touch(mode=0o600)
            path.chmod(0o600)
            db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_BUSY_MS / 1000)
        except OSError as error:
            raise StoreReadOnly(
                f"the database cannot be written: {error.strerror}",
                where=self.where,
                next_step="check the permissions of its folder",
            ) from error
        except sqlite3.Error as error:
            raise translate(error, self.where) from error
        try:
            (application,) = db.execute("pragma application_id").fetchone()
            (tables,) = db.execute("select count(*) from sqlite_master").fetchone()
            if tables and application != schema.APPLICATION_ID:
                raise StoreCorrupt(
                    "this is another program's database",
                    where=self.where,
                    next_step="set another [state] dir",
                )
            if not tables:
                db.execute("pragma auto_vacuum = incremental")  # takes effect only in an empty file
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            db.execute("pragma journal_size_limit = 4194304")
            db.execute("pragma foreign_keys = on")
            schema.upgrade(db, self.where)
        except sqlite3.Error as error:
            db.close()
            raise translate(error, self.where) from error
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored or nothing. Raises StoreError.

        durable: it survives a power cut too, for what has no file behind it to be read again.
        """
        with self.mutex:
            try:
                if durable:
                    self._db.execute("pragma synchronous = full")
                try:
                    self._db.execute("begin immediate")
                    try:
                        yield self._db
                        self._db.execute("commit")
                    except BaseException:
                        if self._db.in_transaction:
                            self._db.execute("rollback")
                        raise
                finally:
                    if durable:
                        self._db.execute("pragma synchronous = normal")
            except sqlite3.Error as error:
                raise translate(error, self.where) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Look without changing. Raises StoreError."""
        with self.mutex:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise translate(error, self.where) from error

    def close(self) -> None:
        """Close it and let the next daemon in; idempotent."""
        with self.mutex:
            try:
                self._db.close()
            finally:
                self._lock.close()
