"""`spoken.jsonl`: one JSON object a line for each complete utterance, in the order they were spoken.

Invariants: a line is whole or not there (a torn one, left by a crash, is cut off before the next is
written); when `append` has returned, the line survives a power failure; the file stays bounded.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ttsd.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.model import Spoken

LARGEST = 16 << 20
"""Bytes; then the older half is dropped."""
_STRIDE = 1 << 16


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names in *folder* survive a power failure (where that is possible)."""
    if os.name != "posix":
        return  # Windows cannot open a folder; NTFS orders its own journal
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SpokenLog:
    """The list beside the WAVs. It keeps no file open, so it may be moved away at any time."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        """*path*: the file, made when first needed; *largest*: bytes."""
        self.path = path
        self._largest = largest

    def append(self, spoken: Spoken, wav: str | None, seconds: float) -> None:
        """Note an utterance; *wav*: its file's name, None: there was no sound. Raises OutputError."""
        entry = {
            "id": spoken.id,
            "text": spoken.text,
            "source": spoken.source,
            "engine": spoken.engine,
            "voice": spoken.voice,
            "wav": wav,
            "seconds": round(seconds, 3),
            "queued_at": spoken.queued_at,
            "spoken_at": spoken.ended_at,
        }
        line = json.dumps(entry, ensure_ascii=False).encode(errors="replace") + b"\n"
        try:
            fresh = not self.path.exists()
            with self.path.open("r+b" if not fresh else "xb") as file:
                size = _whole(file.fileno(), file.seek(0, os.SEEK_END))
                file.seek(size)
                file.truncate()
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if fresh:
                sync_folder(self.path.parent)
            if size + len(line) > self._largest:
                self._halve()
        except OSError as error:
            raise OutputError(
                f"the list of what was spoken cannot be written: {error.strerror or error}",
                where=str(self.path),
                next_step="make room, or give ttsd the right to write there",
            ) from error

    def _halve(self) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)
        kept = lines[len(lines) // 2 :]
        temporary = self.path.with_name(f".{self.path.name}.part")
        with temporary.open("wb") as file:
            file.writelines(kept)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        sync_folder(self.path.parent)


def _whole(descriptor: int, size: int) -> int:
    """Where the last complete line ends, in a file of *size* bytes."""
    while size:
        start = max(0, size - _STRIDE)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, size - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0
