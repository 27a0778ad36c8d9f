"""The files that captions are written to: the sentence of the moment, and all of them with their times.

Invariants: a reader of either finds a whole file at any moment; what was withdrawn is in neither; nothing
else that was there before is touched. What cannot be written is told in the log, and tried again with the next.
"""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.replace_file import replace_file
from ttsd.text.captions import VTT_HEAD, cues, srt, timing, timings, vtt, without

if TYPE_CHECKING:
    from collections.abc import Collection

    from ttsd.daemon.caption_places import CaptionPlaces
    from ttsd.model import UtteranceId
    from ttsd.text.captions import Caption, Cue

log = Logger("ttsd.daemon.captions")

MOST = 20_000
"""Captions of a file; what is more goes into the next one. Also: those that wait while a disk is full."""


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

    def __init__(self, path: Path, began: float, places: CaptionPlaces, *, is_srt: bool) -> None:
        """*path*: `%Y` and its like stand for the time *began* (Unix seconds), to which all times count;
        *places*: told where each caption is."""
        self._is_srt, self._places = is_srt, places
        self._wanted = Path(time.strftime(str(path), time.localtime(began)))
        self._path: Path | None = None
        self._captions = self._cues = 0
        """In the file."""
        self._waiting: deque[tuple[UtteranceId, tuple[Cue, ...]]] = deque(maxlen=MOST)
        self._trouble = ""

    def add(self, id: UtteranceId, caption: Caption) -> None:
        """Append a caption."""
        self._waiting.append((id, cues(caption)))
        try:
            while self._waiting:
                self._append(*self._waiting[0])
                self._waiting.popleft()
            self._trouble = ""
        except OSError as error:
            self._trouble = _tell(self._path or self._wanted, error, self._trouble)

    def leave_out(self, ids: Collection[UtteranceId]) -> None:
        """What is not written yet of these utterances is not to be."""
        self._waiting = deque((one for one in self._waiting if one[0] not in ids), maxlen=MOST)

    def look_again(self, path: Path) -> None:
        """Something was taken out of the file at *path*."""
        if path == self._path:
            self._cues = len(timings(path.read_text(encoding="utf-8", errors="replace")))

    def _append(self, id: UtteranceId, new: tuple[Cue, ...]) -> None:
        if self._path is None or self._captions >= MOST or not self._path.exists():
            self._path = _free(self._wanted)
            self._captions = self._cues = 0
            replace_file(self._path, b"" if self._is_srt else VTT_HEAD.encode())
            log.info("captions", path=str(self._path))
        self._places.note(id, self._path, [timing(cue) for cue in new])
        text = "".join(
            srt(cue, number) if self._is_srt else vtt(cue) for number, cue in enumerate(new, self._cues + 1)
        )
        whole = self._path.stat().st_size
        try:
            with self._path.open("ab") as file:
                file.write(text.encode("utf-8", "replace"))
        except OSError:
            os.truncate(self._path, whole)  # half a caption is none
            raise
        self._captions, self._cues = self._captions + 1, self._cues + len(new)


def withdraw(ids: Collection[UtteranceId], places: CaptionPlaces) -> list[Path]:
    """Take the captions of these utterances out of whatever file they are in; those files.

    Raises OSError, when it has done what it could; then it may be tried again.
    """
    changed, trouble = list[Path](), list[OSError]()
    found = places.of(ids)
    for path, times in found.items():
        try:
            document = path.read_text(encoding="utf-8-sig", errors="replace")
            replace_file(path, without(document, times).encode("utf-8", "replace"))
            changed.append(path)
        except FileNotFoundError:  # whoever deleted it has withdrawn it
            pass
        except OSError as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]
    if found:
        places.forget(ids)
    return changed


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
