"""One daemon for each state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import StoreLocked
from ttsd.file_lock import FileLock, Held

if TYPE_CHECKING:
    from pathlib import Path


class StateLock:
    """Held from construction to `close`."""

    def __init__(self, path: Path) -> None:
        """Take the lock at *path*. Raises StoreLocked when another process holds it; OSError."""
        try:
            self._lock = FileLock(path)
        except Held as held:
            raise StoreLocked(
                f"another ttsd uses this state folder (process {held.holder})",
                where=str(path.parent),
                next_step="stop it, or give this one another [state] dir",
            ) from None

    def close(self) -> None:
        """Give it back; idempotent."""
        self._lock.close()
