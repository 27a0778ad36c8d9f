"""Notices: two tones, or a few words, when an engine, an output or a source fails, and when it works again.

Never a loop: what failed is told once until it is back, and not again for a while; tones need no engine; and
when no engine can speak, tones stand for the words. `notice` may be called from any thread, the rest is the
main thread's.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ttsd import commands, events
from ttsd.errors import StoreError
from ttsd.logger import Logger
from ttsd.model import OWN, Priority
from ttsd.settings import Duration
from ttsd.speech.earcons import BACK, FAILED
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.settings import Settings
    from ttsd.settings.notices import How

log = Logger("ttsd.daemon.notices")

MAX_AGE = Duration(30.0)
"""A notice that could not be heard for so long is none."""
MOST = 1000
"""Things whose failure is remembered."""


class Notices:
    """See the module."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        queue: WaitingList,
        helpless: Callable[[], bool],
        language: Callable[[], str],
        clock: Clock,
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        """*settings*: those in force; *helpless*: whether no engine can speak; *language*: of ttsd's own words;
        *later*: has something done by the main thread."""
        self._settings, self._queue, self._helpless, self._language = settings, queue, helpless, language
        self._clock, self._later = clock, later
        self._down: set[tuple[str, str]] = set()
        """What failed and was told, and is not back."""
        self._told: dict[tuple[str, str], float] = {}
        """When a failure was told last (monotonic seconds)."""

    def notice(self, event: events.Event) -> None:
        """Something happened."""
        match event:
            case events.EngineChanged(engine=name, state="resting" | "failed" as state):
                self._hand_over("engine", name, state)
            case events.EngineChanged(engine=name, state="ready"):
                self._hand_over("engine", name, None)
            case events.DeviceChanged(output=name, state="lost" as state):
                self._hand_over("device", name, state)
            case events.DeviceChanged(output=name, state="open"):
                self._hand_over("device", name, None)
            case events.SourceChanged(source=name, state="failed" as state):
                self._hand_over("source", name, state)
            case events.SourceChanged(source=name, state="following"):
                self._hand_over("source", name, None)

    def _hand_over(self, kind: str, name: str, failure: str | None) -> None:
        if self._how(kind) != "off" or (kind, name) in self._down:
            self._later(partial(self.tell, kind, name, failed=failure is not None))

    def tell(self, kind: str, name: str, *, failed: bool) -> None:
        """It failed, or works again: say so if that is news."""
        what, how = (kind, name), self._how(kind)
        if how == "off":
            self._down.discard(what)
        if how == "off" or failed == (what in self._down):
            return
        if failed:
            now = self._clock.monotonic()
            if now - self._told.get(what, float("-inf")) < self._settings().notices.every:
                return
            self._told.pop(what, None)
            self._told[what] = now
            while len(self._told) > MOST:
                oldest = next(iter(self._told))
                del self._told[oldest]
                self._down.discard(oldest)
            self._down.add(what)
        else:
            self._down.discard(what)
        self._say(kind, name, how, failed=failed)

    def _say(self, kind: str, name: str, how: How, *, failed: bool) -> None:
        helpless = self._helpless()
        words = words_of(self._language())
        text = (words.failed if failed else words.back).replace("{name}", name.rpartition(":")[2] or name)
        tones = FAILED if failed else BACK
        log.info("notice", of=kind, name=name, failed=failed)
        try:
            self._queue.say(
                commands.Say(
                    text=text,
                    source=tones if how == "sound" or helpless else OWN,
                    # What no engine can speak may stand in the middle of a sentence: it makes room.
                    priority=Priority.URGENT if helpless else Priority.HIGH,
                    max_age=MAX_AGE,
                )
            )
        except StoreError as error:
            log.warning("cannot_notice", error=str(error))

    def _how(self, kind: str) -> How:
        how: How = getattr(self._settings().notices, kind)
        return how
