"""Presets: what they may say, and that a voice nobody can have is told with the line it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsd import config
from ttsd.config.show import as_toml, effective
from ttsd.errors import ConfigError
from ttsd.model import EngineName
from ttsd.settings import Settings
from ttsd.settings.voices import UPSTREAM, EngineVoice

PIPER, XTTS, KOKORO = EngineName("piper"), EngineName("xtts"), EngineName("kokoro")

PRESET = """
engines = ["piper", "kokoro", "xtts-v2"]
[voice.ana]
piper = "en_US-joe-medium"
kokoro = "af_heart:0.6+af_bella:0.4"
xtts = { speaker = "Ana Florence", temperature = 0.5 }
speed = 1.2
gain = -3
language = "en"
[voice.ana.convert]
command = ["sox", "-", "-t", "wav", "-", "pitch", "-300"]
[[sources]]
path = "chat.log"
voice = "ana"
"""


def built(text: str, folder: Path) -> Settings:
    return config.build(config.given(text, folder / "ttsd.toml", {}))


def problems(text: str, folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        built(text, folder)
    return [problem.removeprefix(f"{folder / 'ttsd.toml'}:") for problem in caught.value.problems]


def test_a_preset_names_a_voice_for_each_engine(tmp_path: Path) -> None:
    ana = built(PRESET, tmp_path).voice["ana"]
    assert ana.engines[PIPER] == EngineVoice(name="en_US-joe-medium")
    assert ana.engines[KOKORO] == EngineVoice(name="af_heart:0.6+af_bella:0.4")
    assert (ana.speed, ana.gain, ana.language) == (1.2, -3, "en")
    assert ana.convert is not None
    assert ana.convert.folder == tmp_path


def test_an_engine_is_known_by_any_of_its_names(tmp_path: Path) -> None:
    ana = built(PRESET, tmp_path).voice["ana"]
    found = ana.engines[EngineName("xtts")]  # its own name
    assert found == EngineVoice(speaker="Ana Florence", options={"temperature": 0.5})


def test_what_is_shown_loads_as_what_it_was_made_from(tmp_path: Path) -> None:
    file, shown = tmp_path / "ttsd.toml", tmp_path / "shown.toml"
    file.write_text(PRESET)
    shown.write_text(as_toml(effective(file, {})))
    assert config.load(shown, {}).voice == config.load(file, {}).voice


def test_a_variable_can_set_a_voice(tmp_path: Path) -> None:
    variables = {"TTSD_VOICE__ANA__PIPER": "en_US-joe-medium", "TTSD_VOICE__ANA__XTTS__SPEAKER": "Ana"}
    given = config.given("", tmp_path / "ttsd.toml", variables)
    ana = config.build(given).voice["ana"]
    assert ana.engines[PIPER] == EngineVoice(name="en_US-joe-medium")
    assert ana.engines[XTTS] == EngineVoice(speaker="Ana")


def test_the_catalogue_is_upstreams_unless_told_otherwise(tmp_path: Path) -> None:
    assert built("", tmp_path).voices.catalogue == UPSTREAM
    told = built('[voices]\ncatalogue = "http://localhost:1/voices.json"', tmp_path)
    assert told.voices.catalogue == "http://localhost:1/voices.json"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """
engines = ["piper", "tone"]
[voice.ana]
piper = "joe"
pipper = "en_US-joe-medium"
[voice.bo]
piper = 7
speed = 9
[voice.far]
xtts = { temprature = 0.5, top_p = 3 }
language = "german"
[[sources]]
path = "a"
voice = "anna"
speaker_voices = { x = "far" }
voice_pool = ["af_heart"]
[[route]]
pool = ["ana", "bad"]
[language]
pt = "boo"
"""
    nobody = "no engine of the chain (piper, tone) has a voice"
    assert problems(text, tmp_path) == [
        '4: voice.ana.piper: piper has no voice "joe"',
        '5: voice.ana.pipper: is no setting of a voice, and no engine; did you mean "piper"?',
        "7: voice.bo.piper: must be text (its name) or a table, not 7",
        "8: voice.bo.speed: must be a number from 0.25 to 4, not 9",
        '10: voice.far.xtts.temprature: temprature is no option of xtts; did you mean "temperature"?',
        "10: voice.far.xtts.top_p: top_p must be a number from 0.01 to 1, not 3",
        '11: voice.far.language: "german" is no language such as de or pt-BR',
        f'14: sources[0].voice: {nobody} "anna", and there is no [voice.anna]; did you mean "ana"?',
        '15: sources[0].speaker_voices.x: the voice "far" has no engine of the chain (piper, tone); it has xtts',
        f'16: sources[0].voice_pool[0]: {nobody} "af_heart", and there is no [voice.af_heart]',
        f'18: route[0].pool[1]: {nobody} "bad", and there is no [voice.bad]',
        f'20: language.pt: {nobody} "boo", and there is no [voice.boo]; did you mean "bo"?',
    ]


@pytest.mark.parametrize(
    "voice",
    ["en_US-amy-medium", "voices/mine.onnx", "mine"],
    ids=["of the catalogue", "a path", "a file here"],
)
def test_a_voice_that_piper_has_or_can_get_is_no_mistake(voice: str, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "mine.onnx").touch()
    (tmp_path / "voices" / "mine.onnx.json").touch()
    text = f'engines = ["piper"]\n[[sources]]\npath = "a"\nvoice = "{voice}"'
    assert built(text, tmp_path).sources[0].voice == voice


def test_engines_whose_voices_have_any_names_are_believed(tmp_path: Path) -> None:
    text = 'engines = ["piper", "xtts"]\n[[sources]]\npath = "a"\nvoice = "Claribel Dervla"'
    assert built(text, tmp_path).sources[0].voice == "Claribel Dervla"


def test_a_preset_may_change_nothing_but_the_sound(tmp_path: Path) -> None:
    text = '[voice.soft]\ngain = -9\n[[sources]]\npath = "a"\nvoice = "soft"'
    assert built(text, tmp_path).voice["soft"].engines == {}


def test_a_route_names_an_engine_of_the_chain(tmp_path: Path) -> None:
    text = 'engines = ["piper", "kokoro"]\n[[route]]\nmax_chars = 9\nengine = "koko"\n'
    assert problems(text, tmp_path) == [
        '4: route[0].engine: "koko" is not in the chain (piper, kokoro); did you mean "kokoro"?'
    ]
    assert built(text.replace('"koko"', '"kokoro"'), tmp_path).route


SOVITS = """
engines = ["tone"]
[voice.nina.convert]
type = "sovits"
model = "nina/G_0.pth"
speaker = "nina"
transpose = 12
timeout = "30s"
"""


def test_a_converter_takes_its_own_options(tmp_path: Path) -> None:
    convert = built(SOVITS, tmp_path).voice["nina"].convert
    assert convert is not None
    assert (convert.type, convert.timeout, convert.folder) == ("sovits", 30.0, tmp_path)
    assert convert.options == {"model": "nina/G_0.pth", "speaker": "nina", "transpose": 12}
    file = tmp_path / "ttsd.toml"
    file.write_text(SOVITS)
    shown = tmp_path / "shown.toml"
    shown.write_text(as_toml(effective(file, {})))
    assert config.load(shown, {}).voice == config.load(file, {}).voice


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("= 12", "= 99"), "transpose: transpose must be a whole number from -36 to 36, not 99"),
        (("= 12", "= 1.5"), "transpose: transpose must be a whole number from -36 to 36, not 1.5"),
        (("transpose", "transpos"), 'is no option of sovits; did you mean "transpose"?'),
        (('"sovits"', '"sovit"'), 'must be one of "command", "sovits"'),
        (('speaker = "nina"', 'f0_method = "parselmouth"'), "must be one of dio, harvest, crepe, crepe-tiny"),
        (('speaker = "nina"', "noise_scale = -1"), "must be a number from 0 to 2"),
        (('speaker = "nina"', 'command = ["sox"]'), 'is for type = "command" alone, not for sovits'),
        (('speaker = "nina"', "rate = 16000"), 'is for type = "command" alone, not for sovits'),
        (('type = "sovits"', ""), "names no program"),
        (('type = "sovits"', 'command = ["sox"]'), "model: is not known here"),
        (('"tone"', '"tone", "sovits"'), "it makes another voice out of one: [voice.NAME.convert]"),
    ],
)
def test_what_a_converter_does_not_take_is_a_mistake(
    change: tuple[str, str], problem: str, tmp_path: Path
) -> None:
    found = problems(SOVITS.replace(*change), tmp_path)
    assert any(problem in one for one in found), found
