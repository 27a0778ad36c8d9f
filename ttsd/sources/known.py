"""The files that are remembered, by what they are and by where they were: the store's rows in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.store import Checkpoint, FileId


class Known:
    """Checkpoints of files that nobody follows at the moment."""

    def __init__(self, checkpoints: Iterable[Checkpoint]) -> None:
        self._by_id: dict[FileId, Checkpoint] = {}
        self._by_identity: dict[str, Checkpoint] = {}
        self._by_path: dict[str, Checkpoint] = {}
        self._shrunk: dict[FileId, Checkpoint] = {}
        self._by_directory: dict[str, dict[FileId, Checkpoint]] = {}
        self._by_home: dict[str, dict[FileId, Checkpoint]] = {}
        for at in checkpoints:
            self.put(at)

    def put(self, at: Checkpoint) -> None:
        """Remember a stored checkpoint."""
        if at.id is None:
            return
        self._by_id[at.id] = at
        if at.shrunk_at is None:
            self._by_identity[at.identity] = at
            self._by_path[at.path] = at
            self._by_directory.setdefault(_folder(at.path), {})[at.id] = at
            if at.home is not None:
                self._by_home.setdefault(at.home, {})[at.id] = at
        else:
            self._shrunk[at.id] = at

    def find(self, identity: str) -> Checkpoint | None:
        """What is known of the file with *identity*."""
        return self._by_identity.get(identity)

    def at_path(self, path: str) -> Checkpoint | None:
        """The file that was last seen at *path*."""
        return self._by_path.get(path)

    def last_of(self, home: str) -> Checkpoint | None:
        """The file that was the last to have the place *home*, whether it was seen to lose it or not."""
        lost = self._by_home.get(home, {}).values()
        return self._by_path.get(home) or max(lost, key=lambda at: (at.modified, at.id or 0), default=None)

    def shrunk(self) -> tuple[Checkpoint, ...]:
        """Contents that were truncated away, the newest first: a copy of one may turn up."""
        return tuple(reversed(self._shrunk.values()))

    def beside(self, path: str) -> tuple[Checkpoint, ...]:
        """Files that were last seen in the directory of *path*."""
        return tuple(self._by_directory.get(_folder(path), {}).values())

    def all(self) -> tuple[Checkpoint, ...]:
        """Everything that is remembered."""
        return tuple(self._by_id.values())

    def distrust(self, at: Checkpoint) -> None:
        """The file is gone: its inode may be another's by now, and nobody is to find it by that."""
        if self._by_identity.get(at.identity) is at:
            del self._by_identity[at.identity]

    def drop(self, at: Checkpoint) -> None:
        """Forget it: somebody follows it now, or it is gone."""
        if at.id is not None:
            self._by_id.pop(at.id, None)
            self._shrunk.pop(at.id, None)
            for groups, name in ((self._by_directory, _folder(at.path)), (self._by_home, at.home or "")):
                group = groups.get(name, {})
                group.pop(at.id, None)
                if not group:
                    groups.pop(name, None)
        for index, key in ((self._by_identity, at.identity), (self._by_path, at.path)):
            found = index.get(key)
            if found is not None and found.id == at.id:
                del index[key]


def _folder(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - text
