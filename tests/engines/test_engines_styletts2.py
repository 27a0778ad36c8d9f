"""StyleTTS 2 on its real library, in the venv that `engine install` makes, with a small model of random weights.

Marked `torch`; see `engine_venvs`. What its model looks like on disk: tests/tiny/styletts2.py.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from engine_venvs import host_of, python_of, tiny, write_voice
from waiting import wait_for

from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice

pytestmark = pytest.mark.torch

SENTENCE = Request("The quick brown fox jumps over the lazy dog.")
Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine as users have it, with a recording."""
    made: list[EngineHost] = []
    write_voice(tmp_path / "ana.wav")

    def engine(voice: str | None = None, **options: Scalar) -> EngineHost:
        given = {"model": str(tiny("styletts2")), "speaker_wav": "ana.wav", **options}
        host = host_of("styletts2", tmp_path, given, voice=voice)
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def test_it_speaks_with_a_recordings_style_which_is_kept(make: Make, tmp_path: Path) -> None:
    host = make()
    heard = list(host.synthesize(SENTENCE))
    assert {chunk.rate for chunk in heard} == {24000}
    assert 0.3 < seconds(heard) < 30
    assert np.isfinite(np.concatenate([chunk.samples for chunk in heard])).all()
    assert [(voice.name, voice.language) for voice in host.voices()] == [("ana", "en")]
    kept = sorted((tmp_path / "cache" / "styletts2").iterdir())
    assert len(kept) == 1
    write_voice(tmp_path / "ben.wav", pitch=200)
    options: dict[str, Scalar] = {"speaker_wav": "ben.wav", "alpha": 0.0, "beta": 0.0}
    assert list(host.synthesize(Request("Good evening.", options=options)))
    assert len(list((tmp_path / "cache" / "styletts2").iterdir())) == 2
    assert list(host.synthesize(Request("Hi.", options={"diffusion_steps": 2, "embedding_scale": 2.0})))
    long = list(host.synthesize(Request("and so it went on, and on, and nobody knew why; " * 12)))
    assert len(long) > 1  # its own cutting of long texts would want more packages
    for wrong, fault in (
        (Request("Hi.", "Nobody"), UnknownVoice),
        (Request("Hallo.", language="de"), EngineRefused),
        (Request("Привіт"), EngineRefused),
        (Request("Hi.", options={"diffusion_steps": 1}), EngineRefused),
        (Request("Hi.", options={"speaker_wav": "nobody.wav"}), EngineMissing),
    ):
        with pytest.raises(fault):
            list(host.synthesize(wrong))
    assert list(host.synthesize(SENTENCE))


def test_it_stops_soon_when_cancelled_and_unloads(make: Make) -> None:
    host = make(diffusion_steps=100)
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


EVIL = """
import os, sys, torch
class Bomb:
    def __reduce__(self):
        return os.system, ("touch " + sys.argv[2],)
torch.save({"net": {}, "val_loss": Bomb()}, sys.argv[1])
"""


def test_what_is_no_whole_model_is_named_and_runs_no_code(make: Make, tmp_path: Path) -> None:
    model = tiny("styletts2")
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    mark = tmp_path / "it_ran"
    python = str(python_of("styletts2"))
    subprocess.run([python, "-c", EVIL, str(folder / "model.pth"), str(mark)], check=True)
    with pytest.raises(EngineRefused, match=r"more than weights .*system"):
        make(model=str(folder)).load()
    assert not mark.exists()
    (folder / "model.pth").unlink()
    with pytest.raises(EngineMissing, match=r"no \.pth"):
        make(model=str(folder)).load()
    with pytest.raises(EngineMissing, match="no model"):
        make(model="nowhere").load()
    with pytest.raises(EngineMissing, match="there is no recording"):
        make(speaker_wav="nobody.wav").load()
