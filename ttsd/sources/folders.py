"""Directory listings, taken again only when a directory's time says that something changed in it.

Invariant: a listing that may have missed an entry is never kept: directories that changed a moment before
they were listed are listed again, because a file system's clock is coarser than the changes.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.clock import Clock

_COARSE_NS = 2_000_000_000
"""FAT keeps times to two seconds, the coarsest of all."""


@frozen
class Entry:
    """A name in a directory."""

    name: str
    is_directory: bool
    """Links followed."""
    is_link: bool


@frozen
class _Listing:
    stamp: tuple[int, int, int]
    entries: tuple[Entry, ...]
    kept: bool
    """Whether it may be used again."""


class Folders:
    """Listings of the directories that sources look into."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listings: dict[str, _Listing] = {}

    def unchanged(self, directory: str) -> bool:
        """Whether `entries` would answer as it did the last time."""
        listing = self._listings.get(directory)
        return listing is not None and listing.kept and self._stamp(directory) == listing.stamp

    def entries(self, directory: str) -> tuple[Entry, ...]:
        """What is in *directory*, sorted by name; nothing if it is not there. Raises OSError otherwise."""
        stamp = self._stamp(directory)
        if stamp is None:
            self._listings.pop(directory, None)
            return ()
        listing = self._listings.get(directory)
        if listing is not None and listing.kept and listing.stamp == stamp:
            return listing.entries
        kept = stamp[2] + _COARSE_NS < int(self._clock.time() * 1e9)
        try:
            with os.scandir(directory) as found:
                entries = tuple(
                    sorted((Entry(e.name, _is_directory(e), e.is_symlink()) for e in found), key=_name)
                )
        except FileNotFoundError:
            return ()
        self._listings[directory] = _Listing(stamp, entries, kept)
        return entries

    def forget(self, directories: set[str]) -> None:
        """Keep listings of *directories* alone."""
        for gone in [known for known in self._listings if known not in directories]:
            del self._listings[gone]

    @staticmethod
    def _stamp(directory: str) -> tuple[int, int, int] | None:
        try:
            found = os.stat(directory)  # noqa: PTH116 - text in, and often
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISDIR(found.st_mode):
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns


def _name(entry: Entry) -> str:
    return entry.name


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a place that cannot be reached (now)
        return False
