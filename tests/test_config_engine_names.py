"""An engine may be spelt as people do; everywhere behind the configuration it has its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsd import config
from ttsd.errors import ConfigError
from ttsd.model import EngineName
from ttsd.settings import Settings


def load(folder: Path, text: str) -> Settings:
    path = folder / "ttsd.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def test_another_spelling_is_the_same_engine(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        'engines = ["piper", "xtts-v2"]\n[engine.xtts-v2]\nspeed = 1.5\n'
        '[voice.ana]\nxtts-v2 = {speaker = "Ana Florence"}\n',
    )
    assert settings.engines == ("piper", "xtts")
    assert dict(settings.engine[EngineName("xtts")].options) == {"speed": 1.5}
    assert list(settings.voice["ana"].engines) == ["xtts"]


def test_two_tables_for_one_engine_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is the engine xtts, which \[engine\.xtts\] is about, too"):
        load(tmp_path, 'engines = ["xtts"]\n[engine.xtts]\nspeed = 1.0\n[engine.xtts-v2]\nspeed = 1.5\n')


def test_a_server_keeps_the_name_that_its_user_gave_it(tmp_path: Path) -> None:
    settings = load(tmp_path, 'engines = ["xtts-v2"]\n[engine.xtts-v2]\nuri = "tcp://box:10200"\n')
    assert settings.engines == ("xtts-v2",)
    assert settings.engine[EngineName("xtts-v2")].uri == "tcp://box:10200"
