"""Why ttsd holds itself back now: muted, quiet hours, somebody at the microphone. What of it is in force.

Quiet hours are a time of day: each look asks which it is on the wall, so that the night in which the clocks
change is quiet from its hour to its hour, however long that takes, and a clock that is set counts at once.
Invariant: `apply` is told each change once. `hold` may be called from any thread, the rest is the main thread's.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

from ttsd.logger import Logger
from ttsd.model import Priority
from ttsd.settings.quiet import minute_of_day
from ttsd.speech.restraint import EVERYTHING, Restraint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.settings import Settings
    from ttsd.settings.quiet import QuietSettings

log = Logger("ttsd.daemon.restraints")


class Restraints:
    """See the module."""

    def __init__(
        self, settings: Settings, clock: Clock, apply: Callable[[Restraint], None], *, muted: bool
    ) -> None:
        """*apply*: told what holds from now on, when it is another."""
        self._settings, self._clock, self._apply, self._muted = settings, clock, apply, muted
        self._lock = threading.Lock()
        self._held = Restraint()
        self._mine = Restraint()
        self.quiet = False
        """Whether these are quiet hours."""
        self.accept_from: int = Priority.LOW
        """The lowest priority that is taken into the queue; what is lower is dropped as it arrives."""
        self.look()

    def use(self, settings: Settings, *, muted: bool) -> None:
        """Hold back by these from now on."""
        self._settings, self._muted = settings, muted
        self.look()

    def hold(self, held: bool) -> None:
        """Begin nothing that is not urgent, because of somebody else; or no longer. From any thread."""
        with self._lock:
            self._held = Restraint(begin_from=Priority.URGENT) if held else Restraint()
            self._apply(self.now)

    def look(self) -> None:
        """See what time it is."""
        quiet = is_quiet(self._settings.quiet, self._clock.time())
        if quiet != self.quiet:
            log.info("quiet_hours_begin" if quiet else "quiet_hours_end", do=self._settings.quiet.do)
        mine, accept = of_mute(self._settings.mute.arriving if self._muted else None)
        if quiet:
            others, accept_quiet = of_quiet(self._settings.quiet)
            mine, accept = mine | others, max(accept, accept_quiet)
        with self._lock:
            self.quiet, self.accept_from = quiet, accept
            if mine != self._mine:
                self._mine = mine
                self._apply(self.now)

    @property
    def now(self) -> Restraint:
        """What holds."""
        return self._mine | self._held

    @property
    def why(self) -> str | None:
        """Why what waits is not begun; None: it is."""
        if self._mine.begin_from == Priority.LOW:
            return None
        if self._muted and self._settings.mute.arriving != "speak":
            return "muted, and what waits is kept"
        return f"quiet hours until {self._settings.quiet.to}"

    @property
    def why_dropped(self) -> str:
        """Why what arrives is dropped."""
        muted = self._muted and self._settings.mute.arriving == "drop"
        return "it arrived while ttsd was muted" if muted else "it arrived in quiet hours"


def is_quiet(quiet: QuietSettings, now: float) -> bool:
    """Whether the clock on the wall is within the quiet hours. now: Unix seconds."""
    if quiet.from_ is None:
        return False
    from zoneinfo import ZoneInfo  # few need it

    begin, end = minute_of_day(quiet.from_), minute_of_day(quiet.to)
    wall = datetime.fromtimestamp(now, ZoneInfo(quiet.timezone) if quiet.timezone else None)
    minute = wall.hour * 60 + wall.minute
    if begin is None or end is None:  # `ttsd check` has said so
        return False
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def of_mute(arriving: str | None) -> tuple[Restraint, int]:
    """What being muted means besides the silence, and the lowest priority that is accepted. None: not muted."""
    if arriving in (None, "speak"):
        return Restraint(), Priority.LOW
    return Restraint(begin_from=EVERYTHING), EVERYTHING if arriving == "drop" else Priority.LOW


def of_quiet(quiet: QuietSettings) -> tuple[Restraint, int]:
    """What quiet hours mean, and the lowest priority that is accepted in them."""
    bound = EVERYTHING if quiet.spare is None else int(quiet.spare)
    match quiet.do:
        case "mute":
            return Restraint(sound_from=bound), Priority.LOW
        case "hold":
            return Restraint(begin_from=bound), Priority.LOW
        case "drop":
            return Restraint(begin_from=bound), bound
