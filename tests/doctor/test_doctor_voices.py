"""What the configuration names and is not here is told with the command that brings it."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from recordings import speech

from ttsd import config
from ttsd.doctor import voices
from ttsd.engines import catalog, installed
from ttsd.engines.protocol import PROTOCOL
from ttsd.speakers import Speakers
from ttsd.speech import detect


@pytest.fixture(autouse=True)
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "ttsd"


def told(text: str, folder: Path) -> list[tuple[str, str, str | None]]:
    settings = config.build(config.given(text, folder / "ttsd.toml", {}))
    return [(check.name, check.state, check.next_step) for check in voices.asked_for(settings)]


VOICES = """
engines = ["piper", "xtts"]
[voice.ana]
piper = "pt_BR-faber-medium"
xtts = { speaker_wav = "ana" }
[voice.bo]
piper = "voices/bo.onnx"
xtts = { speaker_wav = "people/bo.wav" }
"""


def test_voices_and_recordings_that_are_not_here(tmp_path: Path, share: Path) -> None:
    assert told(VOICES, tmp_path) == [
        ("voices", "warn", "ttsd voices add pt_BR-faber-medium"),
        ("voices", "warn", "ttsd speakers add FILE --name ana"),
        ("voices", "warn", "put it there"),
    ]
    (share / "voices").mkdir(parents=True)
    for ending in ("onnx", "onnx.json"):
        (share / "voices" / f"pt_BR-faber-medium.{ending}").touch()
    (tmp_path / "people").mkdir()
    soundfile.write(tmp_path / "people" / "bo.wav", speech(4), 24_000)
    Speakers(share).add(tmp_path / "people" / "bo.wav", "ana")
    assert told(VOICES, tmp_path) == [("voices", "ok", None)]


def test_a_voice_that_only_piper_can_have(tmp_path: Path) -> None:
    source = '[[sources]]\npath = "a"\nvoice = "de_DE-thorsten-medium"\n'
    missing = [("voices", "warn", "ttsd voices add de_DE-thorsten-medium")]
    assert told('engines = ["piper", "tone"]\n' + source, tmp_path) == missing
    assert told('engines = ["piper", "openai"]\n' + source, tmp_path) == []


def test_languages_need_their_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auto = '[[sources]]\npath = "a"\nlanguage = "auto"\n'
    assert told(auto, tmp_path) == [("languages", "ok", None)]
    monkeypatch.setattr(voices, "LIBRARY", "no_such_library")
    assert told(auto, tmp_path) == [("languages", "warn", detect.INSTALL)]


def test_nothing_asked_for_is_no_line(tmp_path: Path) -> None:
    assert told("", tmp_path) == []


SOVITS = """
engines = ["tone"]
[voice.nina.convert]
type = "sovits"
speaker = "nina"
"""


def conversion_told(text: str, folder: Path) -> tuple[str, str, str | None]:
    settings = config.build(config.given(text, folder / "ttsd.toml", {}))
    [check] = [one for one in voices.asked_for(settings) if one.name == "voice nina"]
    return check.state, check.found, check.next_step


def test_what_a_voice_is_converted_by_is_looked_at(tmp_path: Path, share: Path) -> None:
    state, found, step = conversion_told(SOVITS, tmp_path)
    assert (state, step) == ("warn", "ttsd engine install sovits")
    assert "not installed" in found
    python = installed.interpreter(installed.folder(share, "sovits") / "venv-1")
    python.parent.mkdir(parents=True)
    python.touch()
    sovits = catalog.find_converter("sovits")
    assert sovits is not None
    assert sovits.recipe is not None
    wanted = sovits.recipe.requirements("cpu")
    installed.write(
        share, installed.Installed("sovits", "venv-1", "cpu", wanted, "3.11.7", "0", PROTOCOL, 0.0, {})
    )
    assert "has no model" in conversion_told(SOVITS, tmp_path)[1]
    model = tmp_path / "sovits"
    (model / "content-vec-best").mkdir(parents=True)
    for name in ("G_0.pth", "content-vec-best/config.json", "content-vec-best/model.safetensors"):
        (model / name).touch()
    (model / "config.json").write_text('{"spk": {"ana": 0, "bo": 1}}')
    state, found, step = conversion_told(SOVITS, tmp_path)
    assert (state, step) == ("warn", "it has ana, bo")
    assert "has no speaker nina" in found
    assert conversion_told(SOVITS.replace('"nina"\n', '"bo"\n'), tmp_path)[0] == "ok"
    several = SOVITS.replace('speaker = "nina"\n', "")
    assert "has several speakers" in conversion_told(several, tmp_path)[1]


def test_a_program_that_converts_is_looked_for(tmp_path: Path) -> None:
    text = '[voice.nina.convert]\ncommand = ["./deeper"]\n'
    assert conversion_told(text, tmp_path)[0] == "warn"
    (tmp_path / "deeper").touch(0o755)
    assert conversion_told(text, tmp_path)[0] == "ok"
