"""The log: a line for each decision a user would ask about, on stderr.

Coloured on a terminal, with priorities and fields where systemd's journal reads it, one JSON object a
line otherwise. Spoken text appears only at debug.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ttsd import journal, logger
from ttsd.journal import Journal
from ttsd.stderr import Stderr, is_terminal

if TYPE_CHECKING:
    import structlog

    from ttsd.settings import LogSettings


def configure(settings: LogSettings) -> None:
    """Set level and format for the whole process; may be called again on a reload."""
    logger.before_the_next_line(partial(_configure, settings))


def _configure(settings: LogSettings) -> None:
    import logging

    import structlog

    terminal = is_terminal()
    console = settings.format == "console" or (settings.format == "auto" and terminal)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
    ]
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console)
    factory: Journal | Stderr = Stderr()
    if settings.format == "auto" and journal.is_stderr():  # which stamps the time itself
        final: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, journal.entry]
        before = structlog.get_config()["logger_factory"]
        factory = before if isinstance(before, Journal) else Journal()
    elif console:
        # Tracebacks as Python prints them: the pretty ones import half a megabyte of Rich.
        final = [
            stamp,
            structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback),
        ]
    else:
        final = [
            stamp,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )
