"""The queue: order, states, totals, recovery and what SQLite cannot take."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock

from ttsd.errors import IllegalTransition, StoreError, StoreLocked
from ttsd.model import Line, Offset, Priority, SourceName, Spoken, State
from ttsd.store import Batch, Checkpoint, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import Utterance

CHAT = SourceName("chat")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    made = Store.open(tmp_path / "state" / "ttsd.db", clock=clock)
    yield made
    made.close()


def batch(*texts: str, offset: int = 10, **more: object) -> Batch:
    lines = tuple(Line(text, Offset(offset)) for text in texts)
    return Batch(CHAT, Checkpoint("/a.log", "1:2", Offset(offset)), lines, **more)  # type: ignore[arg-type]  # fields by name


def ended(one: Utterance, state: State = State.SPOKEN) -> Spoken:
    return Spoken(one.id, one.text, one.source, state, None, None, one.queued_at, one.queued_at + 1)


def test_lines_come_back_in_order_and_urgent_ones_first(store: Store) -> None:
    store.commit(batch("one", "two"))
    urgent = store.say("now!", priority=Priority.URGENT)
    first = store.next()
    assert first is not None
    assert first.id == urgent.id
    second = store.next({urgent.id})
    assert second is not None
    assert second.text == "one"
    assert [one.text for one in store.queued(9)] == ["now!", "one", "two"]


def test_an_utterance_goes_from_queued_over_speaking_to_the_history(store: Store) -> None:
    store.commit(batch("one"))
    one = store.next()
    assert one is not None
    store.begin(one.id)
    assert (store.counts().queued, store.counts().speaking) == (0, 1)
    store.requeue(one.id)
    assert store.next() == one
    store.begin(one.id)
    store.finish(ended(one))
    assert store.next() is None
    assert [how.text for how in store.history(9)] == ["one"]
    found = store.get(one.id)
    assert found is not None
    assert found.state is State.SPOKEN
    with pytest.raises(IllegalTransition):
        store.finish(ended(one))
    with pytest.raises(IllegalTransition):
        store.begin(one.id)


def test_totals_survive_a_restart_and_a_trim(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    store.commit(batch("one", "two"))
    one = store.next()
    assert one is not None
    store.finish(ended(one, State.SKIPPED))
    while store.trim(keep=0):
        pass
    assert store.history(9) == []
    before = store.counters()
    store.close()
    again = Store.open(tmp_path / "state" / "ttsd.db", clock=clock)
    assert again.counters() == before
    assert (before.lines, before.queued, before.skipped) == (2, 2, 1)
    assert again.counts().queued == 1
    again.close()


def test_what_was_speaking_is_queued_again_or_skipped_and_old_ones_expire(
    store: Store, clock: FakeClock
) -> None:
    store.say("stale", max_age=5)
    said = [store.say(text) for text in ("one", "two")]
    store.begin(said[0].id)
    clock.advance(6)
    decisions = store.recover("replay")
    assert [(one.old, one.new) for one in decisions] == [
        (State.QUEUED, State.EXPIRED),
        (State.SPEAKING, State.QUEUED),
    ]
    assert [one.text for one in store.queued(9)] == ["one", "two"]
    store.begin(said[0].id)
    assert [one.new for one in store.recover("skip")] == [State.SKIPPED]
    assert store.counts().queued == 1
    assert store.counts().speaking == 0


def test_a_full_queue_drops_the_oldest_or_the_newest_as_asked(store: Store) -> None:
    assert store.commit(batch("one", "two", max_queue=2)).dropped == 0
    assert store.commit(batch("three", max_queue=2)).dropped == 1
    assert [one.text for one in store.queued(9)] == ["two", "three"]
    assert store.commit(batch("four", max_queue=2, drop="newest")).dropped == 1
    assert [one.text for one in store.queued(9)] == ["two", "three"]
    assert store.commit(batch("a", "b", "c", max_queue=2)).dropped == 3
    assert [one.text for one in store.queued(9)] == ["b", "c"]
    assert store.counts().dropped == 5


def test_ids_are_never_used_twice(store: Store) -> None:
    one = store.say("one")
    store.finish(ended(one, State.SKIPPED))
    while store.trim(keep=0):
        pass
    assert store.say("two").id > one.id


def test_text_that_sqlite_cannot_keep_is_cleaned_and_not_fatal(store: Store) -> None:
    store.commit(batch("nul\0led", "lone \ud800 surrogate", 'quote " and \\ and \n'))
    assert store.say("a\0b\udfff").text == "ab?"
    assert [one.text for one in store.queued(9)] == [
        "nulled",
        "lone ? surrogate",
        'quote " and \\ and \n',
        "ab?",
    ]


def test_a_second_daemon_is_refused_and_told_who_holds_it(
    store: Store, tmp_path: Path, clock: FakeClock
) -> None:
    with pytest.raises(StoreLocked, match="another ttsd"):
        Store.open(tmp_path / "state" / "ttsd.db", clock=clock)
    assert store.say("still works").id


def test_the_folder_and_the_database_are_the_users_alone(store: Store, tmp_path: Path) -> None:
    store.say("private")
    folder = tmp_path / "state"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_synth_thread_is_woken_by_each_commit_that_queues(tmp_path: Path, clock: FakeClock) -> None:
    woken: list[int] = []
    store = Store.open(tmp_path / "ttsd.db", clock=clock, wake=lambda: woken.append(1))
    store.commit(batch())
    assert not woken
    store.commit(batch("one"))
    store.say("two")
    assert len(woken) == 2
    store.close()


def test_an_unknown_utterance_is_an_error_with_words(store: Store) -> None:
    one = store.say("one")
    with pytest.raises(StoreError, match="no utterance"):
        store.begin(type(one.id)(99))


def test_asking_for_counts_waits_for_no_disk(store: Store) -> None:
    store.say("waits")
    held, asked, answers = threading.Event(), threading.Event(), []

    def hold() -> None:
        with store._database.mutex:  # as a commit does, while a slow disk takes its time
            held.set()
            asked.wait(30)

    def ask() -> None:
        answers.append((store.counts().queued, store.counters().queued))

    holder, asker = threading.Thread(target=hold), threading.Thread(target=ask)
    holder.start()
    held.wait(30)
    asker.start()
    asker.join(30)
    asked.set()
    holder.join()
    assert answers == [(1, 1)]
