"""Log levels in order, whatever a program calls them: names, syslog's 0 to 7, Python's and bunyan's tens."""

from __future__ import annotations

LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""Lowest first, as in the setting `min_level`."""

_OTHERS = {
    "verbose": "debug", "fine": "debug", "finer": "trace", "finest": "trace", "d": "debug", "v": "trace",
    "information": "info", "informational": "info", "i": "info", "log": "info",
    "n": "notice",
    "warn": "warning", "w": "warning",
    "err": "error", "e": "error", "severe": "error", "failure": "error",
    "crit": "critical", "fatal": "critical", "c": "critical", "f": "critical", "panic": "emergency",
    "emerg": "emergency",
}  # fmt: skip
_SYSLOG = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
_TENS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical", 60: "critical"}


def rank(level: str) -> int | None:
    """Its place among LEVELS; None: it is no level."""
    name = level.strip(" []<>()\t").lower()
    if name.isascii() and name.isdigit() and len(name) < 4:
        number = int(name)
        name = _SYSLOG[number] if number < len(_SYSLOG) else _TENS.get(number, "")
    name = _OTHERS.get(name, name)
    return LEVELS.index(name) if name in LEVELS else None
