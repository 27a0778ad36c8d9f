"""What can be configured about silence: the tables `[mute]` and `[quiet]`.

Pure data; `Settings` puts these tables into the whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from ttsd.frozen import frozen
from ttsd.model import Priority
from ttsd.settings.marks import Help, Range

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen(kw_only=True)
class MuteSettings:
    """`[mute]`: what becomes of lines while ttsd is muted."""

    arriving: Annotated[
        Literal["speak", "keep", "drop"],
        Help("Spoken without a sound; kept until the sound is back; or dropped, and what waited is kept."),
    ] = "speak"


@frozen(kw_only=True)
class QuietSettings:
    """`[quiet]`: hours of the day in which ttsd is quiet, by the clock on the wall."""

    from_: Annotated[str | None, Range(4, 5), Help("When they begin: 22:00. Not set: there are none.")] = None
    to: Annotated[str, Range(4, 5), Help("When they end.")] = "07:00"
    do: Annotated[
        Literal["mute", "hold", "drop"],
        Help("Speak without a sound; begin nothing; or drop what arrives, and begin nothing that waited."),
    ] = "hold"
    spare: Annotated[
        Priority | None,
        Help("This priority and higher ones are spoken nevertheless; not set: none is."),
    ] = None
    timezone: Annotated[
        str | None, Range(1, 64), Help("Whose clock, such as Europe/Berlin; default: the machine's.")
    ] = None


def problems_of(quiet: QuietSettings) -> Iterator[tuple[str, str]]:
    """The keys of `[quiet]` that mean nothing, and why."""
    for key, text in (("from", quiet.from_), ("to", quiet.to)):
        if text is not None and minute_of_day(text) is None:
            yield key, f'must be a time of day such as 22:00, not "{text}"'
    if quiet.timezone is not None and not _is_zone(quiet.timezone):
        yield "timezone", f'"{quiet.timezone}" is no time zone such as Europe/Berlin'


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo  # few need it

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not known; no name of a zone at all, or of a folder of them
        return False
    return True


def minute_of_day(text: str) -> int | None:
    """Minutes since midnight of 7:00 or 22:30; None: it is no time of day."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        return None
    return int(match[1]) * 60 + int(match[2])
