"""What is taken back is not heard, at whatever moment it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fakes import FakeClock

from ttsd.daemon.audience import Audience
from ttsd.daemon.waiting_list import WaitingList
from ttsd.daemon.withdrawals import Withdrawals
from ttsd.model import Utterance, UtteranceId
from ttsd.settings import Settings
from ttsd.store import Store
from ttsd.text.rules import Extras, RuleBook
from ttsd.text.withdraw import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Voice:
    """A speaker that sounds what it is told to."""

    def __init__(self) -> None:
        self.sounds: list[Utterance] = []

    @contextmanager
    def editing(self, which: Callable[[Utterance], bool]) -> Iterator[tuple[UtteranceId, ...]]:
        yield tuple(one.id for one in self.sounds if which(one))

    def take_back(self, which: Callable[[Utterance], bool], reason: str) -> tuple[Utterance, ...]:
        del reason
        gone = tuple(filter(which, self.sounds))
        self.sounds = [one for one in self.sounds if one not in gone]
        return gone


def test_what_begins_while_the_queue_is_looked_through_is_silenced_too(tmp_path: Path) -> None:
    voice, clock, audience = Voice(), FakeClock(), Audience()
    book = RuleBook(Settings(), Extras())
    store = Store.open(tmp_path / "ttsd.db", clock=clock)
    queue = WaitingList(store, lambda: voice, clock, audience, gone=lambda *_: None)  # type: ignore[arg-type, return-value]  # fakes
    withdrawals = Withdrawals(store, queue, lambda: voice, lambda: book, clock, audience)  # type: ignore[arg-type, return-value]  # fakes
    secret = store.say("a secret")
    target = Target(id=secret.id)
    assert withdrawals.now(target) == ()
    voice.sounds = [secret]  # its turn has come
    assert withdrawals.rest(target) == (secret.id,)
    assert voice.sounds == []
    store.close()
