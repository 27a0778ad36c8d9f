"""The files that captions are written to: the sentence of the moment, and all of them with their times.

Invariants: a reader of either finds a whole file at any moment; what was withdrawn is in neither; nothing
that was there before is touched. A file that cannot be written is told in the log, and tried again whole.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from ttsd.replace_file import replace_file
from ttsd.text.captions import VTT_HEAD, cues, srt, vtt

if TYPE_CHECKING:
    from collections.abc import Collection

    from ttsd.model import UtteranceId
    from ttsd.text.captions import Caption, Cue

log = structlog.get_logger("ttsd.daemon.captions")

MOST = 20_000
"""Captions of a file; what is more goes into the next one. They are kept in memory, to be withdrawn."""


class _Kept(NamedTuple):
    """A caption of a file."""

    id: UtteranceId
    cues: tuple[Cue, ...]


class LiveText:
    """A file with one text, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        """Empties it."""
        self._path = path
        self._trouble = ""
        self._shown: str | None = None
        self.show("")

    def show(self, text: str) -> None:
        """Put *text* in the file."""
        if text == self._shown:
            return
        try:
            replace_file(self._path, text.encode("utf-8", "replace"))
            self._shown, self._trouble = text, ""
        except OSError as error:
            self._shown = None
            self._trouble = _tell(self._path, error, self._trouble)


class Transcript:
    """Everything that was spoken, as WebVTT or SRT. The file is made with its first caption."""

    def __init__(self, path: Path, began: float, *, is_srt: bool) -> None:
        """*path*: `%Y` and its like stand for the time *began* (Unix seconds), to which all times count."""
        self._is_srt = is_srt
        self._wanted = Path(time.strftime(str(path), time.localtime(began)))
        self._path: Path | None = None
        self._kept: list[_Kept] = []
        self._number = 0
        """Of cues in the file."""
        self._whole = False
        """What is kept is in the file."""
        self._trouble = ""

    def add(self, id: UtteranceId, caption: Caption) -> None:
        """Append a caption."""
        if len(self._kept) >= MOST:
            self._path, self._kept, self._whole = None, [], False
        one = _Kept(id, cues(caption))
        self._kept.append(one)
        try:
            if self._path is None or not self._whole or not self._path.exists():
                self._write()
            else:
                with self._path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
                    file.write(self._text((one,), self._number))
                self._number += len(one.cues)
            self._trouble = ""
        except OSError as error:
            self._whole = False
            self._trouble = _tell(self._path or self._wanted, error, self._trouble)

    def withdraw(self, ids: Collection[UtteranceId]) -> None:
        """Leave out what belongs to these utterances."""
        left = [one for one in self._kept if one.id not in ids]
        if len(left) == len(self._kept):
            return
        self._kept = left
        try:
            self._write()
            self._trouble = ""
        except OSError as error:
            self._whole = False
            self._trouble = _tell(self._path or self._wanted, error, self._trouble)

    def _write(self) -> None:
        """The file as a whole."""
        if self._path is None:
            self._path = _free(self._wanted)
            log.info("captions", path=str(self._path))
        head = "" if self._is_srt else VTT_HEAD
        replace_file(self._path, (head + self._text(self._kept, 0)).encode("utf-8", "replace"))
        self._number = sum(len(one.cues) for one in self._kept)
        self._whole = True

    def _text(self, captions: Collection[_Kept], number: int) -> str:
        found = [cue for one in captions for cue in one.cues]
        if self._is_srt:
            return "".join(srt(cue, count) for count, cue in enumerate(found, number + 1))
        return "".join(map(vtt, found))


def _free(path: Path) -> Path:
    """*path*, or with a number behind its name if there is such a file already."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


def _tell(path: Path, error: OSError, before: str) -> str:
    """Say once why *path* cannot be written; what was said."""
    what = error.strerror or str(error)
    if what != before:
        log.warning("captions_not_written", path=str(path), error=what)
    return what
