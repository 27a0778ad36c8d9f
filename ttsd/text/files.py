"""The files that rules name: the dictionary, lists of words. The only one of its room that reads files.

Nothing raises: a file that cannot be read is a sentence for status and log, and its words are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.text.dictionary import dictionary
from ttsd.text.rules import Extras

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ttsd.settings import Settings

LARGEST = 4 << 20
"""Bytes; a larger file is no list of words."""


@frozen
class RuleFiles:
    """What the files say."""

    extras: Extras
    paths: tuple[Path, ...]
    """Those that are worth watching: read again when one is saved."""
    problems: tuple[str, ...]
    """Each with its file, for people."""


def read(settings: Settings, detect: Callable[[str], str | None] | None = None) -> RuleFiles:
    """Read what *settings* names. detect: see Extras."""
    problems: list[str] = []
    paths: list[Path] = []

    def text_of(path: Path) -> str:
        paths.append(path)
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
            return ""
        if len(raw) > LARGEST:
            problems.append(f"{path}: is larger than {LARGEST >> 20} MiB")
            return ""
        return raw.decode("utf-8-sig", "replace")

    entries, found = dictionary(text_of(settings.dictionary)) if settings.dictionary else ((), ())
    problems += [f"{settings.dictionary}: {problem}" for problem in found]
    words = {
        index: [line for line in text_of(blocklist.file).splitlines() if not line.lstrip().startswith("#")]
        for index, blocklist in enumerate(settings.blocklist)
        if blocklist.file is not None
    }
    extras = Extras(pronunciations=entries, words=words, detect=detect)
    return RuleFiles(extras, tuple(paths), tuple(problems))
