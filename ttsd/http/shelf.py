"""Sound files that were made to be fetched: a few of the newest, in a folder of the state.

Invariant: a name is one that was given here, and leads to a file that was made here; nothing else is served.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from ttsd.errors import OutputError
from ttsd.http.encode import sized

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "http"
"""In the state folder."""
KEPT = 50
"""The newest so many files stay."""
_NAME = re.compile(r"[0-9a-f]{32}\.wav")


class Shelf:
    """One folder. Blocking; one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """It is made when it is needed."""
        self._folder = folder

    def put(self, pieces: Iterable[bytes]) -> str:
        """Keep a WAV that was streamed; its name. Raises OutputError."""
        name = f"{secrets.token_hex(16)}.wav"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f".{name}"
            draft.write_bytes(sized(b"".join(pieces)))
            draft.replace(self._folder / name)
            self._tidy()
        except OSError as error:
            raise OutputError(f"cannot be written: {error}", where=str(self._folder)) from error
        return name

    def find(self, name: str) -> Path | None:
        """The file of that name; None: there is none (any more)."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def _tidy(self) -> None:
        files = sorted(self._folder.glob("*.wav"), key=lambda path: path.stat().st_mtime)
        for path in files[:-KEPT]:
            path.unlink(missing_ok=True)
