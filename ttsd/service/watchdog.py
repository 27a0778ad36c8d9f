"""Petting the service manager's watchdog for as long as every thread makes progress.

A thread that waits for work looks like one that hangs. So each is asked to show itself: `prod` ends
its wait, and its next round moves its `beat`. Who has not moved since it was asked is stuck, unless it
is `excused`: it is ending, or waits for something that has a deadline of its own (an engine), or that
lasts as long as people like (a pause keeps the channel full). The manager is told only when nobody is
stuck; when it has heard nothing for its time, it kills and restarts us.

The main thread calls `turn` twice a second: were it stuck itself, nobody would pet.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ttsd.service.notify import Notifier

log = Logger("ttsd.service")


class Member(Protocol):
    """A thread that must make progress."""

    @property
    def stage(self) -> str:
        """Its name, for the log."""
        ...

    @property
    def beat(self) -> float:
        """When its last round began (seconds of `time.monotonic`)."""
        ...

    @property
    def excused(self) -> bool:
        """Whether it may stand still now."""
        ...

    def prod(self) -> None:
        """End its wait, so that a new round begins; from any thread, never blocks."""
        ...


class Watchdog:
    """Asks at a quarter of the manager's time, pets at half of it."""

    def __init__(
        self,
        notifier: Notifier,
        members: Callable[[], Iterable[Member]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """*members*: the threads there are now; they change with a reload."""
        self._notifier, self._members, self._now = notifier, members, now
        self._petted = now()
        self._asked: float | None = None
        self._stuck: frozenset[str] = frozenset()

    def turn(self) -> None:
        """Ask, look or pet, whatever is due."""
        seconds, now = self._notifier.watchdog_seconds, self._now()
        if seconds is None or now < self._petted + seconds / 4:
            return
        if self._asked is None:
            self._asked = now
        standing = [m for m in self._members() if m.beat < self._asked and not m.excused]
        for member in standing:
            member.prod()  # at every turn: a single one may fall between two waits
        if now < self._petted + seconds / 2:
            return
        if not standing:
            self._notifier.alive()
            self._petted, self._asked = now, None
        if not standing or now > self._petted + seconds * 3 / 4:
            self._tell(frozenset(member.stage for member in standing))

    def _tell(self, stuck: frozenset[str]) -> None:
        if stuck - self._stuck:
            log.error("threads_are_stuck", threads=sorted(stuck), next="the service manager restarts ttsd")
        elif self._stuck and not stuck:
            log.info("threads_go_on", threads=sorted(self._stuck))
        self._stuck = stuck
