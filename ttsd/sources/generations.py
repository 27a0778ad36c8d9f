"""Generations of a log that came and went between two looks: nobody has read them yet.

Invariant: what was there before its log was met is history; a generation is new if it was written after its
log was seen in its place for the last time, or if it goes on with what was read of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.logger import Logger
from ttsd.sources import siblings
from ttsd.sources.content import refusal
from ttsd.sources.identity import PREFIX, Verdict, judge
from ttsd.sources.tail import Moved
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.sources.source import Source
    from ttsd.sources.tail import Tail

log = Logger("ttsd.sources")


def unlisted(source: Source, home: str, old: Checkpoint) -> Iterator[tuple[Tail, bool]]:
    """Each new generation of *home*, laid aside to be read, the oldest first; whether it goes on with *old*.

    old: what had the place. Who has no use for one lets it go.
    """
    context = source.context
    found = [
        (siblings.age(path, seen), path, seen)
        for path, seen in siblings.beside(context, home)
        if seen.size
        and seen.identity not in context.tails
        and context.known.find(seen.identity) is None
        and siblings.is_generation(path, home)
    ]
    for _, path, seen in sorted(found):
        generation = source.lay_aside(Checkpoint(path, seen.identity, modified=old.modified), home=home)
        try:
            file = generation.handle()
            goes_on = bool(old.offset) and judge(old, file, seen.size) is Verdict.CONTINUES
            is_text = refusal(file.read_at(0, PREFIX), source.settings.encoding) is None
        except (Moved, OSError, SourceError) as error:
            log.debug("generation_not_readable", path=path, reason=str(error))
            goes_on = is_text = False
        if is_text and (goes_on or seen.modified >= old.modified):
            yield generation, goes_on
        else:
            source.let_go(generation)
