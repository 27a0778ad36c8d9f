"""What people set while ttsd runs is found again, whatever became of the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ttsd.daemon.mode import Mode, ModeFile
from ttsd.model import SourceName

if TYPE_CHECKING:
    from pathlib import Path

KEPT: dict[str, Any] = {"volume": 80, "muted": True, "disabled": ["chat"], "profile": "night"}


def test_what_was_set_is_found_again(tmp_path: Path) -> None:
    changed = ModeFile(tmp_path / "mode.json").change(volume=80, disabled=(SourceName("chat"),))
    assert ModeFile(tmp_path / "mode.json").mode == changed == Mode(80, disabled=(SourceName("chat"),))


@pytest.mark.parametrize(("written", "read"), [(-5, 0), (0, 0), (150, 150), (9000, 150)])
def test_a_volume_out_of_range_is_no_louder_than_ttsd_lets_anybody_set_it(
    tmp_path: Path, written: int, read: int
) -> None:
    (tmp_path / "mode.json").write_text(json.dumps(KEPT | {"volume": written}))
    assert ModeFile(tmp_path / "mode.json").mode == Mode(read, True, (SourceName("chat"),), "night")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps(KEPT | {"volume": "loud"})])
def test_a_damaged_file_is_told_and_nothing_is_set(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mode.json").write_text(content)
    assert ModeFile(tmp_path / "mode.json").mode == Mode()
    assert "mode_not_read" in capsys.readouterr().out
