"""What a file that torch wrote may name beside weights, and what stands in for it. Pure.

Such a file is a pickle: a small program that names classes and calls them. Nobody here lets it: a name
is never imported. Objects that training programs leave in their files become stand-ins, which take
everything and do nothing; a file that names anything else is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FAMILIES = (
    *("TTS.", "trainer.", "coqpit.", "torch.", "numpy.", "collections.", "munch.", "argparse.", "pathlib."),
    "_codecs.",
)
"""Where the objects come from that training programs leave."""


class StandIn:
    """In place of an object that is no weight."""

    def __init__(self, *given: object) -> None:
        self.given = given

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, value: object) -> None:
        """As a list would be filled."""

    def extend(self, values: object) -> None:
        """As a list would be filled."""


def stranger(names: Iterable[str]) -> str | None:
    """The first of these that no training program leaves; None: there is none."""
    return next((name for name in names if not name.startswith(FAMILIES)), None)
