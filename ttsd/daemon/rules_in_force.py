"""The rules by which lines are read: made from the settings and from the files that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ttsd.config.watch import ConfigWatch
from ttsd.errors import StoreError
from ttsd.logger import Logger
from ttsd.model import OWN
from ttsd.text.language import LAST_RESORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.model import SourceName
    from ttsd.settings import Settings
    from ttsd.speech.detect import Detector
    from ttsd.speech.reading import Reading
    from ttsd.store import Store
    from ttsd.text.rules import RuleBook
    from ttsd.text.withdraw import Target

T = TypeVar("T")

log = Logger("ttsd.rules")

TABLES = frozenset({"sources", "clean", "pronounce", "dictionary", "blocklist", "voice", "route", "language"})
"""Tables that say what is spoken."""
MOST_COMPARED = 200
"""Utterances that one is compared with to find a newer one with its key, or what was said before."""


class RulesInForce:
    """Makes readings, and notices when a file of theirs is saved. One thread."""

    def __init__(self, store: Store, clock: Clock, withdraw: Callable[[Target], None]) -> None:
        """*withdraw*: takes messages back, soon; called from any thread."""
        self._store, self._clock, self._withdraw = store, clock, withdraw
        self.reading: Reading | None = None
        """The one made last; None: there is none yet. Any thread may read it."""
        self._files: tuple[ConfigWatch, ...] = ()
        self._detector: Detector | None = None

    def close(self) -> None:
        """End what tells languages; idempotent."""
        if self._detector is not None:
            self._detector.close()

    def _detect_with(self, new: Detector | None) -> None:
        """A detector that runs goes on, if the new one would be the same."""
        old = self._detector
        if old is not None and new is not None and old.expected == new.expected:
            return
        self._detector = new
        if old is not None:
            old.close()

    def make(self, settings: Settings) -> Reading:
        """A reading by *settings*; a file that cannot be read is told in the log. Raises PatternError."""
        # Imported here: the control socket answers before the rules are compiled.
        from ttsd.speech.detect import detector
        from ttsd.speech.reading import Reading
        from ttsd.text import files

        self._detect_with(detector(settings, self._clock))
        found = files.read(settings, self._detector)
        for problem in found.problems:
            log.warning("rules_lack_words", problem=problem)
        self._files = tuple(ConfigWatch(path) for path in found.paths)
        self.reading = Reading(
            settings,
            found.extras,
            self._clock,
            lambda utterance: self._told(lambda: self._store.behind(utterance, MOST_COMPARED)),
            self._told(lambda: self._store.history(MOST_COMPARED)),
            self._withdraw,
        )
        return self.reading

    def _told(self, ask: Callable[[], list[T]]) -> list[T]:
        """What the store answers; nothing if it cannot: then more is said, rather than nothing."""
        try:
            return ask()
        except StoreError as error:
            log.warning("rules_lack_the_queue", error=str(error))
            return []

    def book(self) -> RuleBook | None:
        """The rules of each source; None: there are none yet."""
        return self.reading.book if self.reading is not None else None

    def own_language(self) -> str:
        """The language of what ttsd says of itself. BCP 47."""
        book = self.book()
        return LAST_RESORT if book is None else book.of(OWN).tag

    def speaker_of(self, source: SourceName, line: str) -> str:
        """Who said *line*; empty: unknown. From any thread."""
        book = self.book()
        return "" if book is None else book.of(source).identity(line)[0].strip()

    def saved(self) -> bool:
        """Whether a file that the rules name was saved since they were made."""
        looks = [file.changed() for file in self._files]  # each looks, whatever the others saw
        return any(looks)
