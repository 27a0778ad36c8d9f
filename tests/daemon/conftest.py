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
def young_house(tmp_path: Path) -> Iterator[House]:
    """One that has just been started: nothing was imported that speaks, or reads by rules."""
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
    yield made
    made.close()


@pytest.fixture
def house(young_house: House) -> House:
    while young_house.voice.speaker is None:  # what the main thread does
        message = young_house._mailbox.get(10)
        assert isinstance(message, Done)
        message.then()
    return young_house
