"""The files of one source: who has its place, who lost it and is read to its end, who is let go.

Invariants: a file that lost its place is kept until it was read to its end and `rotate_wait` has passed;
what is renamed is remembered, what is deleted is forgotten; `status` and `kind` may be asked from any thread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.model import SourceName
from ttsd.sources.siblings import whereabouts
from ttsd.sources.status import FileStatus, SourceStatus

if TYPE_CHECKING:
    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context
    from ttsd.sources.tail import Tail
    from ttsd.store import FileId

log = Logger("ttsd.sources")


class Holding:
    """See the module. A Source is one that also finds its files."""

    def __init__(self, settings: SourceSettings, context: Context) -> None:
        self.settings = settings
        self.name = SourceName(settings.name or settings.path)
        self.context = context
        self.departed: list[Tail] = []
        """Files that lost their place and are read to their ends."""
        self.gone: list[FileId] = []
        """Files to be forgotten with the next save."""
        self.error: str | None = None
        self.placed: dict[str, Tail] = {}
        self.waiting: dict[str, str] = {}
        """Why a path is not followed, by paths."""
        self.aliases: dict[str, str] = {}
        self.others: dict[str, str] = {}
        """Paths of files that are followed under another name, or refused, with their identities."""
        self.refused: dict[str, str] = {}
        """Why files were refused, by their identities."""
        self.unsaved: list[Tail] = []
        self._view: tuple[Tail, ...] = ()

    def save(self) -> None:
        """Store who is where and who is gone. Raises StoreError; it is tried again at the next look."""
        self.context.store.forget(self.gone)
        self.gone.clear()
        # Not new ones in doubt: the question has to come up again after a crash. Nor those that are gone: then
        # nobody can read them any more, and their inodes may be given to other files.
        tails = [tail for tail in self.unsaved if tail.followed and not (tail.is_undecided or tail.is_gone())]
        for tail, at in zip(tails, self.context.store.remember(tail.at for tail in tails), strict=True):
            tail.at = at
        self.unsaved = []

    def refuse(self, tail: Tail, why: str) -> None:
        """*tail* is no text: leave it alone, and say so once."""
        self.refused[tail.identity] = why
        self.others[tail.path] = tail.identity
        self.placed.pop(tail.path, None)
        self.let_go(tail)
        log.warning("file_refused", source=self.name, path=tail.path, reason=why)

    def moved(self, tail: Tail) -> bool:
        """The closed file of *tail* is not at its path: look beside it; whether it was found."""
        where = whereabouts(self.context, replace(tail.at, path=tail.home))
        if where is not None:
            tail.at = replace(tail.at, path=where, home=None if where == tail.home else tail.home)
        elif tail.departed is not None:
            self.let_go(tail)
            self.context.known.put(tail.at)
        return where is not None

    def retire(self, now: float) -> None:
        """Close files that lost their place and had nothing more to say for `rotate_wait`. Raises StoreError."""
        for tail in list(self.departed):
            if not tail.idle or tail.departed is None:
                continue
            if tail.deleted:
                tail.forget()  # now rather than later: whatever comes at its path after a crash is new
            if now - max(tail.departed, tail.active) >= self.settings.rotate_wait:
                self._drop(tail)
        if self.gone:
            self.save()

    def _drop(self, tail: Tail) -> None:
        """Follow *tail* no more. A deleted file is forgotten, a renamed one remembered. Raises StoreError."""
        gone = tail.is_gone()
        if gone:
            tail.forget()
        elif tail.at.home is not None:
            (tail.at,) = self.context.store.remember((replace(tail.at, home=None),))
        self.let_go(tail)
        if not gone:
            self.context.known.put(tail.at)
        log.info("file_left", source=self.name, path=tail.home, offset=tail.at.offset, deleted=gone)

    def let_go(self, tail: Tail) -> None:
        """Close *tail* and follow it no more; what is remembered of it is the caller's matter."""
        tail.close()
        tail.followed = False
        self.context.tails.pop(tail.identity, None)
        self.departed = [one for one in self.departed if one is not tail]
        self.show()

    def close(self) -> None:
        """Give all handles back; what is committed is remembered."""
        for tail in (*self.placed.values(), *self.departed):
            tail.close()
            tail.followed = False
            self.context.tails.pop(tail.identity, None)
            self.context.known.put(tail.at)
        self.placed, self.departed = {}, []
        self.show()

    @property
    def followed(self) -> tuple[Tail, ...]:
        """Its files, those that lost their place included."""
        return self._view

    def show(self) -> None:
        """Renew what `status` reads from other threads."""
        self._view = (*self.placed.values(), *self.departed)

    def status(self, watch: str) -> SourceStatus:
        """A snapshot; from any thread, without blocking. watch: how changes are noticed."""
        view, waiting = self._view, self.waiting
        files = [_file_status(tail) for tail in view if tail.departed is None or tail.lag]
        known = {file.path for file in files}
        files += [
            FileStatus(path, 0, 0, 0, waiting=why) for path, why in waiting.items() if path not in known
        ]
        why = None
        if all(tail.departed is not None for tail in view):
            why = next(iter(waiting.values()), "no file is there yet")
        return SourceStatus(
            name=self.name,
            path=self.settings.path,
            files=tuple(files),
            watch=watch,
            waiting=why,
            last_error=self.error,
        )


def _file_status(tail: Tail) -> FileStatus:
    return FileStatus(
        path=tail.path or tail.home,
        offset=tail.at.offset,
        size=tail.size,
        lag=tail.lag,
        rotations=tail.rotations,
        truncations=tail.truncations,
        cut_lines=tail.cut_lines,
        waiting=tail.waiting,
        last_error=tail.error,
    )
