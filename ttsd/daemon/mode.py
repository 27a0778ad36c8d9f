"""What people set while ttsd runs and expect to find again: volume, mute, profile, sources switched off.

Kept in a small file of the state folder; one that cannot be read counts as none and is said so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ttsd.frozen import frozen
from ttsd.logger import Logger
from ttsd.model import SourceName
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from pathlib import Path

log = Logger("ttsd.daemon.mode")


@frozen
class Mode:
    """The values."""

    volume: int = 100
    """Per cent; 100 is as the engine made it."""
    muted: bool = False
    disabled: tuple[SourceName, ...] = ()
    """Sources that are left alone."""
    profile: str | None = None
    """The profile in use; None: none."""

    @property
    def gain(self) -> float:
        """The linear factor for every output."""
        return 0.0 if self.muted else self.volume / 100


class ModeFile:
    """The values and the file that keeps them. The main thread's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.mode = self._read()

    def change(self, **values: Any) -> Mode:
        """Set some of the values and keep them."""
        self.mode = replace(self.mode, **values)
        try:
            replace_file(self._path, json.dumps(asdict(self.mode)).encode())
        except OSError as error:  # it holds until the daemon ends
            log.warning("mode_not_kept", path=str(self._path), error=str(error))
        return self.mode

    def _read(self) -> Mode:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return Mode(
                volume=min(150, max(0, int(found["volume"]))),
                muted=bool(found["muted"]),
                disabled=tuple(SourceName(str(name)) for name in found["disabled"]),
                profile=None if found.get("profile") is None else str(found["profile"]),
            )
        except FileNotFoundError:
            return Mode()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("mode_not_read", path=str(self._path), error=str(error))
            return Mode()
