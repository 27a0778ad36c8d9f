"""Which kind of source a setting asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.sources.source import Source
from ttsd.sources.stream import Stream, is_stream
from ttsd.sources.whole import WholeSource

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.settings import SourceSettings
    from ttsd.sources.context import Context


def make_source(settings: SourceSettings, base: Path, context: Context) -> Source:
    """The source for *settings*, nothing opened yet. Raises SourceError for settings that cannot work."""
    if is_stream(settings, base):
        return Stream(settings, base, context)
    return (WholeSource if settings.mode == "whole" else Source)(settings, base, context)
