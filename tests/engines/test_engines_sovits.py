"""so-vits-svc on its real library, in the venv that `engine install` makes, with a small model: tests/tiny/sovits.py.

Marked `torch`; see `engine_venvs`.
"""

from __future__ import annotations

import json
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from engine_venvs import data_folder, python_of, run_with_ttsd, tiny
from waiting import wait_for

from ttsd.clock import SystemClock
from ttsd.engines.chain import Heard
from ttsd.engines.connect import Place
from ttsd.engines.conversions import Conversion, Conversions
from ttsd.engines.engine import Engine, Request, Scalar
from ttsd.engines.trial import hum
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, EngineName
from ttsd.settings.voices import ConvertSettings, VoiceSettings
from ttsd.speech.convert import Converters

pytestmark = pytest.mark.torch

RATE = 44100
Make = Callable[..., Engine]


@pytest.fixture
def convert(tmp_path: Path) -> Iterator[Callable[..., Conversion]]:
    """Makes a conversion by a model; by the small one unless another is named."""
    python_of("sovits")
    conversions = Conversions(SystemClock())
    place = Place(tmp_path, data_folder(), tmp_path / "cache")

    def conversion(**options: Scalar) -> Conversion:
        given = {"model": str(tiny("sovits")), "speaker": "bo", "device": "cpu", **options}
        preset = VoiceSettings(convert=ConvertSettings(type="sovits", options=given))
        return conversions.build({"deep": preset}, place)["deep"]

    yield conversion
    for engine in conversions.keep(()):
        engine.close()


@pytest.fixture
def make(convert: Callable[..., Conversion]) -> Make:
    """Makes its process alone."""

    def engine(**options: Scalar) -> Engine:
        found = convert(**options).engine
        assert found is not None
        return found

    return engine


def voice(length: float, *, rate: int = 22050, pause: float = 0.0) -> Chunk:
    """Something like a voice, with a pause in its middle."""
    at = np.arange(int(length * rate)) / rate
    sound = sum(np.sin(2 * np.pi * 130 * k * at) / k for k in range(1, 10)) * 0.2
    middle = int(pause * rate)
    halves = np.array_split(np.asarray(sound, np.float32), 2)
    return Chunk(np.concatenate([halves[0], np.zeros(middle, np.float32), halves[1]]), rate)


def ask(sound: Chunk, **options: Scalar) -> Request:
    return Request("", options={"speaker": "ana", **options}, sound=sound)


def test_a_sound_comes_back_in_another_voice(convert: Callable[..., Conversion]) -> None:
    conversion, trace = convert(), dict[str, float]()
    engine = conversion.engine
    assert engine is not None
    engine.load()
    [model] = engine.voices()
    assert (model.name, model.speakers) == ("G_0", ("ana", "bo"))
    found = list(engine.synthesize(ask(voice(1.5))))
    assert {chunk.rate for chunk in found} == {RATE}
    assert seconds(found) == pytest.approx(1.5, abs=0.02)
    sound = np.concatenate([chunk.samples for chunk in found])
    assert np.isfinite(sound).all()
    other = list(engine.synthesize(ask(voice(1.5), speaker="bo", transpose=12)))
    assert not np.allclose(sound, np.concatenate([chunk.samples for chunk in other]), atol=1e-3)
    for method in ("harvest", "crepe-tiny", "crepe"):
        assert seconds(list(engine.synthesize(ask(voice(0.6), f0_method=method)))) > 0.5
    options: dict[str, Scalar] = {"auto_predict_f0": True, "noise_scale": 0.0}
    assert list(engine.synthesize(ask(voice(0.3), **options)))
    paused = list(engine.synthesize(ask(voice(3.0, pause=1.5))))
    assert len(paused) >= 3, "what stands before a pause does not wait for what stands behind it"
    assert seconds(paused) == pytest.approx(4.5, abs=0.05)
    for wrong, fault in (
        (ask(voice(0.5), speaker="nobody"), UnknownVoice),
        (Request("", sound=voice(0.5)), UnknownVoice),
        (ask(Chunk(np.zeros(8000, np.float32), 16000)), EngineRefused),
        (ask(voice(0.5), transpose=99), EngineRefused),
        (ask(voice(0.5), f0_method="parselmouth"), EngineRefused),
        (Request("Good evening."), EngineRefused),
    ):
        with pytest.raises(fault):
            list(engine.synthesize(wrong))
    pieces = iter([Heard(voice(1.0), EngineName("fake"), "plain")])
    heard = list(Converters().converted(pieces, conversion, "deep", trace))
    assert sum(one.chunk.samples.size / one.chunk.rate for one in heard) == pytest.approx(1.0, abs=0.02)
    assert {one.voice for one in heard} == {"deep"}, "as the speech room uses it"
    assert trace["converted"] > trace["first_chunk"]


def test_a_cancel_stops_it_soon_and_the_process_stays(make: Make) -> None:
    engine = make()
    engine.load()
    pid = engine.status().pid
    ended: list[BaseException] = []

    def convert() -> None:
        try:
            list(engine.synthesize(ask(voice(35.0), f0_method="crepe-tiny")))
        except EngineCancelled as error:
            ended.append(error)

    thread = threading.Thread(target=convert)
    thread.start()
    wait_for(lambda: engine.status().state == "busy", "it to be at it")
    engine.cancel()
    thread.join(30)
    assert ended
    wait_for(lambda: not engine.status().stopping, "it to stop", timeout=30)
    assert list(engine.synthesize(ask(hum())))
    assert pid is not None


class Code:
    """What runs when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.mark), "w")


def copied(folder: Path) -> Path:
    """The small model, to be spoilt."""
    shutil.copytree(tiny("sovits"), folder)
    return folder


def test_what_would_run_code_is_refused(make: Make, tmp_path: Path) -> None:
    mark, weights = tmp_path / "mark", copied(tmp_path / "a") / "G_0.pth"
    weights.write_bytes(pickle.dumps({"model": Code(mark)}))
    with pytest.raises(EngineRefused):
        make(model="a").load()
    hubert = copied(tmp_path / "b") / "content-vec-best"
    (hubert / "model.safetensors").unlink()
    (hubert / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Code(mark)}))
    with pytest.raises(EngineRefused):
        make(model="b").load()
    spoil = tmp_path / "spoil.py"
    spoil.write_text(
        "import sys, torch\n"
        "class Code:\n"
        "    def __reduce__(self):\n"
        "        return open, (sys.argv[2], 'w')\n"
        "torch.save({'model': {'x': Code()}}, sys.argv[1])\n"
    )
    for file, name in ((weights, "a"), (hubert / "pytorch_model.bin", "b")):
        run_with_ttsd(python_of("sovits"), spoil, str(file), str(mark))
        with pytest.raises(EngineRefused):
            make(model=name, device="auto").load()
    assert not mark.exists()


def test_a_model_that_does_not_fit_or_is_not_there_is_named(make: Make, tmp_path: Path) -> None:
    config = copied(tmp_path / "other") / "config.json"
    described = json.loads(config.read_text())
    described["model"]["gin_channels"] = 8
    config.write_text(json.dumps(described))
    copied(tmp_path / "nameless")
    (tmp_path / "nameless" / "config.json").write_text("{}")
    copied(tmp_path / "two")
    shutil.copy(tmp_path / "two" / "G_0.pth", tmp_path / "two" / "G_1.pth")
    shutil.rmtree(copied(tmp_path / "deaf") / "content-vec-best")
    for name, fault, words in (
        ("other", EngineRefused, "is not what"),
        ("nameless", EngineRefused, "describes no model"),
        ("two", EngineMissing, "more than one"),
        ("deaf", EngineMissing, "content-vec network is missing"),
        ("nowhere", EngineMissing, "no model"),
    ):
        with pytest.raises(fault, match=words):
            make(model=name).load()
    named = make(model="deaf", hubert=str(tiny("sovits") / "content-vec-best"))
    named.load()


def test_a_file_that_is_no_model(make: Make, tmp_path: Path) -> None:
    copied(tmp_path / "junk")
    (tmp_path / "junk" / "G_0.pth").write_bytes(b"no weights")
    with pytest.raises(EngineError, match="cannot be read"):
        make(model="junk").load()
