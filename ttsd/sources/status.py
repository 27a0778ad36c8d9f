"""What `status` shows of sources: snapshots for people and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.model import SourceName


@frozen
class FileStatus:
    """One followed file."""

    path: str
    offset: int
    """Bytes read and committed."""
    size: int
    """Bytes it had at the last look."""
    lag: int
    """Bytes between the two; a line without its end counts too."""
    rotations: int = 0
    """Times another file came in its place since ttsd runs."""
    truncations: int = 0
    """Times its content was truncated away or rewritten since ttsd runs."""
    cut_lines: int = 0
    """Lines longer than `max_line_bytes` since ttsd runs."""
    waiting: str | None = None
    """Why it is not read now; None: it is."""
    last_error: str | None = None
    """The last thing that went wrong with it; None: nothing did."""


@frozen
class SourceStatus:
    """One `[[sources]]`."""

    name: SourceName
    path: str
    """As configured."""
    files: tuple[FileStatus, ...] = ()
    watch: str = "auto"
    """How changes are noticed: inotify, watchdog, poll or stream."""
    waiting: str | None = None
    """What it waits for; None: it is followed."""
    last_error: str | None = None
    """The last thing that went wrong; None: nothing did."""
