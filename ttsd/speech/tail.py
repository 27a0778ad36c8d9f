"""What was written to an output and may not have been heard yet: it is played again after a loss."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttsd.model import Samples

LOOKED_AT = 10
"""Blocks whose level is told: 50 ms."""
QUIETEST = -90.0
"""dB of full scale; what is softer is silence."""


class Tail:
    """The last blocks written, each with the frame at which it begins; bounded by `forget`."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, Samples]] = deque()

    def add(self, samples: Samples, frame: int) -> None:
        """Remember *samples*, whose first is number *frame*."""
        self._blocks.append((frame, samples))

    def forget(self, heard: int) -> None:
        """Let go of blocks that end at or before frame *heard*, but for the last one."""
        while len(self._blocks) > 1 and self._blocks[0][0] + len(self._blocks[0][1]) <= heard:
            self._blocks.popleft()

    def since(self, heard: int) -> Samples:
        """What begins at frame *heard*."""
        parts = [samples[max(0, heard - frame) :] for frame, samples in self._blocks]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def last(self) -> Samples:
        """The last sample written, shape (1,); silence if there is none."""
        return self._blocks[-1][1][-1:] if self._blocks else np.zeros(1, np.float32)

    def level(self) -> float:
        """How loud the last blocks are: their root mean square in dB of full scale. From any thread."""
        blocks = [samples for _, samples in tuple(self._blocks)[-LOOKED_AT:]]
        if not blocks:
            return QUIETEST
        power = float(np.mean(np.square(np.concatenate(blocks))))
        return max(QUIETEST, 10 * math.log10(power)) if power > 0 else QUIETEST
