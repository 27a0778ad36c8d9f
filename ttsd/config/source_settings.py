"""What a source's settings mean once its path and the tables at the top of the file are known.

`include` and `exclude` say one thing of a directory (names of files) and another of a file (texts of
lines): here the two are told apart, and the rest of ttsd has `include_text` and `exclude_text` for lines.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd import paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.settings import Settings, SourceSettings
    from ttsd.shapes import Where

ALL = ("*",)
"""`include` if nothing else is said."""
_REGEX_ALONE = re.compile(r"[\^$\\()|+]|\.\*")
"""What no glob of file names has."""
_GLOB_ALONE = re.compile(r"\*.*|[\w./ -]*\*\.\w+")
"""*.log, chat-*.log: no regex, or one that nobody means."""
_WILDCARD = re.compile(r"[*?\[]")


def resolved(settings: Settings, data: Mapping[str, Any], folder: Path) -> tuple[SourceSettings, ...]:
    """The sources with names, absolute paths, filters by their kind, and their own `[clean]` over the top's.

    data: what the file says, to tell what a source says itself.
    """
    return tuple(
        replace(
            with_filters(source, folder),
            name=source.name or source.path,
            path=_path(source, folder),
            clean=_clean(settings, source, data, index),
        )
        for index, source in enumerate(settings.sources)
    )


def with_filters(source: SourceSettings, folder: Path) -> SourceSettings:
    """The source with those of its `include` and `exclude` that mean texts among those for texts."""
    is_file = _is_file(source, folder)

    def is_name(pattern: str) -> bool:
        """Whether it means names of files rather than texts."""
        if is_file is None or is_file:
            if _GLOB_ALONE.fullmatch(pattern):
                return True
            return not is_file and _REGEX_ALONE.search(pattern) is None
        return True

    include = () if source.include == ALL else source.include
    return replace(
        source,
        include=tuple(filter(is_name, include)) or ALL,
        exclude=tuple(filter(is_name, source.exclude)),
        include_text=source.include_text + tuple(pattern for pattern in include if not is_name(pattern)),
        exclude_text=source.exclude_text
        + tuple(pattern for pattern in source.exclude if not is_name(pattern)),
    )


def as_written(where: Where, source: SourceSettings) -> Where:
    """Where a problem of `with_filters`' source is in the source as it was written."""
    key = where[2] if len(where) == 4 else None
    if key in ("include_text", "exclude_text"):
        own = getattr(source, str(key))
        index = where[3]
        if isinstance(index, int) and index >= len(own):
            return (*where[:2], str(key).removesuffix("_text"))
    return where


def _is_file(source: SourceSettings, folder: Path) -> bool | None:
    """Whether it is one file; None: several, or nothing there yet that tells."""
    path = Path(_path(source, folder))
    if source.path == "-" or path.is_file():
        return True
    if path.is_dir() or source.path.endswith(("/", "\\")):
        return False
    return None if _WILDCARD.search(str(path)) or not path.suffix else True


def _path(source: SourceSettings, folder: Path) -> str:
    return "-" if source.path == "-" else str(paths.absolute(Path(source.path), folder))


def _clean(settings: Settings, source: SourceSettings, data: Mapping[str, Any], index: int) -> Any:
    if source.clean is None:
        return None
    own = data["sources"][index].get("clean", {})
    return replace(settings.clean, **{key: getattr(source.clean, key) for key in own})
