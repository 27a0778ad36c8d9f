"""What fails is told once, what works again is told, and neither ever in a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeClock

from ttsd import events
from ttsd.daemon.notices import Notices
from ttsd.model import OWN, EngineName, Priority
from ttsd.settings import Duration, Settings
from ttsd.settings.notices import NoticeSettings
from ttsd.speech.earcons import BACK, FAILED, script_of, sound_of

if TYPE_CHECKING:
    from ttsd import commands

ALL = NoticeSettings(engine="sound", device="sound", source="speak", every=Duration(60))


class Listening:
    """Notices, and what they have said."""

    def __init__(self, settings: NoticeSettings = ALL) -> None:
        self.settings, self.helpless, self.clock = settings, False, FakeClock()
        self.said: list[commands.Say] = []
        self.notices = Notices(
            lambda: Settings(notices=self.settings),
            self,  # type: ignore[arg-type]  # it queues nothing else
            lambda: self.helpless,
            lambda: "de",
            self.clock,
            later=lambda work: work(),
        )

    def say(self, command: commands.Say) -> None:
        self.said.append(command)

    def engine(self, state: str, name: str = "piper") -> None:
        self.notices.notice(events.EngineChanged(at=0.0, engine=EngineName(name), state=state))

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(str(one.source), one.text) for one in self.said]


def test_nothing_is_told_unless_it_is_wanted() -> None:
    made = Listening(NoticeSettings())
    for state in ("resting", "ready", "failed"):
        made.engine(state)
    assert made.heard == []


def test_a_failure_and_its_end_are_told_once_each() -> None:
    made = Listening()
    for state in ("ready", "resting", "failed", "resting", "ready", "ready"):
        made.engine(state)
    assert made.heard == [(FAILED, "piper ist ausgefallen"), (BACK, "piper geht wieder")]
    assert {one.priority for one in made.said} == {Priority.HIGH}


def test_what_comes_and_goes_is_told_once_in_a_while_and_others_are_told_meanwhile() -> None:
    made = Listening()
    for _ in range(50):
        made.engine("resting")
        made.engine("ready")
        made.clock.advance(1.0)
    made.engine("resting", "hibari")
    assert len(made.heard) == 3
    made.clock.advance(60)
    made.engine("resting")
    assert len(made.heard) == 4


def test_when_no_engine_can_speak_tones_stand_for_the_words_and_make_room_for_themselves() -> None:
    made = Listening(NoticeSettings(engine="speak"))
    made.engine("resting", "first")
    made.helpless = True
    made.engine("resting", "second")
    assert [source for source, _ in made.heard] == [OWN, FAILED]
    assert [one.priority for one in made.said] == [Priority.HIGH, Priority.URGENT]


def test_outputs_and_sources_are_told_of_too() -> None:
    made = Listening()
    made.notices.notice(events.DeviceChanged(at=0.0, output="pulse:headset", state="lost"))
    made.notices.notice(events.SourceChanged(at=0.0, source=OWN, state="failed", path="a.log"))
    made.notices.notice(events.SourceChanged(at=0.0, source=OWN, state="failed", path="b.log"))
    made.notices.notice(events.DeviceChanged(at=0.0, output="pulse:headset", state="open"))
    assert made.heard == [
        (FAILED, "headset ist ausgefallen"),
        (OWN, "ttsd ist ausgefallen"),
        (BACK, "headset geht wieder"),
    ]


def test_a_notice_that_is_switched_off_meanwhile_is_forgotten() -> None:
    made = Listening()
    made.engine("resting")
    made.settings = NoticeSettings()
    made.engine("ready")
    made.settings = ALL
    made.engine("ready")
    assert len(made.heard) == 1


@pytest.mark.parametrize("source", [FAILED, BACK])
def test_tones_are_short_soft_and_end_in_silence(source: str) -> None:
    script = script_of(source)  # type: ignore[arg-type]  # a SourceName
    assert script is not None
    found = sound_of(script.sentences[0], 16_000)
    assert found is not None
    sound, rate = found
    assert rate == 16_000
    assert 0.2 < len(sound) / rate < 0.5
    assert 0.02 < float(np.abs(sound).max()) <= 0.2
    assert float(np.abs(sound[[0, -1]]).max()) < 1e-3
