"""`ttsd cable` and `ttsd devices` on a real sound server, as people type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from soundserver import SoundServer

pytestmark = pytest.mark.cable


def ttsd(server: SoundServer, *words: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "ttsd", *words],
        env={**os.environ, "PULSE_SERVER": server.address},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr


def document(server: SoundServer, *words: str) -> Any:
    return json.loads(ttsd(server, *words, "--json")[1])


def test_a_cable_is_made_shown_and_removed_by_hand(server: SoundServer, tmp_path: Path) -> None:
    assert ttsd(server, "cable", "--name", "lead")[0] == 1, "there is none: status tells scripts"
    code, told, _ = ttsd(server, "cable", "create", "--name", "lead")
    assert code == 0
    assert 'device = "lead"' in told
    assert "lead_mic" in told
    there = document(server, "cable", "status", "--name", "lead")
    assert there == {
        "sink": "lead",
        "microphone": "lead_mic",
        "rate": 48000,
        "there": {"sink": True, "microphone": True},
    }
    devices = {device["name"]: device for device in document(server, "devices")["devices"]}
    assert devices["lead"]["kind"] == "pulse"
    assert not devices["lead"]["default"]
    assert "lead" in ttsd(server, "devices")[1]
    config = tmp_path / "ttsd.toml"
    config.write_text('[[outputs]]\ntype = "pulse"\ndevice = "lead"\n[state]\ndir = "s"\n')
    checks = {one["name"]: one for one in document(server, "doctor", "--config", str(config))["checks"]}
    assert checks["output pulse"]["state"] == checks["sound"]["state"] == "ok"
    assert ttsd(server, "cable", "remove", "--name", "lead")[0] == 0
    broken = document(server, "doctor", "--config", str(config))
    assert not broken["ok"]
    assert "lead" not in {device["name"] for device in document(server, "devices")["devices"]}


def test_a_server_that_is_not_there_and_a_name_that_is_none_are_told(stopped_server: SoundServer) -> None:
    code, _, told = ttsd(stopped_server, "cable", "create")
    assert (code, "sound server" in told) == (1, True)
    code, _, told = ttsd(stopped_server, "cable", "create", "--name", "a b=c")
    assert (code, "letters" in told) == (2, True)
    code, told, _ = ttsd(stopped_server, "devices")
    assert (code, "no sound server answers" in told) == (0, True)
