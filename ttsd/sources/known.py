"""The files that are remembered, by what they are and by where they were: the store's rows in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ttsd.store import Checkpoint, FileId


class Known:
    """Checkpoints of files that nobody follows at the moment."""

    def __init__(self, checkpoints: Iterable[Checkpoint]) -> None:
        self._by_id: dict[FileId, Checkpoint] = {}
        self._by_identity: dict[str, Checkpoint] = {}
        self._by_path: dict[str, Checkpoint] = {}
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

    def find(self, identity: str) -> Checkpoint | None:
        """What is known of the file with *identity*."""
        return self._by_identity.get(identity)

    def at_path(self, path: str) -> Checkpoint | None:
        """The file that was last seen at *path*."""
        return self._by_path.get(path)

    def drop(self, at: Checkpoint) -> None:
        """Forget it."""
        if at.id is not None:
            self._by_id.pop(at.id, None)
        if self._by_identity.get(at.identity) is at:
            del self._by_identity[at.identity]
        if self._by_path.get(at.path) is at:
            del self._by_path[at.path]

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(tuple(self._by_id.values()))
