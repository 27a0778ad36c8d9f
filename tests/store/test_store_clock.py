"""The clock of the wall may jump: what waits is not lost, and what is over is kept as far as it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock

from ttsd.model import Spoken, State
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import Utterance

DAY = 86_400.0


class WallClock(FakeClock):
    """One that is set."""

    def set_by(self, seconds: float) -> None:
        """Time of day jumps; monotonic time does not."""
        self._time += seconds


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def store(tmp_path: Path, clock: WallClock) -> Iterator[Store]:
    opened = Store.open(tmp_path / "ttsd.db", clock=clock)
    yield opened
    opened.close()


def speak(store: Store, utterance: Utterance, clock: WallClock) -> None:
    store.begin(utterance.id)
    store.finish(
        Spoken(
            utterance.id, utterance.text, utterance.source, State.SPOKEN, None, None, 0.0, clock.time(), 1.0
        )
    )


@pytest.mark.parametrize("jump", [-DAY, -3600.0])
def test_a_clock_that_is_set_back_makes_nothing_older_and_keeps_the_order(
    store: Store, clock: WallClock, jump: float
) -> None:
    first = store.say("said before", max_age=60)
    clock.set_by(jump)
    second = store.say("said after", max_age=60)
    assert store.recover("replay") == [], "nothing has expired"
    assert [u.id for u in store.queued(10)] == [first.id, second.id]
    clock.advance(61)
    assert [(one.id, one.new) for one in store.recover("replay")] == [(second.id, State.EXPIRED)]
    assert [u.id for u in store.queued(10)] == [first.id], "rather late than never"


def test_a_clock_that_is_set_back_costs_no_history(store: Store, clock: WallClock) -> None:
    for number in range(5):
        speak(store, store.say(f"number {number}"), clock)
        clock.set_by(-DAY)
    assert store.trim(keep=100, max_age=3600) == 0
    assert len(store.history(10)) == 5
    assert store.trim(keep=2, max_age=3600) == 3, "the number holds whatever the clock says"
    assert {spoken.text for spoken in store.history(10)} == {"number 3", "number 4"}


def test_a_clock_that_is_set_forward_expires_what_may_expire_and_nothing_else(
    store: Store, clock: WallClock
) -> None:
    lasting, fleeting = store.say("lasting"), store.say("fleeting", max_age=60)
    clock.set_by(DAY)
    assert [(one.id, one.new) for one in store.recover("replay")] == [(fleeting.id, State.EXPIRED)]
    assert [u.id for u in store.queued(10)] == [lasting.id]
