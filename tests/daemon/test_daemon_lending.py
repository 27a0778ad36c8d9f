"""What is spoken elsewhere ends for everybody as if it had been spoken here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock

from ttsd import commands, events
from ttsd.daemon.audience import Audience
from ttsd.daemon.lending import Lending
from ttsd.daemon.waiting_list import WaitingList
from ttsd.model import SAY, EngineName, State
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import Spoken, Utterance


class Library:
    """Lending on a real store, and what was told of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = clock = FakeClock()
        self.told = list[events.Event]()
        audience = Audience()
        audience.join(self.told.append)
        self.ended: list[Spoken] = []
        self.gone: list[tuple[tuple[Utterance, ...], str]] = []
        self.store = Store.open(folder / "ttsd.db", clock=clock)
        queue = WaitingList(
            self.store, lambda: None, clock, audience, gone=lambda *what: self.gone.append(what)
        )
        self.lending = Lending(
            *(self.store, lambda: None, clock, audience, queue), ended=self.ended.append, wake=lambda: None
        )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path)
    yield made
    made.store.close()


def test_who_waits_for_an_utterance_is_told_when_it_was_spoken_elsewhere(library: Library) -> None:
    said = library.store.say("hello")
    assert library.lending.borrow(SAY) == said
    library.lending.take_back(
        commands.Return(id=said.id, spoken=True, seconds=1.5, engine=EngineName("piper"), voice="joe")
    )
    (ended,) = library.ended
    assert (ended.id, ended.state, ended.seconds) == (said.id, State.SPOKEN, 1.5)
    assert [event.name for event in library.told] == ["begin", "end"]


def test_who_waits_for_an_utterance_is_told_when_its_rules_dropped_it_elsewhere(library: Library) -> None:
    said = library.store.say("a command")
    library.lending.borrow(SAY)
    library.lending.take_back(commands.Return(id=said.id, reason="excluded"))
    ((gone, reason),) = library.gone
    assert ([one.id for one in gone], reason) == ([said.id], "excluded")
    assert [event.name for event in library.told] == ["dropped"]
    assert library.store.counts().queued == 0


def test_what_was_not_heard_elsewhere_waits_again(library: Library) -> None:
    said = library.store.say("hello")
    library.lending.borrow(SAY)
    assert library.store.next() is None
    library.lending.take_back(commands.Return(id=said.id))
    assert library.store.next() == said


def test_what_is_too_old_is_not_lent(library: Library) -> None:
    old, new = library.store.say("old news", max_age=5), library.store.say("new")
    library.clock.advance(6)
    assert library.lending.borrow(SAY) == new
    assert [event.name for event in library.told] == ["expired"]
    assert [(ended.id, ended.state) for ended in library.ended] == [(old.id, State.EXPIRED)]
