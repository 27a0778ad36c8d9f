"""`ttsd voices`: the user's own, those of the catalogue, and those of a daemon that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from voice_server import VoiceServer

from ttsd.cli import main

FABER = "pt_BR-faber-medium"


@pytest.fixture
def server() -> Iterator[VoiceServer]:
    with VoiceServer() as found:
        yield found


@pytest.fixture
def config(server: VoiceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    file = tmp_path / "ttsd.toml"
    file.write_text(
        f'engines = ["piper", "tone"]\n[voices]\ncatalogue = "{server.catalogue}"\n'
        f'[control]\nsocket = "nobody.sock"\n[voice.ana]\npiper = "{FABER}"\n'
    )
    return str(file)


def test_search_add_list_remove(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "search", "portuguese", "brazil", "--config", config]) == 0
    assert capsys.readouterr().out == f"  {FABER:<34}  Portuguese (Brazil), 0.1 MB\n"
    assert main(["voices", "add", FABER, "--config", config]) == 0
    told = capsys.readouterr()
    assert "licence: CC0" in told.err
    assert f"{FABER} is here" in told.out
    assert main(["voices", "add", FABER, "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["came_from"] == "here"

    assert main(["voices", "--json", "--config", config]) == 0
    listed = json.loads(capsys.readouterr().out)
    [mine] = [voice for voice in listed["voices"] if voice["name"] == FABER]
    assert (mine["engine"], mine["language"], mine["licence"], mine["removable"]) == (
        "piper",
        "pt-BR",
        "CC0",
        True,
    )
    assert [preset["name"] for preset in listed["presets"]] == ["ana"]
    assert "tone" in listed["untold"]
    assert main(["voices", "list", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["preset", "ana", "piper:", FABER]
    assert f"piper     {FABER}  pt-BR, CC0" in lines

    assert main(["voices", "search", "pt", "--json", "--config", config]) == 0
    assert [v["here"] for v in json.loads(capsys.readouterr().out)["voices"]] == [True, False]
    assert main(["voices", "remove", FABER, "--config", config]) == 2
    assert "is used by [voice.ana]" in capsys.readouterr().err
    assert main(["voices", "remove", FABER, "--force", "--config", config]) == 0
    assert not list((tmp_path / "share" / "ttsd" / "voices").iterdir())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add"], 2, "which voice?"),
        (["remove"], 2, "which voice?"),
        (["remove", "nobody"], 2, "there is no voice nobody"),
        (["add", "nobody"], 2, "the catalogue has no voice nobody"),
    ],
)
def test_words_that_mean_nothing(
    words: list[str], code: int, told: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", *words, "--config", config]) == code
    assert told in capsys.readouterr().err


def test_a_catalogue_that_is_not_there(
    config: str, server: VoiceServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults.missing = {"/voices.json"}
    assert main(["voices", "search", "pt", "--config", config]) == 1
    assert "not to be had: 404" in capsys.readouterr().err
