"""What is spoken is understood: real voices through the whole daemon, heard by an offline recogniser."""

from __future__ import annotations

import pytest
from daemon_process import DaemonProcess, MakeDaemon, configuration
from listener import Listener, word_error_rate
from listener_cache import Unavailable, listener_folder

from ttsd.engines import catalog

pytestmark = [pytest.mark.voice, pytest.mark.listener]

SENTENCES = (
    "The weather is nice today, and we are going for a walk in the park.",
    "Please remember to close the window before you leave the house.",
    "There were seven people waiting for the train at the station this morning.",
)
WORST = 0.1
"""Word error rate over all sentences."""


@pytest.fixture(scope="module")
def listener() -> Listener:
    try:
        return Listener(listener_folder())
    except Unavailable as error:
        pytest.skip(f"the recogniser cannot be fetched: {error}")


def heard(daemon: DaemonProcess, listener: Listener) -> str:
    import soundfile

    said = []
    for entry in daemon.spoken():
        samples, rate = soundfile.read(daemon.folder / "spoken" / entry["wav"], dtype="float32")
        said.append(listener.hear(samples, rate))
    return " ".join(said)


@pytest.mark.parametrize("engine", ["piper", "hibari"])
def test_a_real_voice_is_understood(make_daemon: MakeDaemon, listener: Listener, engine: str) -> None:
    entry = catalog.find(engine)
    assert entry is not None
    if why := catalog.missing(entry):
        pytest.skip(f"{engine}: {why}")
    daemon = make_daemon(configuration(engines=[engine])).start()
    daemon.append(*SENTENCES)
    daemon.wait_until_spoken(len(SENTENCES))
    assert {spoken["engine"] for spoken in daemon.spoken()} == {engine}
    text = heard(daemon, listener)
    assert word_error_rate(" ".join(SENTENCES), text) <= WORST, text


def test_the_measure_tells_right_from_wrong() -> None:
    assert word_error_rate("One, two: three.", "one two three") == 0
    assert word_error_rate("one two three four", "one three tree four") == 0.5
    assert word_error_rate("one", "") == 1
