"""A house whose settings change goes on with what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ttsd.clock import SystemClock
from ttsd.daemon.audience import Audience
from ttsd.daemon.house import House, _required
from ttsd.daemon.mailbox import Done, Mailbox
from ttsd.model import EngineName, SourceName
from ttsd.settings import EngineSettings, OutputSettings, Settings, SourceSettings, StateSettings

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


def test_another_output_reads_by_the_rules_that_count_what_was_said(house: House) -> None:
    before = house._rules.reading
    outputs = (OutputSettings(type="null", rate=16_000),)
    house.change(replace(house.settings, outputs=outputs))
    successor = house.voice._successor
    assert successor is not None
    assert successor._reading is house._rules.reading is before, "limits and repetitions begin anew"
    source = SourceSettings(name=SourceName("chat"), path="chat.log")
    house.change(replace(house.settings, outputs=(OutputSettings(type="null"),), sources=(source,)))
    successor = house.voice._successor
    assert successor is not None
    assert successor._reading is house._rules.reading is not before


@pytest.mark.parametrize(
    ("told", "required"),
    [
        ((None,), (True,)),
        ((None, None), (True, False)),
        ((False, True), (False, True)),
        ((False,), (True,)),
        ((False, None), (True, False)),
    ],
)
def test_speech_waits_for_one_output_at_least(
    told: tuple[bool | None, ...], required: tuple[bool, ...]
) -> None:
    outputs = tuple(OutputSettings(type="null", required=one) for one in told)
    assert _required(Settings(outputs=outputs)) == required
