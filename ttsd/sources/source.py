"""One `[[sources]]`: the files it means now, and which of them are known, new, renamed or gone.

Invariants: a file is followed once, whatever its names; a rename is no new file; a file that takes
another's place is read after that one was read to its end; a stored position always wins.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.logger import Logger
from ttsd.sources.arrivals import first_position, lose_place, open_arrival, take_place
from ttsd.sources.discover import MOST_FILES, Pattern
from ttsd.sources.holding import Holding
from ttsd.sources.joining import joiner_of
from ttsd.sources.lines import encoding_of
from ttsd.sources.siblings import age, current_of, strays
from ttsd.sources.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context
    from ttsd.sources.files import Seen
    from ttsd.store import Checkpoint

log = Logger("ttsd.sources")


class Source(Holding):
    """See the module. `status` may be called from any thread, everything else belongs to the reader's."""

    def __init__(self, settings: SourceSettings, base: Path, context: Context) -> None:
        """base: the folder to which relative paths belong. Raises SourceError for settings that cannot work."""
        super().__init__(settings, context)
        self.joiner = joiner_of(settings)
        encoding_of(settings.encoding, b"")
        self.pattern = Pattern(settings, base)
        self._met: bool | None = None
        self._searched = False

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
        if self.unsaved or self.gone:
            self.save()
        present: dict[str, Seen] = {}
        waiting: dict[str, str] = {}
        for path in paths:
            try:
                found = self.context.files.look(path)
                tail = self.placed.get(path)
                if found is not None and (tail is None or not tail.is_at(found)):
                    found = self.context.files.look(path, closely=True)
            except (OSError, SourceError) as error:
                waiting[path] = reason(error)
                continue
            if found is None:
                waiting[path] = "it is not there yet"
            else:
                present[path] = found
        self._meet(present)
        if self.settings.mode == "newest" and present:
            newest = max(present, key=lambda path: (present[path].modified, path))
            present = {newest: present[newest]}
        ready: list[Tail] = []
        settled = len(present) == len(self.placed) + len(self.others)
        for path, seen in present.items():
            tail = self.placed.get(path)
            if tail is None or not tail.is_at(seen):
                settled = settled and self._is_other(path, seen)
            elif tail.changed(seen):
                ready.append(tail)
        if not settled:
            ready += self._arrange(present, waiting)
        if not self._searched:
            self._searched = True
            self._find_strays()
        self.waiting = waiting
        return [*dict.fromkeys((*self.departed, *ready))]

    def _is_other(self, path: str, seen: Seen) -> bool:
        """Whether *path* is known as another name of a followed file, or as refused."""
        followed = seen.identity in self.context.tails or seen.identity in self.refused
        return followed and self.others.get(path) == seen.identity

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
                log.debug("file_not_readable_yet", path=path, reason=reason(error))
                continue
            if at is not None:
                found.append(at)
        for at in context.store.remember(found, pattern=self.pattern.key):
            context.known.put(at)
        self._met = True

    def _find_strays(self) -> None:
        """After a start: files that lost their place, or were renamed away meanwhile, and are not read to the end."""
        context = self.context
        found = [
            (at, at.path, at.home)
            for at in context.known.all()
            if at.home and at.shrunk_at is None and self.pattern.matches(at.home)
        ]
        for directory in self.pattern.directories:
            found += [(at, path, at.path) for at, path in strays(context, directory, self.pattern.matches)]
        origins: dict[str, Checkpoint | Tail] = {}
        for at, path, home in found:
            if at.identity in context.tails:
                continue  # at two paths: a link and what it leads to
            context.known.drop(at)
            tail = origins[home] = self.lay_aside(replace(at, path=path), home=home)
            current = self.placed.get(home)
            if current is not None:
                current.read_after(tail)
        gone = context.known.at_path(self.path)
        if gone is not None:
            origins.setdefault(self.path, gone)
        for home, origin in origins.items():
            if home not in self.placed:
                lose_place(self, home, origin)
        self.show()

    def glance(self, path: str) -> tuple[Tail | None, bool]:
        """Look at one path: the file there if it has something to read, and whether `look` is needed."""
        path = self.aliases.get(path, path)
        tail = self.placed.get(path)
        if tail is None:
            return None, path in self.waiting or (
                self.settings.mode == "newest" and self.pattern.concerns(path)
            )
        try:
            seen = self.context.files.look(path)
        except (OSError, SourceError):
            return None, True
        if seen is None or not tail.is_at(seen):
            return None, True
        return (tail, False) if tail.changed(seen) else (None, False)

    def _arrange(self, present: Mapping[str, Seen], waiting: dict[str, str]) -> list[Tail]:
        """Bring who is where up to date; return tails that came or went. Raises StoreError."""
        context, old = self.context, self.placed
        homes: dict[str, str] = {}
        identities: dict[str, str] = {}
        for path, seen in present.items():
            tail = old.get(path)
            stays = tail is not None and tail.is_at(seen)
            identity = identities[path] = tail.identity if stays and tail is not None else seen.identity
            if identity not in homes or stays:
                homes[identity] = path
        strangers = [
            path
            for identity, path in homes.items()
            if identity not in context.tails and identity not in self.refused
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
                log.info("file_renamed", source=self.name, old=tail.path, new=path)
                tail.at, tail.home = replace(tail.at, path=path, home=None), path
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
        generations: dict[str, list[Tail]] = {}
        family = sorted((*renamed, *arrived), key=lambda one: age(one.path, present[one.path]))
        for tail in family:
            # What looks like an older generation is read first, whatever is known of it.
            name = current_of(tail.path) or tail.path
            current = new.get(name)
            if current is not None and current is not tail:
                tail.read_after(*(one for one in current.before if one not in family))
                current.read_after(*tail.before, tail)
            tail.read_after(*generations.setdefault(name, []))
            generations[name].append(tail)
        for tail in leaving:
            if tail.home not in present:
                renamed += lose_place(self, tail.home, tail, arrived)
        self.placed = new
        self.refused = {identity: why for identity, why in self.refused.items() if identity in homes}
        self.others = {
            path: identity
            for path, identity in identities.items()
            if path not in new and (identity in context.tails or identity in self.refused)
        }
        # Events name the file to which a link leads, the source names the link.
        self.aliases = {os.path.realpath(path): path for path in new if os.path.islink(path)}  # noqa: PTH114 - text
        self.show()
        # Known from now on: after a crash they are found again, each where it is now.
        self.unsaved = list(dict.fromkeys((*self.unsaved, *arrived, *renamed, *self.departed)))
        self.save()
        return [*leaving, *renamed, *arrived]

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

    def lay_aside(self, at: Checkpoint, *, home: str) -> Tail:
        """Read a file that has no place under the pattern (any more) to its end. home: where it was once."""
        tail = Tail(self, at if at.path == home else replace(at, home=home))
        tail.home = home
        tail.departed = self.context.clock.monotonic()
        self.context.tails[tail.identity] = tail
        self.departed.append(tail)
        return tail

    def succeed(self, old: Source) -> None:
        """Take over the files of *old*, whose settings were changed, with handles and offsets."""
        self.placed, self.departed, self.others = old.placed, old.departed, old.others
        self.aliases = old.aliases
        old.placed, old.departed, old.others = {}, [], {}
        for tail in (*self.placed.values(), *self.departed):
            tail.hand_over(self)
        self.show()


def reason(error: OSError | SourceError) -> str:
    """Why something is not read, in a few words."""
    return error.what if isinstance(error, SourceError) else error.strerror or str(error)
