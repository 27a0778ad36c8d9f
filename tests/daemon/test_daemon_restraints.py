"""Quiet hours by the clock on the wall, and a mute that keeps or drops."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fakes import FakeClock

from ttsd.daemon.restraints import Restraints, is_quiet
from ttsd.model import Priority
from ttsd.settings import Settings
from ttsd.settings.quiet import MuteSettings, QuietSettings, minute_of_day
from ttsd.speech.restraint import EVERYTHING, Restraint

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietSettings(from_="22:00", to="07:00", timezone="Europe/Berlin")
ACROSS = QuietSettings(from_="01:30", to="02:30", timezone="Europe/Berlin")


def at(text: str, fold: int = 0) -> float:
    """Unix seconds of a time in Berlin. fold: 1 for the second of two equal times."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("time", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_a_night_lasts_from_its_first_minute_to_its_last(time: str, quiet: bool) -> None:
    assert is_quiet(NIGHT, at(f"2026-01-15 {time}")) is quiet


def test_a_night_ends_at_its_hour_whatever_summer_time_makes_of_it() -> None:
    for day in ("2026-03-29", "2026-10-25"):  # the clocks go forward, and back
        assert is_quiet(NIGHT, at(f"{day} 06:59"))
        assert not is_quiet(NIGHT, at(f"{day} 07:00"))
    twice = [is_quiet(ACROSS, at("2026-10-25 02:15", fold)) for fold in (0, 1)]
    assert twice == [True, True], "the hour is there twice, and both are quiet"
    changes = sum(
        is_quiet(ACROSS, at("2026-03-29 00:00") + m * 60)
        != is_quiet(ACROSS, at("2026-03-29 00:00") + m * 60 + 60)
        for m in range(300)
    )
    assert changes == 2, "the end falls into the hour that is not there"


def test_without_hours_it_is_never_quiet() -> None:
    assert not is_quiet(QuietSettings(), 0.0)


@pytest.mark.parametrize("text", ["24:00", "7", "7:60", "aa:bb", "07:00:00", ""])
def test_what_is_no_time_of_day_is_none(text: str) -> None:
    assert minute_of_day(text) is None


class House:
    """Restraints, and what was applied."""

    def __init__(self, settings: Settings, now: str = "2026-01-15 12:00", *, muted: bool = False) -> None:
        self.applied: list[Restraint] = []
        self.clock = FakeClock(at(now))
        self.restraints = Restraints(settings, self.clock, self.applied.append, muted=muted)


def test_quiet_hours_come_and_go_with_the_clock_and_spare_what_they_are_told_to() -> None:
    quiet = QuietSettings(from_="22:00", to="07:00", timezone="Europe/Berlin", spare=Priority.HIGH)
    house = House(Settings(quiet=quiet), "2026-01-15 21:59")
    assert house.applied == []
    house.clock.advance(60)
    for _ in range(2):
        house.restraints.look()
    assert house.applied == [Restraint(begin_from=Priority.HIGH)], "told once"
    assert house.restraints.why == "quiet hours until 07:00"
    assert house.restraints.quiet
    house.clock.advance(9 * 3600)
    house.restraints.look()
    assert house.applied[-1] == Restraint()


@pytest.mark.parametrize(
    ("do", "expected", "accepted"),
    [
        ("mute", Restraint(sound_from=EVERYTHING), Priority.LOW),
        ("hold", Restraint(begin_from=EVERYTHING), Priority.LOW),
        ("drop", Restraint(begin_from=EVERYTHING), EVERYTHING),
    ],
)
def test_what_quiet_hours_do(do: str, expected: Restraint, accepted: int) -> None:
    quiet = QuietSettings(from_="11:00", to="13:00", timezone="Europe/Berlin", do=do)  # type: ignore[arg-type]  # the names given above
    house = House(Settings(quiet=quiet))
    assert house.restraints.now == expected
    assert house.restraints.accept_from == accepted


def test_a_mute_keeps_or_drops_what_arrives_if_it_is_told_to() -> None:
    for arriving, kept, accepted in (
        ("speak", Priority.LOW, Priority.LOW),
        ("keep", EVERYTHING, Priority.LOW),
        ("drop", EVERYTHING, EVERYTHING),
    ):
        settings = Settings(mute=MuteSettings(arriving=arriving))  # type: ignore[arg-type]  # the names given above
        house = House(settings)
        assert house.restraints.now == Restraint()
        house.restraints.use(settings, muted=True)
        assert (house.restraints.now.begin_from, house.restraints.accept_from) == (kept, accepted)
        house.restraints.use(settings, muted=False)
        assert (house.restraints.now, house.restraints.accept_from) == (Restraint(), Priority.LOW)


def test_the_microphone_and_the_night_hold_back_together() -> None:
    house = House(Settings(quiet=QuietSettings(from_="11:00", to="13:00", timezone="Europe/Berlin")))
    house.restraints.hold(True)
    assert house.restraints.now == Restraint(begin_from=EVERYTHING)
    house.clock.advance(7200)
    house.restraints.look()
    assert house.restraints.now == Restraint(begin_from=Priority.URGENT)
    house.restraints.hold(False)
    assert house.applied[-1] == Restraint()
