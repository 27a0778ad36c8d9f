"""A setting changes, everything else in the file stays, and a crash leaves the old or the new file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.config.edit import edited, set_value
from ttsd.errors import ConfigError

TEXT = """# My file
engines = ["piper", "hibari"] # the chain

[speech] # how
# a pause
pause_ms = 300   # ms

[[sources]]
path = "a"
[[sources]]
path = "b"  # second
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ttsd.toml"
    path.write_text(TEXT)
    return path


def test_only_the_value_changes(file: Path) -> None:
    set_value(file, "engines", ("hibari", "piper"))
    set_value(file, "speech.pause_ms", 5)
    set_value(file, "sources[1].path", "c")
    assert file.read_text() == TEXT.replace('"piper", "hibari"', '"hibari", "piper"').replace(
        "300", "5"
    ).replace('"b"', '"c"')


def test_comments_of_a_list_with_a_line_for_each_item_go_with_the_item(file: Path) -> None:
    file.write_text('engines = [\n    # quick\n    "piper", # good\n    "hibari",\n] # chain\nx = 1\n')
    set_value(file, "engines", ["hibari", "piper"])
    assert (
        file.read_text() == 'engines = [\n    "hibari",\n    # quick\n    "piper", # good\n] # chain\nx = 1\n'
    )


def test_what_was_not_there_is_added_where_it_belongs(file: Path) -> None:
    file.write_text("[speech]\npause_ms = 1\n")
    set_value(file, "engines", ["tone"])
    set_value(file, "speech.ahead", "5s")
    set_value(file, "engine.piper.voice", "x")
    assert tomllib.loads(file.read_text()) == {
        "engines": ["tone"],
        "speech": {"pause_ms": 1, "ahead": "5s"},
        "engine": {"piper": {"voice": "x"}},
    }


def test_a_file_that_was_not_there_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "ttsd.toml"
    set_value(file, "engines", ["tone"])
    assert tomllib.loads(file.read_text()) == {"engines": ["tone"]}


def test_windows_line_ends_stay(file: Path) -> None:
    file.write_bytes(TEXT.replace("\n", "\r\n").encode())
    set_value(file, "engines", ["hibari", "piper"])
    content = file.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == TEXT.count("\n")


def test_mode_and_symbolic_link_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(file.name)
    set_value(link, "engines", ["hibari"])
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert '"hibari"]' in file.read_text()


def test_a_crash_before_the_rename_leaves_the_old_file_and_no_litter(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigError, match="No space left"):
        set_value(file, "engines", ["hibari"])
    assert file.read_text() == TEXT
    assert list(file.parent.iterdir()) == [file]


def test_the_new_file_is_on_the_disk_before_it_takes_the_olds_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        steps.append("fsync")
        fsync(handle)

    def swap(old: Path, new: Path) -> Path:
        steps.append("replace")
        return replace(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", swap)
    set_value(file, "engines", ["hibari"])
    assert steps == ["fsync", "replace", "fsync"]  # the last for the folder


def test_a_file_that_is_no_toml_is_left_alone(file: Path) -> None:
    file.write_text("engines = [")
    with pytest.raises(ConfigError, match="is not TOML"):
        set_value(file, "engines", ["x"])
    assert file.read_text() == "engines = ["


@pytest.mark.parametrize("key", ["engines.x", "speech.pause_ms.x", "sources[9].path", "sources.x.path"])
def test_a_key_that_leads_nowhere_is_an_error(file: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="no table"):
        set_value(file, key, 1)
    assert file.read_text() == TEXT


NAMES = st.lists(st.sampled_from(["piper", "hibari", "tone", "xtts"]), unique=True, min_size=1)


@given(old=NAMES, new=NAMES, spread=st.booleans(), comment=st.sampled_from(["", " # why", ' # a [b] "c"']))
def test_whatever_the_layout_the_list_becomes_what_was_asked(
    old: list[str], new: list[str], spread: bool, comment: str
) -> None:
    end = f"{comment}\n" if spread else ""
    items = "".join(f'"{name}",{end}' for name in old)
    text = f"a = 1\nengines = [{end}{items}]{comment}\n[speech]\npause_ms = 1 # x\n"
    after = edited(text, "engines", new, Path("x"))
    assert tomllib.loads(after) == {"a": 1, "engines": new, "speech": {"pause_ms": 1}}
    assert "pause_ms = 1 # x\n" in after
