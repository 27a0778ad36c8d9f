"""What a setting's annotation can say: its unit, its range, its help. Pure data, imported by all settings."""

from __future__ import annotations

from typing import NewType

from ttsd.frozen import frozen

Duration = NewType("Duration", float)
"""Seconds."""
Size = NewType("Size", int)
"""Bytes; in TOML also "64KiB", "1MB"."""


@frozen
class Range:
    """Smallest and largest value allowed, both included; None: no bound."""

    low: float | None = None
    high: float | None = None


@frozen
class Help:
    """What a setting does, in one sentence for people."""

    text: str


@frozen
class Rest:
    """Marks the field that takes every key of its table that no other field has."""


@frozen
class Hidden:
    """Marks a field that is not a setting: never read from the file."""
