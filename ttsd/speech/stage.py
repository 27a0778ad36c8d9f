"""A thread that repeats a stage's `step` until it is told to stop; the stage itself knows no thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

log = Logger("ttsd.stage")


class Stage(threading.Thread):
    """Calls *step* again and again. A step that raises ends the stage and reports why."""

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        *,
        interrupt: Callable[[], None],
        died: Callable[[str, BaseException], None],
        prod: Callable[[], None],
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """*interrupt*: makes a blocking step return soon, for good; *died*: told of a fault, which is ours;
        *prod*: makes a step that waits for work return soon; *waits*: whether the step waits for something
        that has a deadline of its own, or that lasts as long as people like."""
        super().__init__(name=f"ttsd-{name}", daemon=True)
        self.stage = name
        self.beat = time.monotonic()
        """When the last step began (monotonic seconds)."""
        self.prod = prod
        self._step, self._interrupt, self._died, self._waits = step, interrupt, died, waits
        self._stopping = threading.Event()

    def run(self) -> None:
        """Loop."""
        try:
            while not self._stopping.is_set():
                self.beat = time.monotonic()
                self._step()
        # Whatever it is, the daemon has to know: a dead stage that nobody notices is a silent daemon.
        except BaseException as error:
            log.exception("stage_died", stage=self.stage)
            self._died(self.stage, error)

    @property
    def excused(self) -> bool:
        """Whether nobody should wonder that `beat` stands still."""
        return self._stopping.is_set() or self._waits()

    def stop(self, timeout: float = 10.0) -> None:
        """End after the running step. A stage that does not end in time is left behind with a warning."""
        self._stopping.set()
        self._interrupt()
        if self.ident is not None:  # else it was never started
            self.join(timeout)
        if self.is_alive():
            log.warning("stage_does_not_end", stage=self.stage, waited=timeout)
