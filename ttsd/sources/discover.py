"""Which files a source means: a file, a glob or a directory, looked at again and again.

Invariants: exclude wins; a path is found once, however many globs match it; a directory is announced to
the watcher *before* it is listed, so that nothing falls between the look and the watch; recursion does
not follow links to directories (they may lead in a circle) and has a depth.
"""

from __future__ import annotations

import json
import os
import re
from fnmatch import translate
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.settings import SourceSettings
    from ttsd.sources.folders import Entry, Folders

_MAGIC = re.compile(r"[*?\[]")
_DEPTH = 32
MOST_FILES = 10_000
"""Files of one source; more are left out, and status says so."""


class Pattern:
    """A source's path with its include and exclude."""

    def __init__(self, settings: SourceSettings, base: Path) -> None:
        """base: the folder to which relative paths belong."""
        written = Path(os.path.expandvars(settings.path)).expanduser()
        self.path = os.path.normpath(base / written)
        """Absolute; may contain wildcards."""
        self._include = settings.include
        self._exclude = tuple(re.compile(translate(glob)) for glob in settings.exclude)
        self._excludes_paths = any("/" in glob for glob in settings.exclude)
        self.is_glob = _MAGIC.search(self.path) is not None
        root, parts = _root(self.path) if self.is_glob else (self.path, ())
        self.root = root
        """The directory from which names are relative; for a plain file, the file."""
        self._parts = parts
        self.key = json.dumps([self.path, sorted(settings.include), sorted(settings.exclude)])
        """What the store knows it by: another pattern is another first contact."""
        self.directories: frozenset[str] = frozenset({os.path.dirname(self.path)})  # noqa: PTH120 - text
        """Where changes matter, as of the last `find`."""
        self.truncated = False
        """More files than MOST_FILES matched."""
        self._found: tuple[str, ...] = ()
        self._is_directory = False

    @property
    def is_multiple(self) -> bool:
        """Whether it names files by wildcard or directory rather than one by name."""
        return self.is_glob or self._is_directory

    def find(self, folders: Folders, entering: Callable[[str], None]) -> tuple[str, ...]:
        """The paths that match now. entering: told of each directory before it is listed. Raises OSError."""
        if self._found and all(folders.unchanged(directory) for directory in self.directories):
            return self._found
        directories: set[str] = set()

        def enter(directory: str) -> tuple[Entry, ...]:
            if directory not in directories:
                directories.add(directory)
                entering(directory)
            return folders.entries(directory)

        is_directory = not self.is_glob and os.path.isdir(self.path)  # noqa: PTH112 - text
        self._is_directory = is_directory
        found: dict[str, None] = {}
        if self.is_glob:
            walks = [self._parts]
        elif is_directory:
            walks = [tuple(glob.split("/")) for glob in self._include]
        else:
            walks = []
            parent = os.path.dirname(self.path)  # noqa: PTH120 - text
            enter(parent)
            found[self.path] = None
        for parts in walks:
            for path in self._walk(self.root, parts, enter, _DEPTH):
                if not self._excluded(path):
                    found[path] = None
        self.truncated = len(found) > MOST_FILES
        paths = tuple(found)[:MOST_FILES]
        for path in paths:
            if os.path.islink(path):  # noqa: PTH114 - text
                # Writes go to where the link leads: events come from there.
                target = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - text
                if target not in directories:
                    directories.add(target)
                    entering(target)
        self.directories = frozenset(directories)
        self._found = paths if self.is_glob or is_directory else ()
        return paths

    def concerns(self, path: str) -> bool:
        """Whether a name that appeared or vanished at *path* may change what is found."""
        if path == self.path:
            return True
        if not self.is_multiple:
            return self.path.startswith(path + os.sep)
        return os.path.dirname(path) in self.directories and not _passing(os.path.basename(path))  # noqa: PTH119, PTH120 - text

    def matches(self, path: str) -> bool:
        """Whether *path* would be found if it were there."""
        if not self.is_multiple:
            return path == self.path
        walks = [self._parts] if self.is_glob else [tuple(glob.split("/")) for glob in self._include]
        if not path.startswith(self.root.rstrip(os.sep) + os.sep) or self._excluded(path):
            return False
        names = Path(path).relative_to(self.root).parts
        return any(_fits(names, parts) for parts in walks)

    def _walk(
        self, directory: str, parts: tuple[str, ...], enter: Callable[[str], tuple[Entry, ...]], depth: int
    ) -> Iterator[str]:
        if depth == 0:
            return
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._walk(directory, rest or ("*",), enter, depth)
            for entry in enter(directory):
                if entry.is_directory and not entry.is_link and not entry.name.startswith("."):
                    yield from self._walk(os.path.join(directory, entry.name), parts, enter, depth - 1)  # noqa: PTH118 - text
            return
        matches = re.compile(translate(part)).match
        hidden = part.startswith(".")
        for entry in enter(directory):
            if entry.is_directory != bool(rest) or not matches(entry.name):
                continue
            path = os.path.join(directory, entry.name)  # noqa: PTH118 - text
            if rest:
                yield from self._walk(path, rest, enter, depth - 1)
            elif hidden or not _passing(entry.name):
                yield path

    def _excluded(self, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - text
        if any(glob.match(name) for glob in self._exclude):
            return True
        return self._excludes_paths and any(
            glob.match(os.path.relpath(path, self.root).replace(os.sep, "/")) for glob in self._exclude
        )


def _fits(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether the names of a path match the parts of a glob."""
    if not names or not parts:
        return not names and not parts
    if parts[0] == "**":
        return _fits(names, parts[1:] or ("*",)) or (len(names) > 1 and _fits(names[1:], parts))
    if re.compile(translate(parts[0])).match(names[0]) is None:
        return False
    return (parts[0].startswith(".") or len(names) > 1 or not _passing(names[0])) and _fits(
        names[1:], parts[1:]
    )


def _passing(name: str) -> bool:
    """Whether a name is a hidden file or an editor's own: never meant by a wildcard."""
    return name.startswith((".", "#", "~$")) or name.endswith("~")


def _root(path: str) -> tuple[str, tuple[str, ...]]:
    """Split a glob into the directory before its first wildcard and the parts from there on."""
    pure = Path(path)
    fixed: list[str] = []
    parts = list(pure.parts)
    while parts and not _MAGIC.search(parts[0]):
        fixed.append(parts.pop(0))
    return str(Path(*fixed)) if fixed else ".", tuple(parts)
