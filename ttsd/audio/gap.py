"""The silence between one sound and the next, as people hear it: between two audible samples.

Voices fade in and out below what is heard. That counts as part of the pause, and nothing is cut for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.model import Samples

AUDIBLE_DB = -40.0
"""dB of full scale above which a sample is heard."""
LONGEST_LEAD = 0.05
"""Seconds that a sound which is not known yet may need to become audible."""
_AUDIBLE = 10.0 ** (AUDIBLE_DB / 20)


class Gap:
    """One stream of sounds; knows how long its end has been inaudible."""

    def __init__(self) -> None:
        self._audible = False
        self._quiet = 0.0

    def begin(self, samples: Samples, rate: int, pause: float) -> float:
        """Seconds of silence to put before *samples*, which begin the next sound, so that *pause* are heard.

        Never less than none. What is known counts: the end of the last sound, and these samples.
        """
        lead = _loud(samples)
        quiet = self._quiet + (lead[0] if lead else len(samples)) / rate
        self._audible, self._quiet = False, 0.0
        return max(0.0, pause - quiet)

    def end(self, pause: float) -> float:
        """Seconds of silence to put behind the sound: of *pause* what it needs whatever comes next."""
        silence = max(0.0, pause - self._quiet - LONGEST_LEAD)
        self._quiet += silence
        return silence

    def passed(self, samples: Samples, rate: int) -> None:
        """*samples* go on with the sound. A sound of which nothing was audible has no inaudible end."""
        loud = _loud(samples)
        if loud:
            self._audible, self._quiet = True, 0.0
        if self._audible:
            self._quiet += (len(samples) - (loud[1] if loud else 0)) / rate


def _loud(samples: Samples) -> tuple[int, int] | None:
    """The first audible frame and the one behind the last; None: none is."""
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    return (int(loud[0]), int(loud[-1]) + 1) if loud.size else None
