"""Real sound servers for the tests that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from soundserver import PipeWire, PulseAudio, SoundServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _stopped(kind: type[SoundServer], folder: Path) -> SoundServer:
    if reason := kind.missing():
        pytest.skip(reason)
    return kind(folder / "server")


@pytest.fixture(params=[PulseAudio, PipeWire], ids=["pulseaudio", "pipewire"])
def stopped_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    """Each kind of server in turn, not running yet."""
    made = _stopped(request.param, tmp_path)
    yield made
    made.kill()


@pytest.fixture
def server(stopped_server: SoundServer) -> SoundServer:
    """Each kind of server in turn, running."""
    stopped_server.start()
    return stopped_server


@pytest.fixture
def pulseaudio(tmp_path: Path) -> Iterator[SoundServer]:
    """PulseAudio, running."""
    made = _stopped(PulseAudio, tmp_path)
    made.start()
    yield made
    made.kill()
