"""Chatterbox on its real library, in the venv that `engine install` makes, made small: see tests/tiny/chatterbox.py.

Marked `torch`; see `engine_venvs`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from engine_venvs import TINY, host_of, python_of, run_with_ttsd, tiny, write_voice
from waiting import wait_for

from ttsd.audio.dsp import Resampler, join
from ttsd.engines.chain import Heard
from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import EngineName
from ttsd.speech.finish import Finish
from ttsd.speech.levels import Levels

pytestmark = pytest.mark.torch

WATERMARK = Path(__file__).parents[1] / "watermark.py"
SENTENCE = Request("The quick brown fox jumps over the lazy dog.")
Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine, over the small library."""
    made: list[EngineHost] = []

    def engine(voice: str | None = None, adapter: str = "TinyChatterbox", **options: Scalar) -> EngineHost:
        given = {"model": str(tiny("chatterbox")), **options}
        whole = f"{TINY / 'chatterbox.py'}:{adapter}"
        host = host_of("chatterbox", tmp_path, given, voice=voice, adapter=whole)
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def test_it_speaks_clones_and_keeps_to_what_it_can(make: Make, tmp_path: Path) -> None:
    host = make()
    heard = list(host.synthesize(SENTENCE))
    assert {chunk.rate for chunk in heard} == {24000}
    assert 0.2 < seconds(heard) < 45
    assert np.isfinite(np.concatenate([chunk.samples for chunk in heard])).all()
    assert [(voice.name, voice.language) for voice in host.voices()] == [("default", "en")]
    write_voice(tmp_path / "ana.wav", seconds=6)
    own: dict[str, Scalar] = {"speaker_wav": "ana.wav", "exaggeration": 1.5, "cfg_weight": 0.1}
    assert list(host.synthesize(Request("Good evening.", options=own)))
    assert list(host.synthesize(Request("Hi.", "default", options={"temperature": 0.3})))
    assert len(list(host.synthesize(Request("and so it went on, and nobody knew why; " * 12)))) > 1
    for wrong, fault in (
        (Request("Hi.", "Nobody"), UnknownVoice),
        (Request("Olá.", language="pt"), EngineRefused),
        (Request("…"), EngineRefused),
        (Request("Hi.", options={"cfg_weight": 0.0}), EngineRefused),
        (Request("Hi.", options={"speaker_wav": "nobody.wav"}), EngineMissing),
    ):
        with pytest.raises(fault):
            list(host.synthesize(wrong))
    assert list(host.synthesize(SENTENCE))


def test_its_watermark_is_in_what_is_heard(make: Make, tmp_path: Path) -> None:
    """Bits found by the watermark's own reader: nearly all of them, whatever ttsd does to the sound."""
    marked, unmarked = make(), make(adapter="Unmarked")
    given = list(marked.synthesize(SENTENCE))
    rate = given[0].rate
    # As loud as the limiter lets it be, at the rate of a cable, in 16 bits.
    finish = Finish(Heard(given[0], EngineName("chatterbox"), None), Levels(None), gain=26.0)
    finished = join([finish.push(chunk.samples) for chunk in given] + [finish.flush()])
    assert np.abs(finished).max() > 5 * max(np.abs(chunk.samples).max() for chunk in given)
    resampler = Resampler(rate, 48000)
    cable = join([resampler.push(finished), resampler.flush()])
    sounds: dict[str, tuple[int, np.ndarray]] = {
        "given": (rate, join([chunk.samples for chunk in given])),
        "heard": (48000, np.round(cable * 32767) / 32768),
        "unmarked": (rate, join([chunk.samples for chunk in unmarked.synthesize(SENTENCE)])),
    }
    words: list[str] = []
    for name, (frames, sound) in sounds.items():
        np.save(tmp_path / f"{name}.npy", sound)
        words += [str(frames), str(tmp_path / f"{name}.npy")]
    result = tmp_path / "found.json"
    run_with_ttsd(python_of("chatterbox"), WATERMARK, str(result), *words)
    found = dict(zip(sounds, json.loads(result.read_text()), strict=True))
    assert found["given"] > 0.9, found
    assert found["heard"] > 0.9, found
    assert found["unmarked"] < 0.5, found  # 0.12 was seen


def test_it_stops_soon_when_cancelled_and_unloads(make: Make) -> None:
    host = make()
    host.load()
    pid = host.status().pid
    faults: list[EngineError] = []

    def speak() -> None:
        try:
            list(host.synthesize(Request("and so it went on, and on, and nobody knew why; " * 60)))
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: host.status().state == "busy", "it to speak")
    host.cancel()
    thread.join(10)
    assert [type(fault) for fault in faults] == [EngineCancelled]
    assert list(host.synthesize(Request("Hi.")))
    assert host.status().pid == pid
    assert host.unload()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its process to end")


def test_a_model_that_is_not_there_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="no model"):
        make(model="nowhere").load()
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineMissing, match=r"ve\.safetensors is missing"):
        make(model="empty").load()


EVIL = """
import os, sys, torch
class Bomb:
    def __reduce__(self):
        return os.system, ("touch " + sys.argv[2],)
torch.save({"t3": Bomb(), "gen": {}}, sys.argv[1])
"""


def test_a_voice_that_would_run_code_does_not(make: Make, tmp_path: Path) -> None:
    folder, mark = tmp_path / "model", tmp_path / "it_ran"
    shutil.copytree(tiny("chatterbox"), folder)
    python = str(python_of("chatterbox"))
    subprocess.run([python, "-c", EVIL, str(folder / "conds.pt"), str(mark)], check=True)
    with pytest.raises(EngineRefused, match="cannot be loaded"):
        make(model=str(folder)).load()
    assert not mark.exists()
