"""Loggers that load structlog when it is needed: with the asyncio that it brings it is a sixth of a start.

A daemon that starts keeps its first lines while commands have something better to wait for, and logs them
a moment later, in order.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Level = Literal["debug", "info", "warning", "error"]

_lock = threading.RLock()
_configure: Callable[[], None] | None = None
_kept: list[tuple[Logger, Level, str, dict[str, object]]] | None = None


def before_the_next_line(configure: Callable[[], None]) -> None:
    """Have structlog configured by *configure* before anything more is logged. From any thread."""
    global _configure
    with _lock:
        _configure = configure


def keep_lines() -> None:
    """Keep what is logged from now on until `log_lines`."""
    global _kept
    with _lock:
        _kept = [] if _kept is None else _kept


def log_lines() -> None:
    """Log what was kept, and from now on at once. Idempotent, from any thread."""
    global _kept
    with _lock:
        kept, _kept = _kept or [], None
        for logger, level, event, fields in kept:
            logger.say(level, event, fields)


class Logger:
    """What rooms log with. From any thread."""

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: object) -> None:
        """What only its developers ask about; the only level that has spoken text."""
        self.say("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """A decision that a user would ask about."""
        self.say("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something is not as it was asked for, and goes on."""
        self.say("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something was not done."""
        self.say("error", event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """A fault of ours, with the exception that is being handled."""
        self.say("error", event, {**fields, "exc_info": sys.exc_info()})

    def say(self, level: Level, event: str, fields: dict[str, object]) -> None:
        """Log a line, or keep it."""
        global _configure
        with _lock:
            if _kept is not None:
                _kept.append((self, level, event, fields))
                return
            structlog = _structlog()
            configure, _configure = _configure, None
            if configure is not None:
                configure()
        getattr(structlog.get_logger(self._name), level)(event, **fields)


def _structlog() -> ModuleType:
    """structlog, without the Rich that it loads where it is installed for other programs (4 MB, 60 modules).

    We print tracebacks as Python does.
    """
    without = "structlog" not in sys.modules and "rich" not in sys.modules
    if without:
        sys.modules["rich"] = cast("ModuleType", None)  # Python's way to say: there is none
    try:
        import structlog
    finally:
        if without:
            del sys.modules["rich"]
    return structlog
