"""What is spoken is understood: real voices through the whole daemon, heard by an offline recogniser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from daemon_process import DaemonProcess, MakeDaemon, configuration
from engine_venvs import lend
from kokoro_cache import kokoro_folder
from listener import Listener, word_error_rate
from listener_cache import Unavailable, listener_folder

from ttsd.engines import catalog

pytestmark = [pytest.mark.voice, pytest.mark.listener]

SENTENCES = (
    "The weather is nice today, and we are going for a walk in the park.",
    "Please remember to close the window before you leave the house.",
    "There were seven people waiting for the train at the station this morning.",
    "My sister wants to learn how to play the piano.",
    "The old bridge across the river was closed for the winter.",
    "I would like a cup of coffee and a piece of bread with butter.",
    "They found the keys under the table in the kitchen.",
    "Do you know what time the library opens on Monday?",
    "The children are playing in the garden behind the school.",
    "We should talk about the plan before the meeting starts.",
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
        said.append(listener.hear(np.pad(samples, rate // 4), rate))  # it wants some silence around
    return " ".join(said)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["piper", "hibari"])
def test_a_real_voice_is_understood(make_daemon: MakeDaemon, listener: Listener, engine: str) -> None:
    entry = catalog.find(engine)
    assert entry is not None
    if why := catalog.missing(entry):
        pytest.skip(f"{engine}: {why}")
    is_understood(make_daemon(configuration(engines=[engine])), listener, engine)


@pytest.mark.kokoro
def test_kokoro_is_understood(make_daemon: MakeDaemon, listener: Listener) -> None:
    daemon = make_daemon(kokoro("af_heart"))
    lend("kokoro", daemon.home)
    is_understood(daemon, listener, "kokoro")


@pytest.mark.kokoro
def test_a_preset_speaks_with_a_blend(make_daemon: MakeDaemon, listener: Listener) -> None:
    daemon = make_daemon(f'{kokoro("am_adam")}\n[voice.ana]\nkokoro = "af_heart:0.6+af_bella:0.4"\n')
    lend("kokoro", daemon.home)
    daemon.start()
    daemon.say(SENTENCES[0], voice="ana")
    daemon.wait_until_spoken(1, timeout=200)
    assert daemon.spoken()[0]["voice"] in ("ana", "af_heart:0.6+af_bella:0.4")
    assert word_error_rate(SENTENCES[0], heard(daemon, listener)) <= WORST


def kokoro(voice: str) -> str:
    """A configuration with Kokoro alone."""
    model = f"[engine.kokoro]\nmodel = {json.dumps(str(kokoro_folder()))}\nvoice = {json.dumps(voice)}"
    return f"{configuration(engines=['kokoro'])}\n{model}\n"


def is_understood(daemon: DaemonProcess, listener: Listener, engine: str) -> None:
    """Ten lines are spoken by *engine*, and heard as they were meant."""
    daemon.start()
    daemon.append(*SENTENCES)
    daemon.wait_until_spoken(len(SENTENCES), timeout=400)
    assert {spoken["engine"] for spoken in daemon.spoken()} == {engine}
    text = heard(daemon, listener)
    assert word_error_rate(" ".join(SENTENCES), text) <= WORST, text


def test_the_measure_tells_right_from_wrong() -> None:
    assert word_error_rate("One, two: three.", "one two three") == 0
    assert word_error_rate("one two three four", "one three tree four") == 0.5
    assert word_error_rate("one", "") == 1
