"""People take utterances out of the queue and move them; nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsd.errors import StoreError
from ttsd.model import Priority, SourceName, State, UtteranceId
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "ttsd.db", clock=FakeClock())
    yield made
    made.close()


def texts(store: Store) -> list[str]:
    return [utterance.text for utterance in store.queued(1000)]


def test_clearing_a_source_leaves_the_others_and_what_sounds(store: Store) -> None:
    a, b = SourceName("a"), SourceName("b")
    sounding = store.say("a0", source=a)
    for text, source in (("a1", a), ("b1", b), ("a2", a)):
        store.say(text, source=source)
    store.begin(sounding.id)
    gone = store.drop(source=a, reason="cleared")
    assert [utterance.text for utterance in gone] == ["a1", "a2"]
    assert texts(store) == ["b1"]
    assert store.counts().dropped == 2
    assert store.counts().speaking == 1
    assert {spoken.reason for spoken in store.history(10)} == {"cleared"}


def test_what_is_excluded_stays(store: Store) -> None:
    kept = store.say("kept")
    store.say("gone")
    assert len(store.drop(exclude=[kept.id], reason="cleared")) == 1
    assert texts(store) == ["kept"]


def test_a_key_takes_out_its_own(store: Store) -> None:
    store.say("old score", key="score")
    store.say("other")
    store.drop(key="score", reason="replaced")
    assert texts(store) == ["other"]


def test_moving_keeps_to_the_priority(store: Store) -> None:
    store.say("high", priority=Priority.HIGH)
    one = store.say("one")
    store.say("two")
    store.move(one.id, 5)
    assert texts(store) == ["high", "two", "one"]


def test_what_sounds_or_is_unknown_cannot_be_moved(store: Store) -> None:
    said = store.say("x")
    store.begin(said.id)
    with pytest.raises(StoreError):
        store.move(said.id, 0)
    with pytest.raises(StoreError):
        store.move(UtteranceId(99), 0)
    assert store.get(said.id).state is State.SPEAKING  # type: ignore[union-attr]  # it is there


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), max_size=12))
def test_moves_do_to_the_queue_what_they_do_to_a_list(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int]]
) -> None:
    store = Store.open(tmp_path_factory.mktemp("moves") / "ttsd.db", clock=FakeClock())
    model = [store.say(str(n)) for n in range(8)]
    for index, position in moves:
        moved = model.pop(index)
        model.insert(position, moved)
        store.move(moved.id, position)
        assert texts(store) == [utterance.text for utterance in model]
    store.close()
