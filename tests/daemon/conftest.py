"""A real house: what a daemon has, without its main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ttsd.clock import SystemClock
from ttsd.daemon.audience import Audience
from ttsd.daemon.house import House
from ttsd.daemon.mailbox import Done, Mailbox
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, OutputSettings, Settings, StateSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TONE = EngineName("tone")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        path=tmp_path / "ttsd.toml",
        engines=(TONE,),
        engine={TONE: EngineSettings(preload=False)},
        outputs=(OutputSettings(type="null"),),
        state=StateSettings(dir=tmp_path / "state"),
    )
    mailbox = Mailbox()
    made = House(settings, SystemClock(), mailbox, Audience())
    made.start()
    while made.voice.speaker is None:  # what the main thread does
        message = mailbox.get(10)
        assert isinstance(message, Done)
        message.then()
    yield made
    made.close()
