"""A house whose settings change goes on with what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ttsd.daemon.house import _required
from ttsd.model import SourceName, UtteranceId
from ttsd.settings import OutputSettings, Settings, SourceSettings
from ttsd.text.withdraw import Target

if TYPE_CHECKING:
    from ttsd.daemon.house import House


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


def test_what_is_withdrawn_at_once_after_a_start_is_withdrawn(young_house: House) -> None:
    said = [young_house.store.say(text, key=text) for text in ("one", "two")]
    assert young_house._rules.reading is None
    target = Target(key="one")
    assert young_house.withdrawals.now(target) == ()
    assert young_house.withdrawals.rest(target) == (said[0].id,)
    assert [one.id for one in young_house.store.since(UtteranceId(0), 9)] == [said[1].id]


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
