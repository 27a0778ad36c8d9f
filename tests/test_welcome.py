"""A newcomer is told what to write to, how to hear it, and what to type next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from ttsd.cli import welcome as cli_welcome
from ttsd.cli.welcome import INSTALL_AUDIO, welcome

if TYPE_CHECKING:
    from pathlib import Path


def told(folder: Path, text: str) -> str:
    config = folder / "ttsd.toml"
    config.write_text(text)
    return welcome(config)


def test_the_file_to_write_to_is_named_as_the_shell_wants_it(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    folder.mkdir()
    text = told(folder, '[[sources]]\npath = "chat.log"\n[[outputs]]\ntype = "file"\npath = "spoken"\n')
    echo = next(line for line in text.splitlines() if ">>" in line)
    assert shlex.split(echo) == ["echo", "Hello, I am reading this.", ">>", str(folder / "chat.log")]
    assert f"WAV in {folder / 'spoken'}" in text
    assert str(folder / "ttsd.toml") in text


def test_nobody_is_told_to_write_to_a_pattern(tmp_path: Path) -> None:
    text = told(tmp_path, '[[sources]]\npath = "*.log"\n')
    assert ">>" not in text
    assert "scripts/run say" in text


def test_a_missing_audio_library_is_named_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert INSTALL_AUDIO not in told(tmp_path, '[[outputs]]\ntype = "null"\n')
    monkeypatch.setattr(cli_welcome, "AUDIO_LIBRARIES", ("libnobody-has-this.so.0",))
    monkeypatch.setattr("sys.platform", "linux")
    assert INSTALL_AUDIO in told(tmp_path, "")


def test_a_wrong_configuration_is_left_to_the_daemon_to_report(tmp_path: Path) -> None:
    assert told(tmp_path, "engines = [") == ""
