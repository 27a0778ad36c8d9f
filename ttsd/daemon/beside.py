"""Slow work beside the main thread: an engine that ends, a voice that finishes its sentence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

log = Logger("ttsd.daemon.beside")


class Beside:
    """Threads that are waited for at the end. The main thread's."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Do *work* in a thread of its own. A fault in it is in the log, and ends nothing else."""

        def do() -> None:
            try:
                work()
            except Exception:  # nobody else would hear of it
                log.exception("fault", work=name)

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=do, name=f"ttsd-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until all of it is done."""
        for thread in self._threads:
            thread.join()
