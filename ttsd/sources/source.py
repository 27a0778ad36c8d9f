"""One `[[sources]]`: the files it means now, and which of them are known, new, renamed or gone.

Invariants: a file is followed once, whatever its names; a rename is no new file; a file that takes
another's place is read after that one was read to its end; a stored position always wins.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ttsd.errors import SourceError
from ttsd.model import SourceName
from ttsd.sources.arrivals import first_position, lose_place, open_arrival, take_place
from ttsd.sources.discover import MOST_FILES, Pattern
from ttsd.sources.joining import joiner_of
from ttsd.sources.lines import encoding_of
from ttsd.sources.siblings import age, current_of, strays, whereabouts
from ttsd.sources.status import FileStatus, SourceStatus
from ttsd.sources.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context
    from ttsd.sources.files import Seen
    from ttsd.store import Checkpoint

log = structlog.get_logger("ttsd.sources")


class Source:
    """See the module. `status` may be called from any thread, everything else belongs to the reader's."""

    def __init__(self, settings: SourceSettings, base: Path, context: Context) -> None:
        """base: the folder to which relative paths belong. Raises SourceError for settings that cannot work."""
        self.joiner = joiner_of(settings)
        encoding_of(settings.encoding, b"")
        self.settings = settings
        self.name = SourceName(settings.name or settings.path)
        self.pattern = Pattern(settings, base)
        self.context = context
        self.departed: list[Tail] = []
        """Files that lost their place and are read to their ends."""
        self.error: str | None = None
        self._met: bool | None = None
        self._searched = False
        self._unsaved: list[Tail] = []
        self._placed: dict[str, Tail] = {}
        self._waiting: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._others: dict[str, str] = {}
        """Paths of files that are followed under another name, or refused, with their identities."""
        self._refused: dict[str, str] = {}
        """Why files were refused, by their identities."""
        self._view: tuple[Tail, ...] = ()

    @property
    def path(self) -> str:
        """Absolute, wildcards included."""
        return self.pattern.path

    @property
    def directories(self) -> frozenset[str]:
        """Where changes matter to it, as of the last look."""
        return self.pattern.directories

    @property
    def pressing(self) -> bool:
        """Whether it has something to read that no hint tells of."""
        return False

    def concerns(self, path: str) -> bool:
        """Whether a name that appeared or vanished at *path* makes a look necessary."""
        return self.pattern.concerns(path)

    @property
    def sniffs(self) -> bool:
        """Whether files are looked at before they are spoken: a wildcard matches what nobody meant."""
        return self.pattern.is_multiple

    # Looking ---------------------------------------------------------------------------------------

    def look(self, entering: Callable[[str], None]) -> list[Tail]:
        """Look at everything; return the files that have something to read.

        entering: told of each directory before it is listed. Raises StoreError, leaving all as it was.
        """
        try:
            paths = self.pattern.find(self.context.folders, entering)
        except OSError as error:
            self.error = f"{error.filename or self.pattern.path}: {error.strerror}"
            return list(self.departed)
        self.error = f"more than {MOST_FILES} files match" if self.pattern.truncated else None
        if self._unsaved:
            self._save()
        present: dict[str, Seen] = {}
        waiting: dict[str, str] = {}
        for path in paths:
            try:
                seen = self.context.files.look(path)
            except (OSError, SourceError) as error:
                waiting[path] = reason(error)
                continue
            if seen is None:
                waiting[path] = "it is not there yet"
            else:
                present[path] = seen
        self._meet(present)
        if self.settings.mode == "newest" and present:
            newest = max(present, key=lambda path: (present[path].modified, path))
            present = {newest: present[newest]}
        ready = [
            tail
            for path, tail in self._placed.items()
            if path in present and self._fresh(tail, present[path])
        ]
        if self._rearranged(present):
            ready += self._arrange(present, waiting)
        if not self._searched:
            self._searched = True
            self._find_strays()
        self._waiting = waiting
        return [*dict.fromkeys((*self.departed, *ready))]

    @staticmethod
    def _fresh(tail: Tail, seen: Seen) -> bool:
        return tail.identity == seen.identity and tail.changed(seen)

    def _rearranged(self, present: Mapping[str, Seen]) -> bool:
        """Whether files came, went or changed their names since the last look."""
        if len(present) != len(self._placed) + len(self._others):
            return True
        for path, seen in present.items():
            tail = self._placed.get(path)
            if tail is not None and tail.identity == seen.identity:
                continue
            followed = seen.identity in self.context.tails or seen.identity in self._refused
            if self._others.get(path) != seen.identity or not followed:
                return True
        return False

    def _meet(self, present: Mapping[str, Seen]) -> None:
        """At the first contact with this pattern: decide where to begin in what was there before."""
        if self._met is None:
            self._met = self.context.store.met(self.pattern.key)
        if self._met:
            return
        context = self.context
        found: list[Checkpoint] = []
        for path, seen in present.items():
            known = seen.identity in context.tails or context.known.find(seen.identity) is not None
            # Something that took a known file's place is its successor, and new to its last byte.
            if known or context.known.at_path(path) is not None:
                continue
            try:
                at = first_position(self, path, seen)
            except (OSError, SourceError) as error:
                log.debug("file not readable yet", path=path, reason=reason(error))
                continue
            if at is not None:
                found.append(at)
        for at in context.store.remember(found, pattern=self.pattern.key):
            context.known.put(at)
        self._met = True

    def _find_strays(self) -> None:
        """After a start: files that were renamed away meanwhile, with nothing in their place yet."""
        for directory in self.pattern.directories:
            for at, path in list(strays(self.context, directory, self.pattern.matches)):
                self.context.known.drop(at)
                self.lay_aside(replace(at, path=path), home=at.path)
        self._show()

    def glance(self, path: str) -> tuple[Tail | None, bool]:
        """Look at one path: the file there if it has something to read, and whether `look` is needed."""
        path = self._aliases.get(path, path)
        tail = self._placed.get(path)
        if tail is None:
            return None, path in self._waiting or (
                self.settings.mode == "newest" and self.pattern.concerns(path)
            )
        try:
            seen = self.context.files.look(path)
        except (OSError, SourceError):
            return None, True
        if seen is None or seen.identity != tail.identity:
            return None, True
        return (tail, False) if tail.changed(seen) else (None, False)

    def _arrange(self, present: Mapping[str, Seen], waiting: dict[str, str]) -> list[Tail]:
        """Bring who is where up to date; return tails that came or went. Raises StoreError."""
        context, old = self.context, self._placed
        homes: dict[str, str] = {}
        for path, seen in present.items():
            tail = old.get(path)
            if seen.identity not in homes or (tail is not None and tail.identity == seen.identity):
                homes[seen.identity] = path
        strangers = [
            path
            for identity, path in homes.items()
            if identity not in context.tails and identity not in self._refused
        ]
        strangers.sort(key=lambda path: age(path, present[path]))
        arrived = self._welcome(strangers, waiting)
        new: dict[str, Tail] = {}
        renamed: list[Tail] = []
        for identity, path in homes.items():
            tail = context.tails.get(identity)
            if tail is None or tail.owner is not self:
                continue
            if tail.path != path:
                log.info("file renamed", source=self.name, old=tail.path, new=path)
                tail.at, tail.home = replace(tail.at, path=path), path
                renamed.append(tail)
            tail.departed = None
            new[path] = tail
        now = context.clock.monotonic()
        leaving = [tail for tail in old.values() if tail.departed is None and new.get(tail.path) is not tail]
        for tail in leaving:
            tail.departed = now
            tail.deleted = tail.home not in present and tail.is_gone()
        self.departed = [tail for tail in (*self.departed, *leaving) if tail.departed is not None]
        for tail in arrived:
            context.tails[tail.identity] = tail
            new[tail.path] = tail
        for tail in arrived:
            take_place(self, tail, old.get(tail.path), arrived)
        for tail in leaving:
            if tail.home not in present:
                renamed += lose_place(self, tail)
        for tail in arrived:
            # What looks like an older generation is read first, whatever is known of it.
            current = new.get(current_of(tail.path) or "")
            if tail.is_fresh and current is not None and tail not in current.before:
                current.before = (*current.before, tail)
        self._placed = new
        self._refused = {identity: why for identity, why in self._refused.items() if identity in homes}
        self._others = {
            path: seen.identity
            for path, seen in present.items()
            if path not in new and (seen.identity in context.tails or seen.identity in self._refused)
        }
        # Events name the file to which a link leads, the source names the link.
        self._aliases = {os.path.realpath(path): path for path in new if os.path.islink(path)}  # noqa: PTH114 - text
        self._show()
        # Known from now on: after a crash they are found again, each where it is now.
        self._unsaved += [tail for tail in (*arrived, *renamed, *self.departed) if tail not in self._unsaved]
        self._save()
        return [*leaving, *renamed, *arrived]

    def _save(self) -> None:
        """Store who is where. Raises StoreError; it is tried again at the next look."""
        tails = [tail for tail in self._unsaved if tail.followed and not tail.deleted]
        for tail, at in zip(tails, self.context.store.remember(tail.at for tail in tails), strict=True):
            tail.at = at
        self._unsaved = []

    def _welcome(self, paths: list[str], waiting: dict[str, str]) -> list[Tail]:
        """Open files that nobody follows. Raises StoreError, all closed again."""
        opened: list[Tail] = []
        try:
            for path in paths:
                try:
                    opened.append(open_arrival(self, path))
                except (OSError, SourceError) as error:
                    waiting[path] = reason(error)
        except BaseException:
            for tail in opened:
                tail.close()
                self.context.known.put(tail.at)
            raise
        return opened

    # Letting go ------------------------------------------------------------------------------------

    def lay_aside(self, at: Checkpoint, *, home: str) -> Tail:
        """Read a file that has no place under the pattern (any more) to its end. home: where it was once."""
        tail = Tail(self, at)
        tail.home = home
        tail.departed = self.context.clock.monotonic()
        self.context.tails[tail.identity] = tail
        self.departed.append(tail)
        return tail

    def refuse(self, tail: Tail, why: str) -> None:
        """*tail* is no text: leave it alone, and say so once."""
        self._refused[tail.identity] = why
        self._others[tail.path] = tail.identity
        self._placed.pop(tail.path, None)
        self.let_go(tail)
        log.warning("file refused", source=self.name, path=tail.path, reason=why)

    def moved(self, tail: Tail) -> bool:
        """The closed file of *tail* is not at its path: look beside it; whether it was found."""
        where = whereabouts(self.context, replace(tail.at, path=tail.home))
        if where is not None:
            tail.at = replace(tail.at, path=where)
        elif tail.departed is not None:
            self.let_go(tail)
            self.context.known.put(tail.at)
        return where is not None

    def retire(self, now: float) -> None:
        """Close files that lost their place and had nothing more to say for `rotate_wait`. Raises StoreError."""
        for tail in list(self.departed):
            if not tail.idle or tail.departed is None:
                continue
            if tail.deleted and tail.at.id is not None:
                # Forgotten now rather than later: whatever comes at its path after a crash is new.
                self.context.store.forget([tail.at.id])
                tail.at = replace(tail.at, id=None)
            if now - max(tail.departed, tail.active) >= self.settings.rotate_wait:
                self._drop(tail)

    def _drop(self, tail: Tail) -> None:
        """Follow *tail* no more. A deleted file is forgotten, a renamed one remembered. Raises StoreError."""
        gone = tail.is_gone()
        if gone and tail.at.id is not None:
            self.context.store.forget([tail.at.id])
        self.let_go(tail)
        if not gone:
            self.context.known.put(tail.at)
        log.info("file left", source=self.name, path=tail.home, offset=tail.at.offset, deleted=gone)

    def let_go(self, tail: Tail) -> None:
        """Close *tail* and follow it no more; what is remembered of it is the caller's matter."""
        tail.close()
        tail.followed = False
        self.context.tails.pop(tail.identity, None)
        self.departed = [one for one in self.departed if one is not tail]
        self._show()

    def succeed(self, old: Source) -> None:
        """Take over the files of *old*, whose settings were changed, with handles and offsets."""
        self._placed, self.departed, self._others = old._placed, old.departed, old._others
        self._aliases = old._aliases
        old._placed, old.departed, old._others = {}, [], {}
        for tail in (*self._placed.values(), *self.departed):
            tail.hand_over(self)
        self._show()

    def close(self) -> None:
        """Give all handles back; what is committed is remembered."""
        for tail in (*self._placed.values(), *self.departed):
            tail.close()
            tail.followed = False
            self.context.tails.pop(tail.identity, None)
            self.context.known.put(tail.at)
        self._placed, self.departed = {}, []
        self._show()

    # Telling ---------------------------------------------------------------------------------------

    @property
    def followed(self) -> tuple[Tail, ...]:
        """Its files, those that lost their place included."""
        return self._view

    def _show(self) -> None:
        """Renew what `status` reads from other threads."""
        self._view = (*self._placed.values(), *self.departed)

    def status(self, watch: str) -> SourceStatus:
        """A snapshot; from any thread, without blocking. watch: how changes are noticed."""
        view, waiting = self._view, self._waiting
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


def reason(error: OSError | SourceError) -> str:
    """Why something is not read, in a few words."""
    return error.what if isinstance(error, SourceError) else error.strerror or str(error)
