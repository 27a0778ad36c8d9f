"""Kokoro on torch, in the venv that `engine install` makes, with a small model of random weights.

Marked `torch`; see `engine_venvs`. What its model looks like on disk: tests/tiny/kokoro-torch.py. What is
fed to it is the same as for Kokoro on onnxruntime, which is listened to on real weights.
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
from engine_parts import seconds, silences
from engine_venvs import host_of, python_of, tiny
from waiting import wait_for

from ttsd.engines.chain import Chain
from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, EngineName

pytestmark = pytest.mark.torch

SENTENCE = Request("The quick brown fox.")
Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine as users have it."""
    made: list[EngineHost] = []

    def engine(voice: str | None = None, **options: Scalar) -> EngineHost:
        host = host_of("kokoro-torch", tmp_path, {"model": str(tiny("kokoro-torch")), **options}, voice=voice)
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def joined(chunks: list[Chunk]) -> np.ndarray:
    """Their sound."""
    return np.concatenate([chunk.samples for chunk in chunks])


def test_it_speaks_in_its_voices_blends_paces_and_languages(make: Make) -> None:
    host = make()
    heard = list(host.synthesize(SENTENCE))
    assert {chunk.rate for chunk in heard} == {24000}
    assert 0.5 < seconds(heard) < 10
    assert np.isfinite(joined(heard)).all()
    voices = [(voice.name, voice.language) for voice in host.voices()]
    assert voices[0] == ("af_heart", "en-US")
    assert ("pf_dora", "pt-BR") in voices
    fast = seconds(list(host.synthesize(Request(SENTENCE.text, options={"speed": 2.0}))))
    assert 0.4 < fast / seconds(heard) < 0.7
    one, other, both = (
        joined(list(host.synthesize(Request(SENTENCE.text, voice))))
        for voice in ("af_heart", "bm_george", "af_heart:0.6+bm_george:0.4")
    )
    assert not any(a.size == b.size and np.allclose(a, b) for a, b in ((one, both), (other, both)))
    spoken = list(host.synthesize(Request("Bom dia, tudo bem?", language="pt-PT")))
    assert spoken[0].voice == "pf_dora"
    for wrong, fault in (
        (Request("Hi.", "af_nobody"), UnknownVoice),
        (Request("Guten Tag.", language="de"), EngineRefused),
        (Request("こんにちは", language="ja"), EngineRefused),  # no voice of this model's
        (Request("Hi.", options={"speed": 2.5}), EngineRefused),
    ):
        with pytest.raises(fault):
            list(host.synthesize(wrong))
    assert list(host.synthesize(SENTENCE))


def test_the_parts_of_a_long_text_stand_apart_as_its_marks_say(make: Make) -> None:
    clause = "nobody on the shore could say whether it would ever come back, "
    text = f"When the ship left the harbour, {clause * 3}but they waved. {clause * 2}".strip(", ") + "."
    host = make()
    for speed in (1.0, 2.0):
        # Of itself this model, whose weights are random, is never silent.
        found = silences(list(host.synthesize(Request(text, options={"speed": speed}))))
        assert {round(pause * speed, 3) for pause in found} == {0.1, 0.25}


def test_it_stops_at_once_when_cancelled_and_another_engine_takes_over(make: Make, tmp_path: Path) -> None:
    host = make(voice="bm_george")
    host.load()
    pid = host.status().pid
    faults: list[EngineError] = []
    heard: list[Chunk] = []

    def speak() -> None:
        try:
            for chunk in host.synthesize(Request("and so it went on, and on, and nobody knew why; " * 60)):
                heard.append(chunk)  # what came before the error is kept
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: heard, "its first part", timeout=60)
    host.cancel()
    thread.join(10)
    assert [type(fault) for fault in faults] == [EngineCancelled]
    chain = Chain([host, tone := host_of("tone", tmp_path, {})])
    assert {one.engine for one in chain.speak(Request("Hi."))} == {"kokoro-torch"}
    assert host.status().pid == pid, "it stopped within its grace"
    assert {one.engine for one in chain.speak(Request("Hi."), EngineName("tone"))} == {"tone"}
    assert host.unload()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its process to end")
    assert {one.engine for one in chain.speak(Request("Hi."))} == {"kokoro-torch"}
    tone.close()


EVIL = """
import os, sys, torch
class Bomb:
    def __reduce__(self):
        return os.system, ("touch " + sys.argv[2],)
torch.save({"bert": {"x": Bomb()}}, sys.argv[1])
"""
HALF = """
import sys, torch
parts = torch.load(sys.argv[1], weights_only=True)
del parts["decoder"]
torch.save(parts, sys.argv[1])
"""


def test_what_is_no_whole_model_is_named_and_runs_no_code(make: Make, tmp_path: Path) -> None:
    folder, mark = tmp_path / "model", tmp_path / "it_ran"
    shutil.copytree(tiny("kokoro-torch"), folder)
    python = str(python_of("kokoro-torch"))
    subprocess.run([python, "-c", HALF, str(folder / "kokoro-v1_0.pth")], check=True)
    with pytest.raises(EngineRefused, match="does not hold the network decoder"):
        make(model=str(folder)).load()
    for name in ("kokoro-v1_0.pth", "voices/af_heart.pt"):
        subprocess.run([python, "-c", EVIL, str(folder / name), str(mark)], check=True)
        with pytest.raises(EngineRefused, match="cannot be loaded"):
            make(model=str(folder)).load()
        assert not mark.exists()
        shutil.copy(tiny("kokoro-torch") / name, folder / name)
    (folder / "config.json").write_text(json.dumps({"vocab": {}}))
    with pytest.raises(EngineRefused, match="cannot be loaded: KeyError"):
        make(model=str(folder)).load()
    (folder / "config.json").unlink()
    with pytest.raises(EngineMissing, match=r"config\.json is missing"):
        make(model=str(folder)).load()
    shutil.rmtree(folder / "voices")
    (folder / "config.json").write_text("{}")
    with pytest.raises(EngineMissing, match="has no voices"):
        make(model=str(folder)).load()
    with pytest.raises(EngineMissing, match="has no model"):
        make(model="nowhere").load()
