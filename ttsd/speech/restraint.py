"""How far speech holds itself back: what is not begun for now, and what is spoken without a sound. Pure."""

from __future__ import annotations

from ttsd.frozen import frozen
from ttsd.model import Priority

EVERYTHING = Priority.URGENT + 1
"""As a bound: whatever its priority."""


@frozen
class Restraint:
    """Bounds by priority: what is below is held back."""

    begin_from: int = Priority.LOW
    """The lowest priority that may begin; what is lower waits."""
    sound_from: int = Priority.LOW
    """The lowest priority that is heard; what is lower is spoken without a sound."""

    def __or__(self, other: Restraint) -> Restraint:
        """Both at once."""
        return Restraint(
            max(self.begin_from, other.begin_from),
            max(self.sound_from, other.sound_from),
        )


NONE = Restraint()
