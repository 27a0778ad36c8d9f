"""`ttsd explain` finds the source, reads lines as it would, and prints them for people and for programs."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ttsd import config
from ttsd.cli.explain import explain, messages, source_of, table
from ttsd.cli.main import main
from ttsd.errors import UsageError
from ttsd.settings import SourceSettings
from ttsd.text.explain import explain as explained

CONFIGURATION = r"""
engines = ["tone"]
[[sources]]
name = "chat"
path = "chat.log"
format = "regex"
pattern = '^<(?P<speaker>\w+)> (?P<text>.*)$'
template = "{speaker} says {text}"
exclude = ["^!"]
priority = "high"
voice_pool = ["tone"]
[[sources]]
name = "notes"
path = "notes/"
include = ["*.md"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ttsd.toml").write_text(CONFIGURATION)
    (tmp_path / "chat.log").write_text("<ana> 5 km\n<ana> !roll\nlast")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text("# Hi\n")
    return tmp_path


def run(folder: Path, file: str, **wanted: Any) -> int:
    arguments = {
        "config": folder / "ttsd.toml",
        "file": file,
        "source": None,
        "profile": None,
        "json": False,
        **wanted,
    }
    return explain(argparse.Namespace(**arguments))


def test_json_is_a_list_with_the_promised_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, str(folder / "chat.log"), json=True) == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert {"line", "source", "spoken", "reason", "text", "steps"} <= set(first)
    assert (first["line"], first["source"], first["spoken"], first["reason"]) == (
        "<ana> 5 km",
        "chat",
        True,
        None,
    )
    assert (first["text"], first["voice"], first["priority"]) == ("ana says five kilometers", "tone", "high")
    assert first["steps"][0] == {"step": "parse", "text": "5 km"}
    assert (second["spoken"], second["reason"]) == (False, 'exclude: "^!"')
    assert third["text"] == "last"


def test_the_table_is_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, str(folder / "chat.log"))
    assert capsys.readouterr().out == (
        "1  <ana> 5 km\n"
        "   fields    speaker=ana, text=5 km\n"
        "   template  ana says 5 km\n"
        "   units     ana says five kilometers\n"
        "   spoken    ana says five kilometers\n"
        "             chat, en, high, voice tone by pool, 1.6 s\n"
        "\n"
        "2  <ana> !roll\n"
        "   fields   speaker=ana, text=!roll\n"
        '   dropped  exclude: "^!"\n'
        "\n"
        "3  last\n"
        "   spoken  last\n"
        "           chat, en, high, 0.3 s\n"
        "\n"
        "2 of 3 lines spoken, about 2 s\n"
    )


def test_the_source_is_the_one_that_follows_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config.load(folder / "ttsd.toml", {})
    monkeypatch.chdir(folder)
    for file, name in (("chat.log", "chat"), (str(folder / "notes" / "one.md"), "notes")):
        found = source_of(settings, file, None)
        assert found is not None
        assert found.name == name
    named = source_of(settings, "elsewhere.log", "notes")
    assert named is not None
    assert named.name == "notes"
    with pytest.raises(UsageError, match=r"no source follows elsewhere.log .*chat, notes"):
        source_of(settings, "elsewhere.log", None)
    with pytest.raises(UsageError, match='no source "nobody"'):
        source_of(settings, "chat.log", "nobody")


def test_standard_input_is_read_for_the_only_source(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"<ana> hi\n\xff\n")))
    run(folder, "-", source="chat", json=True)
    assert [one["text"] for one in json.loads(capsys.readouterr().out)] == ["ana says hi", ""]


def test_a_file_that_cannot_be_read_is_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        run(folder, str(folder / "none.log"), source="chat")


def test_lines_are_those_that_the_source_would_queue() -> None:
    data = "one\n two\nthree".encode("utf-16")
    assert messages(data, SourceSettings(path="x", encoding="utf-16")) == ["one", " two", "three"]
    assert messages(b"one\n two\nthree", SourceSettings(path="x", join_continue="^ ")) == [
        "one\n two",
        "three",
    ]
    assert messages(b"one\n two\n", SourceSettings(path="x", mode="whole")) == ["one\n two"]
    assert messages(b"", None) == []


def test_nothing_in_a_line_acts_on_the_terminal() -> None:
    from ttsd.settings import Settings
    from ttsd.settings.text import BlocklistSettings

    settings = Settings(blocklist=(BlocklistSettings(words=("darn",), action="beep"),))
    shown = table(explained(settings, None, ["\x1b[31mred\x07 darn it"]))
    assert not set(shown) & {"\x1b", "\x07"}
    assert "[beep]" in shown


def test_a_profile_is_seen_before_it_is_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "ttsd.toml").open("a") as file:
        file.write("[profile.short.clean]\nunits = false\nnumbers = false\n")
    run(folder, str(folder / "chat.log"), profile="short", json=True)
    assert json.loads(capsys.readouterr().out)[0]["text"] == "ana says 5 km"
    with pytest.raises(UsageError, match="no profile"):
        run(folder, str(folder / "chat.log"), profile="long")


def test_the_words_of_the_verb_are_the_ones_it_reads(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(folder / "chat.log"), "--config", str(folder / "ttsd.toml")]
    assert main(words) == 0
    assert main([*words, "--profile", "nobody"]) == 2
    assert 'there is no profile "nobody"' in capsys.readouterr().err
