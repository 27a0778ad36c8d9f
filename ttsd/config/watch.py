"""Noticing that the configuration file was saved, by looking at it: it works everywhere, whoever saves how."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

_Look: TypeAlias = tuple[int, int, int] | None


class ConfigWatch:
    """Looks at a file; a change counts when two looks in a row agree, so that it is not read half saved."""

    def __init__(self, path: Path | None) -> None:
        """*path*: None watches nothing."""
        self._path = path
        self._known = self._last = self._look()

    def changed(self) -> bool:
        """Whether the file was changed, and has settled, since it was last said so."""
        look = self._look()
        settled = look == self._last
        self._last = look
        if not settled or look == self._known:
            return False
        self._known = look
        return look is not None  # a file that is away is being replaced, or gone: what holds goes on holding

    def pending(self) -> bool:
        """Whether the file is another than the one that was last said to be seen, settled or not."""
        return self._look() not in (self._known, None)

    def seen(self) -> None:
        """The file as it is now is in force."""
        self._known = self._last = self._look()

    def _look(self) -> _Look:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
