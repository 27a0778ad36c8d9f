"""The output that nobody hears keeps time like a device."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeClock

from ttsd.audio.null import NullOutput


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_time_passes_as_on_a_device(clock: FakeClock) -> None:
    output = NullOutput(clock, rate=1000, latency=0.04, wait=clock.advance)
    output.open()
    begun = clock.monotonic()
    output.write(np.zeros(30, np.float32), 1000)
    assert clock.monotonic() == begun
    output.write(np.zeros(1000, np.float32), 1000)
    assert clock.monotonic() - begun == pytest.approx(1.03 - 0.04)
    assert output.written() == 1030
    assert output.played() == pytest.approx(990, abs=1)
    clock.advance(0.05)
    assert output.played() == 1030
    clock.advance(3)
    output.write(np.zeros(10, np.float32), 1000)
    assert output.played() == 1030
    clock.advance(0.011)
    assert output.played() == 1040
    assert output.live


def test_untimed_it_takes_what_comes(clock: FakeClock) -> None:
    output = NullOutput(clock, timed=False, wait=clock.advance)
    begun = clock.monotonic()
    output.write(np.zeros(10_000, np.float32), 22050)
    assert output.played() == output.written() == 10_000
    assert clock.monotonic() == begun
    assert output.rate is None
    assert not output.live


def test_real_time_is_the_default() -> None:
    from ttsd.clock import SystemClock

    clock = SystemClock()
    output = NullOutput(clock)
    begun = clock.monotonic()
    output.write(np.zeros(4800, np.float32), output.rate or 0)
    assert clock.monotonic() - begun >= 0.05
    output.close()
    assert output.written() == 0
