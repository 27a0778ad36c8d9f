"""What is in force can be seen, asked for and set; secrets stay secret; editors know it all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ttsd import config
from ttsd.config import edit
from ttsd.config.json_schema import config_schema
from ttsd.config.show import MASK, Setting, as_toml, effective, get
from ttsd.engines import catalog
from ttsd.errors import ConfigError, UsageError

TEXT = """engines = ["piper", "gpu"]
[engine.piper]
voice = "x \\" \\\\ \\u007f é"
length_scale = 1.5
[engine.gpu]
uri = "tcp://gpu:1"
api_key = "hunter2"
[[sources]]
path = "a.log"
include = ["*.log", "*.txt"]
[[sources]]
path = "b.log"
[speech]
pause_ms = 7
"""
ENVIRON = {
    "TTSD_SPEECH__PAUSE_MS": "9",
    "TTSD_OUTPUTS__0__TYPE": "null",
    "TTSD_ENGINE__PIPER__SPEAKER": "anna",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ttsd.toml"
    path.write_text(TEXT)
    return path


def by_key(found: tuple[Setting, ...]) -> dict[str, Setting]:
    return {setting.key: setting for setting in found}


def test_every_setting_is_shown_with_where_it_comes_from(file: Path) -> None:
    found = by_key(effective(file, ENVIRON))
    assert found["engines"] == Setting("engines", ["piper", "gpu"], "ttsd.toml:1")
    assert found["engine.piper.length_scale"].origin == "ttsd.toml:4"
    assert found["engine.piper.speaker"] == Setting(
        "engine.piper.speaker", "anna", "TTSD_ENGINE__PIPER__SPEAKER"
    )
    assert found["sources[1].path"] == Setting("sources[1].path", str(file.parent / "b.log"), "ttsd.toml:12")
    assert found["sources[1].start"] == Setting("sources[1].start", "end", "default")
    assert found["speech.pause_ms"] == Setting("speech.pause_ms", 9, "TTSD_SPEECH__PAUSE_MS")
    assert found["speech.max_age"] == Setting("speech.max_age", None, "default")
    assert found["outputs[0].type"].origin == "TTSD_OUTPUTS__0__TYPE"


def test_secrets_are_masked_everywhere(file: Path) -> None:
    found = effective(file, {})
    assert by_key(found)["engine.gpu.api_key"].value == MASK
    assert "hunter2" not in as_toml(found)
    assert get("engine.gpu.api_key", file, {})[0].value == MASK


def test_what_is_shown_loads_as_what_is_in_force(file: Path, tmp_path: Path) -> None:
    file.write_text(TEXT.replace('api_key = "hunter2"\n', ""))
    shown = tmp_path / "shown.toml"
    shown.write_text(as_toml(effective(file, ENVIRON)))
    assert replace(config.load(shown, {}), path=file) == config.load(file, ENVIRON)


def test_a_setting_or_a_table_can_be_asked_for(file: Path) -> None:
    assert [setting.value for setting in get("speech.pause_ms", file, {})] == [7]
    assert {setting.key.partition(".")[0] for setting in get("sources[1]", file, {})} == {"sources[1]"}
    assert len(get("sources", file, {})) == 2 * len(get("sources[0]", file, {}))
    with pytest.raises(UsageError, match="did you mean"):
        get("speech.pause_mss", file, {})


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("speech.pause_ms", "120", 120),
        ("speech.ahead", "2m", "2m"),
        ("engines", "hibari, piper", ["hibari", "piper"]),
        ("sources[0].start", "beginning", "beginning"),
        ("engine.piper.length_scale", "2", 2),
        ("outputs[0].required", "true", True),
        ("engine.piper.speaker", "3", "3"),
        ("log.level", "debug", "debug"),
    ],
)
def test_a_value_is_set_as_a_person_writes_it(file: Path, key: str, text: str, value: object) -> None:
    import tomllib

    edit.set_text(file, key, text)
    here: Any = tomllib.loads(file.read_text())
    for part in key.replace("[", ".").replace("]", "").split("."):
        here = here[int(part) if part.isdecimal() else part]
    assert here == value
    config.load(file, {})


def test_a_value_that_is_not_allowed_is_refused_and_the_file_stays(file: Path) -> None:
    for key, text in (
        ("speech.pause_ms", "soon"),
        ("speech.pause_ms", "-1"),
        ("engines", "pipr"),
        ("sources[0].start", "ned"),
        ("engine.piper.lenght_scale", "1"),
    ):
        with pytest.raises(ConfigError):
            edit.set_text(file, key, text)
    for key in ("speech.pause", "speach.pause_ms", "sources[7].path", ""):
        with pytest.raises(UsageError):
            edit.set_text(file, key, "1")
    assert file.read_text() == TEXT


def test_a_file_that_has_problems_can_be_mended_one_by_one(file: Path) -> None:
    file.write_text('[speech]\npause_ms = -1\nsentence_pause_ms = -1\n[log]\nlevel = "x"\n')
    for key, text in (("engines", "tone"), ("speech.pause_ms", "1"), ("log.level", "info")):
        edit.set_text(file, key, text)
    edit.set_text(file, "speech.sentence_pause_ms", "1")
    config.load(file, {})


def test_the_schema_knows_every_engine_and_its_options() -> None:
    schema = config_schema()
    engines = schema["properties"]["engine"]["properties"]
    assert set(engines) == set(catalog.names())
    assert engines["piper"]["properties"]["length_scale"] == {
        "type": "number",
        "description": "Length of the sounds; 0.5 is twice as fast.",
        "minimum": 0.1,
        "maximum": 5.0,
    }
    assert engines["piper"]["additionalProperties"] is False
    assert "voice" in engines["piper"]["properties"]
    assert schema["properties"]["sources"]["items"]["required"] == ["path"]


def test_names_of_any_kind_are_shown_as_toml_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text(
        'dictionary = "words.txt"\n[language]\npt-BR = "heart"\n'
        '[[sources]]\npath = "a"\n[sources.speaker_voices]\n"DJ B.o[b]" = "heart"\n[[sources]]\npath = "b"\n'
    )
    shown = tmp_path / "shown.toml"
    shown.write_text(as_toml(effective(file, {})))
    assert replace(config.load(shown, {}), path=file) == config.load(file, {})
