"""The rules read lines whatever becomes of the store that they compare them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes import FakeClock

from ttsd.daemon.rules_in_force import RulesInForce
from ttsd.model import SourceName, Utterance, UtteranceId
from ttsd.settings import Duration, Settings, SourceSettings
from ttsd.speech.script import Script
from ttsd.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_store_that_fails_costs_no_line_its_reading(tmp_path: Path) -> None:
    clock = FakeClock()
    store = Store.open(tmp_path / "ttsd.db", clock=clock)
    rules = RulesInForce(store, clock, withdraw=lambda _: None)
    chat = SourceName("chat")
    settings = Settings(
        sources=(SourceSettings(name=chat, path="chat.log", key="score", duplicates=Duration(60)),)
    )
    reading = rules.make(settings)
    store.close()  # as a disk that fails
    line = Utterance(UtteranceId(1), "score: one to nil", chat, clock.time())
    assert isinstance(reading.read(line), Script)
    assert rules.make(settings) is rules.reading
    rules.close()
