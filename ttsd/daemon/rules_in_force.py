"""The rules by which lines are read: made from the settings and from the files that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ttsd.config.watch import ConfigWatch

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.settings import Settings
    from ttsd.speech.reading import Reading
    from ttsd.store import Store

log = structlog.get_logger("ttsd.rules")

TABLES = frozenset({"sources", "clean", "pronounce", "dictionary", "blocklist", "route", "language"})
"""Tables that say what is spoken."""
MOST_COMPARED = 200
"""Utterances that one is compared with to find a newer one with its key, or what was said before."""


class RulesInForce:
    """Makes readings, and notices when a file of theirs is saved. One thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._files: tuple[ConfigWatch, ...] = ()

    def make(self, settings: Settings) -> Reading:
        """A reading by *settings*; a file that cannot be read is told in the log. Raises PatternError."""
        # Imported here: the control socket answers before the rules are compiled.
        from ttsd.speech.reading import Reading
        from ttsd.text import files

        found = files.read(settings)
        for problem in found.problems:
            log.warning("rules_lack_words", problem=problem)
        self._files = tuple(ConfigWatch(path) for path in found.paths)
        return Reading(
            settings,
            found.extras,
            self._clock,
            lambda utterance: self._store.behind(utterance, MOST_COMPARED),
            self._store.history(MOST_COMPARED),
        )

    def saved(self) -> bool:
        """Whether a file that the rules name was saved since they were made."""
        looks = [file.changed() for file in self._files]  # each looks, whatever the others saw
        return any(looks)
