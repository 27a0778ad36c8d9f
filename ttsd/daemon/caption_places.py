"""Where the captions of each utterance are: so that what is withdrawn vanishes from the files of earlier runs, too.

A file of lines `[id, "begin --> end", "path"]` beside the database, without a word of what was said. A place is
noted before its caption is written: a crash in between leaves a place without a caption, which harms nobody.
Invariants: it grows to twice MOST lines, and it never tells of ids that another database has given.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.model import UtteranceId
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

MOST = 100_000
"""Cues whose places are known: those that were written last."""


class CaptionPlaces:
    """See the module. One thread's; every method may raise OSError."""

    def __init__(self, path: Path, last: UtteranceId) -> None:
        """*last*: the id that the database gave last; what has a higher one here is another database's."""
        self._path, self._last = path, last
        self._lines: int | None = None
        """In the file; None: it was not looked at yet."""

    def note(self, id: UtteranceId, file: Path, times: Sequence[str]) -> None:
        """The cues of *id* are going to stand in *file* at *times*."""
        self._look()
        with self._path.open("a", encoding="utf-8", newline="\n") as notes:
            notes.writelines(json.dumps([id, time, str(file)]) + "\n" for time in times)
        self._lines = (self._lines or 0) + len(times)
        if self._lines > 2 * MOST:
            self._keep(lambda _: True)

    def of(self, ids: Collection[UtteranceId]) -> dict[Path, set[str]]:
        """The files in which these have captions, and at which times."""
        self._look()
        found: dict[Path, set[str]] = {}
        for _, (id, time, path) in self._read():
            if id in ids:
                found.setdefault(Path(path), set()).add(time)
        return found

    def forget(self, ids: Collection[UtteranceId]) -> None:
        """These have captions no longer."""
        self._keep(lambda id: id not in ids)

    # ---- inside

    def _look(self) -> None:
        if self._lines is None:
            self._lines = 0
            if self._path.exists():
                self._keep(lambda id: id <= self._last)

    def _keep(self, which: Callable[[UtteranceId], bool]) -> None:
        """Of the lines of these ids the last MOST."""
        kept = [line for line, (id, _, _) in self._read() if which(id)][-MOST:]
        replace_file(self._path, "".join(kept).encode())
        self._lines = len(kept)

    def _read(self) -> Iterator[tuple[str, tuple[UtteranceId, str, str]]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", errors="replace") as notes:
            for line in notes:
                try:
                    id, time, path = json.loads(line)
                except (ValueError, TypeError):  # a crash while it was written
                    continue
                yield line if line.endswith("\n") else line + "\n", (UtteranceId(id), time, path)
