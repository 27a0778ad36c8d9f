"""What a probe tells: a line for each thing it looked at. One that fails is a line, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

from ttsd.errors import TtsdError
from ttsd.frozen import frozen

State: TypeAlias = Literal["ok", "warn", "broken"]


@frozen
class Check:
    """One line of the report."""

    name: str
    state: State
    """ok; warn: it works, but not as well as it could; broken: ttsd cannot do its work."""
    found: str
    """What was found, in a few words."""
    next_step: str | None = None
    """What to do; None: nothing."""


Probe: TypeAlias = Callable[[], Iterable[Check]]


def examine(probes: Sequence[tuple[str, Probe]]) -> tuple[Check, ...]:
    """Run every probe; one that fails is a line of its own, with its name."""
    found: list[Check] = []
    for name, probe in probes:
        try:
            found += probe()
        except TtsdError as error:
            where = f"{error.where}: " if error.where else ""
            found.append(Check(name, "broken", where + error.what, error.next_step))
        except OSError as error:
            found.append(Check(name, "broken", str(error)))
    return tuple(found)
