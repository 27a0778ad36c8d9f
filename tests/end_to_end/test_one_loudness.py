"""Every engine is as loud as the next, and nothing is clipped: measured on what a whole daemon wrote."""

from __future__ import annotations

import numpy as np
import pytest
from daemon_process import DaemonProcess, MakeDaemon, configuration

from ttsd.audio.loudness import TARGET_LUFS, integrated
from ttsd.engines import catalog

pytestmark = [pytest.mark.voice, pytest.mark.long]

ENGINES = ("piper", "hibari", "espeak")
SENTENCES = (
    "The weather is nice today, and we are going for a walk in the park.",
    "Please remember to close the window before you leave the house.",
    "There were seven people waiting for the train at the station this morning.",
    "Who has left the light on in the kitchen again?",
    "The ship has docked at the station, and its crew is going ashore.",
    "Nobody knew the answer, but everybody had an opinion.",
    "A new follower has joined the channel; say hello!",
    "The build has failed in the third step, after eleven minutes.",
    "She bought bread, butter, two lemons and a bottle of milk.",
    "Turn left at the old mill and follow the river to the bridge.",
)
APART = 1.5
"""LU between the loudest and the quietest engine, on the mean of the sentences."""


def levels(daemon: DaemonProcess, engine: str) -> list[float]:
    """LUFS of each sentence that *engine* speaks, after it was heard once: by then its voice is known."""
    import soundfile

    daemon.switch(engine)
    before = len(daemon.spoken())
    daemon.append(*SENTENCES, *SENTENCES)
    daemon.wait_until_spoken(before + 2 * len(SENTENCES))
    daemon.wait_until_listed(before + 2 * len(SENTENCES))
    entries = daemon.spoken()[before + len(SENTENCES) :]
    assert {entry["engine"] for entry in entries} == {engine}
    found = []
    for entry in entries:
        samples, rate = soundfile.read(daemon.folder / "spoken" / entry["wav"], dtype="float32")
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() < 1
        found.append(integrated(samples, rate))
    return found


def test_engines_are_equally_loud_over_ten_sentences(make_daemon: MakeDaemon) -> None:
    for engine in ENGINES:
        entry = catalog.find(engine)
        assert entry is not None
        if why := catalog.missing(entry):
            pytest.skip(f"{engine}: {why}")
    daemon = make_daemon(configuration(engines=ENGINES)).start()
    means = {engine: float(np.mean(levels(daemon, engine))) for engine in ENGINES}
    assert max(means.values()) - min(means.values()) <= APART, means
    assert all(abs(mean - TARGET_LUFS) <= APART for mean in means.values()), means
