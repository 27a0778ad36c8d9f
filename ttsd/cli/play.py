"""A sound played once to where ttsd speaks, without a daemon."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.audio.build import make
from ttsd.audio.dsp import Resampler, fade_out, join
from ttsd.clock import SystemClock

if TYPE_CHECKING:
    from ttsd.model import Samples
    from ttsd.settings import OutputSettings

SLACK = 5.0
"""Seconds beyond its length after which a device that plays no further is left."""


def play(samples: Samples, rate: int, settings: OutputSettings) -> str | None:
    """Play mono *samples* of *rate* frames a second to their end; where they were heard.

    None: the output is no device, nobody would hear it. Raises OutputError.
    """
    output = make(settings, folder=(paths.default_state_dir() / "spoken"))
    with closing(output):
        output.open()
        if not output.live:
            return None
        target = output.rate or rate
        if target != rate:
            resampler = Resampler(rate, target)
            samples = join([resampler.push(samples), resampler.flush()])
        clock, tick = SystemClock(), threading.Event()
        output.write(fade_out(samples, target // 200), target)
        deadline = clock.monotonic() + samples.size / target + SLACK
        while output.played() < output.written() and clock.monotonic() < deadline:
            tick.wait(0.02)
        return output.describe()
