"""Lines written at once, or before the pause is over, are apart by `pause_ms`, as people hear it at the other end of a cable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from daemon_process import SPEAK_SECONDS, MakeDaemon
from soundserver import RATE, PipeWire, PulseAudio, SoundServer, recording
from waiting import wait_for

from ttsd.audio.gap import AUDIBLE_DB
from ttsd.engines import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.cable, pytest.mark.voice, pytest.mark.long]

PAUSE_MS = 700
"""Longer than anything is quiet within a line."""
LINES = (
    "The weather is nice today, and we are going for a walk in the park.",
    "Turn left at the old mill and follow the river to the bridge until you hear us laugh.",
    "She said yes.",
)
"""Long enough for the next one to be ready on a busy machine before one has sounded."""
LATE = "Yes."
"""Comes, and is synthesised, while the pause passes."""
CONFIG = """\
engines = ["hibari"]
[[sources]]
path = "chat.log"
start = "beginning"
[[outputs]]
type = "pulse"
device = "ttsd"
latency = {latency}
[speech]
pause_ms = {pause}
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""


@pytest.fixture(params=[PulseAudio, PipeWire], ids=["pulseaudio", "pipewire"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    kind: type[SoundServer] = request.param
    if reason := kind.missing():
        pytest.skip(reason)
    made = kind(tmp_path / "server")
    yield made
    made.kill()


def test_lines_written_at_once_are_apart_by_the_pause_at_the_monitor(
    server: SoundServer, make_daemon: MakeDaemon
) -> None:
    hibari = catalog.find("hibari")
    assert hibari is not None
    if why := catalog.missing(hibari):
        pytest.skip(f"hibari: {why}")
    server.start()
    daemon = make_daemon(CONFIG.format(latency=0.2, pause=PAUSE_MS))
    daemon.environment["PULSE_SERVER"] = server.address
    daemon.start()
    with recording(server) as recorded:
        daemon.append(*LINES)
        daemon.wait_until_spoken(len(LINES))
        daemon.append(LATE)
        daemon.wait_until_spoken(len(LINES) + 1)

        def pauses() -> list[float]:
            """Milliseconds of what is quiet for long between two audible samples."""
            loud = np.flatnonzero(np.abs(recorded.frames()[:, 0]) > 10 ** (AUDIBLE_DB / 20))
            apart = np.diff(loud) / RATE * 1000
            return [float(one) for one in apart if one > PAUSE_MS / 2]

        found = wait_for(lambda: (p := pauses())[2:] and p, "four lines", timeout=SPEAK_SECONDS)
    assert found == pytest.approx([PAUSE_MS] * 3, abs=20)
