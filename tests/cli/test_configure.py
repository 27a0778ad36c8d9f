"""init, config and completion as people and scripts use them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from ttsd import config
from ttsd.cli import exits
from ttsd.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's configuration will be."""
    path = tmp_path / "ttsd.toml"
    monkeypatch.setenv("TTSD_CONFIG", str(path))
    return path


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def test_init_with_options_writes_a_commented_file_that_loads(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--source", "a.log", "--source", "b/*.txt", "--engine", "tone", "--output", "null"]
    assert main(["init", *words, "--start", "beginning"]) == 0
    assert "ttsd run" in capsys.readouterr().out
    settings = config.load(file)
    assert [source.name for source in settings.sources] == ["a.log", "b/*.txt"]
    assert (settings.engines, settings.outputs[0].type) == (("tone",), "null")
    assert settings.sources[0].start == "beginning"
    assert file.read_text().count("#") > 8


def test_init_never_replaces_a_file_unless_it_is_told_to(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("# mine\n")
    assert main(["init", "--yes"]) == exits.USAGE
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"
    assert main(["init", "--yes", "--force"]) == 0
    assert config.load(file).sources


def test_init_asks_a_person_and_takes_the_defaults_where_nothing_is_answered(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Person("chat.log\n\ntone\n\nnull\n"))
    assert main(["init"]) == 0
    settings = config.load(file)
    assert [source.name for source in settings.sources] == ["chat.log"]
    assert settings.engines == ("tone",)


def test_init_writes_nothing_if_the_person_leaves(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Person("chat.log\n"))
    assert main(["init"]) == exits.USAGE
    assert not file.exists()
    assert "nothing was written" in capsys.readouterr().err


def test_init_refuses_answers_that_make_no_configuration(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = file.with_name("mine.toml")
    assert main(["init", "--engine", "pipr", "--config", str(mine)]) == exits.BAD_CONFIGURATION
    told = capsys.readouterr().err
    assert 'did you mean "piper"' in told
    assert f"{mine}:" in told
    assert not mine.exists()


def test_config_set_keeps_comments_and_get_reads_it_back(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("# mine\n[speech]\npause_ms = 300  # a breath\n")
    assert main(["config", "set", "speech.pause_ms", "120"]) == 0
    assert file.read_text() == "# mine\n[speech]\npause_ms = 120  # a breath\n"
    capsys.readouterr()
    assert main(["config", "get", "speech.pause_ms"]) == 0
    assert capsys.readouterr().out == "120\n"
    assert main(["config", "get", "speech.pause_ms", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == {"key": "speech.pause_ms", "value": 120, "origin": "ttsd.toml:3"}


@pytest.mark.parametrize("key", ["sources[1].path", "sources.1.path"])
def test_a_setting_in_a_list_is_set_and_got_by_either_of_its_names(
    file: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    file.write_text('[[sources]]\npath = "a"\n[[sources]]\npath = "b"\n')
    assert main(["config", "set", key, "c"]) == 0
    assert file.read_text().endswith('path = "c"\n')
    whole = str(file.parent / "c")
    assert capsys.readouterr().out == f"{key} = {whole} in {file}\n"
    assert main(["config", "get", key]) == 0
    assert capsys.readouterr().out == f"{whole}\n"


def test_a_profiles_setting_can_be_set(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "profile.night.speech.pause_ms", "soon"]) == exits.BAD_CONFIGURATION
    assert main(["config", "set", "profile.night.speech.paws_ms", "9"]) == exits.USAGE
    assert main(["config", "set", "profile.night.speech.pause_ms", "9"]) == 0
    assert config.load(file).profiles["night"].speech.pause_ms == 9
    capsys.readouterr()
    assert main(["config", "get", "profile.night.speech.pause_ms"]) == 0
    assert capsys.readouterr().out == "9\n"


def test_what_was_wrong_before_does_not_make_a_failure_of_what_was_set(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("[speech]\npause_ms = -1\nahead = 1\n")
    assert main(["config", "set", "speech.ahead", "2s"]) == 0
    told = capsys.readouterr()
    assert told.out == f"speech.ahead is set in {file}\n"
    assert "speech.pause_ms" in told.err
    assert 'ahead = "2s"' in file.read_text()


def test_config_set_makes_the_file_if_there_is_none(file: Path) -> None:
    assert main(["config", "set", "engines", "tone,hibari"]) == 0
    assert config.load(file).engines == ("tone", "hibari")


def test_config_set_says_so_if_a_variable_goes_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTSD_SPEECH__PAUSE_MS", "7")
    assert main(["config", "set", "speech.pause_ms", "120"]) == 0
    assert "TTSD_SPEECH__PAUSE_MS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["set", "speech.pause_ms", "long"], exits.BAD_CONFIGURATION, "speech.pause_ms"),
        (["set", "speech.paws_ms", "1"], exits.USAGE, "speech.pause_ms"),
        (["get", "speech.paws_ms"], exits.USAGE, "speech.pause_ms"),
        (["get"], exits.USAGE, "which setting"),
        (["set", "speech.pause_ms"], exits.USAGE, "which value"),
    ],
)
def test_config_names_what_is_wrong_and_changes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    file.write_text("[speech]\npause_ms = 300\n")
    assert main(["config", *words]) == code
    assert told in capsys.readouterr().err
    assert file.read_text() == "[speech]\npause_ms = 300\n"


def test_a_file_that_is_not_text_is_told_not_crashed_on(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(b"\xff\xfe\0")
    assert main(["config", "set", "speech.pause_ms", "1"]) == exits.BAD_CONFIGURATION
    assert str(file) in capsys.readouterr().err


def test_config_show_loads_as_what_it_shows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('engines = ["tone"]\n[[sources]]\npath = "a.log"\n')
    assert main(["config"]) == 0
    text = capsys.readouterr().out
    again = config.build(config.given(text, file, {}))
    assert again.engines == ("tone",)
    assert "ttsd.toml:1" in text


def test_config_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "speech" in schema["properties"]


def test_completion_knows_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    from ttsd.cli import parser

    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert all(f" {verb}" in script or f"({verb}" in script for verb in parser.VERBS)
