"""A real sound server for the tests that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from soundserver import PulseAudio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PulseAudio]:
    if reason := PulseAudio.missing():
        pytest.skip(reason)
    made = PulseAudio(tmp_path / "pulse")
    made.start()
    yield made
    made.kill()
