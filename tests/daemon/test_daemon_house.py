"""A house whose settings change goes on with what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ttsd.daemon.house import _required
from ttsd.model import SourceName
from ttsd.settings import OutputSettings, Settings, SourceSettings

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
