"""Pause, stop, skip and clear are different things; priorities, keys and ages do what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from daemon_process import REAL_TIME, DaemonProcess, configuration
from event_stream import EventStream
from waiting import wait_for

from ttsd.control.client import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

PACE = 60
"""Characters of a second."""
SHORT = "half a second sounds"
LONG = f"{SHORT} {SHORT} {SHORT}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon that speaks into nothing in real time, for all tests of this file."""
    daemon = DaemonProcess(tmp_path_factory.mktemp("voice"), configuration(output=REAL_TIME, pace=PACE))
    yield daemon.start()
    daemon.close()


@pytest.fixture
def daemon(shared: DaemonProcess) -> DaemonProcess:
    """The same, with nothing left of the test before."""
    shared.call("resume")

    def quiet() -> bool:
        shared.call("clear")
        shared.call("skip")
        status = shared.status()
        return bool(status["state"] == "idle" and status["queue"] == {"queued": 0, "speaking": 0})

    wait_for(quiet, "silence")
    return shared


@pytest.fixture
def events(daemon: DaemonProcess) -> Iterator[EventStream]:
    with EventStream(daemon.socket) as stream:
        yield stream


def waiting(daemon: DaemonProcess) -> list[int]:
    return [utterance["id"] for utterance in daemon.call("queue.list")["utterances"]]


def prepared(daemon: DaemonProcess) -> None:
    """Wait until nothing more is to be synthesised ahead."""
    idle = 0

    def twice() -> bool:
        nonlocal idle
        idle = idle + 1 if daemon.status()["chain"][0]["state"] == "ready" else 0
        return idle > 5

    wait_for(twice, "the engine to have done its work")


# ---- pause, stop, skip, clear


def test_pause_keeps_what_sounds_and_what_waits_and_goes_on_in_the_middle(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first = daemon.say(LONG)
    events.until("begin", id=first)
    assert daemon.call("pause") == {"state": "paused"}
    second = daemon.say(SHORT)
    events.until("queued", id=second)
    status = daemon.status()
    assert (status["state"], status["now"]["id"], waiting(daemon)) == ("paused", first, [second])
    events.drain()
    assert events.of("end", "skipped", "dropped") == []
    assert daemon.call("resume")["state"] in ("speaking", "idle")
    events.until("end", id=second, state="spoken")
    assert events.of("begin", "end") == [("begin", first), ("end", first), ("begin", second), ("end", second)]
    assert [told.name for told in events.seen if told.name in ("paused", "resumed")] == ["paused", "resumed"]


def test_stop_gives_up_what_sounds_at_once_and_keeps_the_rest(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first, second = daemon.say(LONG), daemon.say(SHORT)
    events.until("begin", id=first)
    assert daemon.call("stop") == {"skipped": first}
    events.until("end", id=first, state="skipped")
    assert (daemon.status()["state"], waiting(daemon)) == ("paused", [second])
    assert daemon.status()["now"] is None
    daemon.call("resume")
    events.until("end", id=second, state="spoken")
    assert events.of("skipped", "end") == [("skipped", first), ("end", first), ("end", second)]


def test_stop_gives_up_nothing_that_did_not_sound(daemon: DaemonProcess, events: EventStream) -> None:
    daemon.call("pause")
    first = daemon.say(SHORT)
    prepared(daemon)
    assert daemon.call("stop") == {"skipped": None}
    assert waiting(daemon) == [first]
    daemon.call("resume")
    events.until("end", id=first, state="spoken")


def test_skip_ends_what_sounds_and_the_next_one_follows(daemon: DaemonProcess, events: EventStream) -> None:
    first, second = daemon.say(LONG), daemon.say(SHORT)
    events.until("begin", id=first)
    assert daemon.call("skip") == {"skipped": first}
    events.until("end", id=second, state="spoken")
    assert events.of("begin", "skipped", "end") == [
        *(("begin", first), ("skipped", first), ("end", first)),
        *(("begin", second), ("end", second)),
    ]
    assert daemon.call("skip") == {"skipped": None}


def test_what_is_skipped_in_a_pause_ends_in_the_pause_and_its_waiter_is_answered(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first = daemon.say(LONG)
    events.until("begin", id=first)
    daemon.call("pause")
    assert daemon.call("skip") == {"skipped": first}
    events.until("end", id=first, state="skipped")
    assert daemon.status()["state"] == "paused"


def test_clear_gives_up_what_waits_and_what_sounds_sounds_on(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first, *others = (daemon.say(SHORT) for _ in range(4))
    events.until("begin", id=first)
    prepared(daemon)
    assert daemon.call("clear") == {"dropped": 3}
    assert waiting(daemon) == []
    events.until("end", id=first, state="spoken")
    events.drain()
    assert events.of("dropped", "begin", "end") == [
        ("begin", first),
        *(("dropped", id) for id in others),
        ("end", first),
    ]
    assert {told.fields["reason"] for told in events.seen if told.name == "dropped"} == {"cleared"}


def test_clear_of_one_source_leaves_the_others(daemon: DaemonProcess, events: EventStream) -> None:
    daemon.call("pause")
    one, other = daemon.say("of a bot", source="bot"), daemon.say("of a friend", source="friend")
    assert daemon.call("clear", source="bot") == {"dropped": 1}
    assert waiting(daemon) == [other]
    events.until("dropped", id=one, source="bot")


# ---- the queue by hand


def test_the_queue_is_listed_in_the_order_of_speech_and_edited_by_hand(
    daemon: DaemonProcess, events: EventStream
) -> None:
    daemon.call("pause")
    one, two, three = (daemon.say(f"number {number}") for number in (1, 2, 3))
    urgent = daemon.say("first of all", priority="high")
    prepared(daemon)
    assert waiting(daemon) == [urgent, one, two, three]
    assert daemon.call("queue.move", id=three) == {"id": three, "position": 0}
    assert waiting(daemon) == [urgent, three, one, two]
    assert daemon.call("queue.remove", id=one) == {"id": one, "state": "dropped"}
    assert waiting(daemon) == [urgent, three, two]
    assert [u["id"] for u in daemon.call("queue.list", limit=1)["utterances"]] == [urgent]
    daemon.call("resume")
    events.until("end", id=two)
    assert [id for _, id in events.of("begin")] == [urgent, three, two]


@pytest.mark.parametrize("method", ["queue.remove", "queue.move"])
def test_what_does_not_wait_cannot_be_edited(daemon: DaemonProcess, events: EventStream, method: str) -> None:
    done = daemon.say("over")
    events.until("end", id=done)
    for id in (done, done + 1000):
        with pytest.raises(Refused, match="waits in the queue") as refused:
            daemon.call(method, id=id)
        assert (refused.value.reason, bool(refused.value.next_step)) == ("usage", True)


# ---- history


def test_what_was_spoken_can_be_spoken_again(daemon: DaemonProcess, events: EventStream) -> None:
    first = daemon.say("remember me")
    events.until("end", id=first)
    second = daemon.say("and me")
    events.until("end", id=second)
    newest, older = daemon.call("history.list", limit=2)["utterances"]
    assert (newest["id"], newest["text"], newest["state"]) == (second, "and me", "spoken")
    assert (older["id"], older["text"]) == (first, "remember me")
    again = daemon.call("history.replay")["id"]
    assert events.until("begin", id=again)["text"] == "and me"
    other = daemon.call("history.replay", id=first)["id"]
    assert events.until("begin", id=other)["text"] == "remember me"
    with pytest.raises(Refused, match="no utterance"):
        daemon.call("history.replay", id=99_999)


# ---- who goes first


def test_urgent_interrupts_and_the_interrupted_goes_on_at_its_sentence(
    daemon: DaemonProcess, events: EventStream
) -> None:
    text = f"The first of the sentences. The {SHORT} {SHORT} second. And the third."
    first, second = daemon.say(text), daemon.say("waits its turn")
    events.until("sentence", id=first, index=1)
    urgent = daemon.say("fire", priority="urgent")
    events.until("end", id=second)
    heard = [
        (told.name, told.fields["id"], told.fields.get("index", told.fields.get("state")))
        for told in events.seen
        if told.name in ("begin", "sentence", "end")
    ]
    assert heard == [
        *(("begin", first, None), ("sentence", first, 0), ("sentence", first, 1), ("end", first, "queued")),
        *(("begin", urgent, None), ("sentence", urgent, 0), ("end", urgent, "spoken")),
        *(("begin", first, None), ("sentence", first, 1), ("sentence", first, 2), ("end", first, "spoken")),
        *(("begin", second, None), ("sentence", second, 0), ("end", second, "spoken")),
    ]


def test_high_goes_before_what_is_synthesised_ahead_but_interrupts_nothing(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first, second = daemon.say(LONG), daemon.say("synthesised ahead")
    events.until("begin", id=first)
    prepared(daemon)
    high = daemon.say("goes before it", priority="high")
    events.until("end", id=second)
    assert events.of("begin", "end") == [
        (name, id) for id in (first, high, second) for name in ("begin", "end")
    ]


def test_low_is_dropped_while_anything_else_sounds_or_waits(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first = daemon.say(SHORT)
    events.until("begin", id=first)
    low = daemon.say("never mind", priority="low")
    assert events.until("dropped", id=low)["reason"]
    events.until("end", id=first)
    alone = daemon.say("now there is time", priority="low")
    events.until("end", id=alone, state="spoken")


def test_a_key_replaces_what_waits_also_what_is_synthesised_ahead(
    daemon: DaemonProcess, events: EventStream
) -> None:
    first, old = daemon.say(LONG), daemon.say("the score is 1", key="score")
    events.until("begin", id=first)
    prepared(daemon)
    new = daemon.say("the score is 2", key="score")
    events.until("dropped", id=old)
    newest = daemon.say("the score is 3", key="score")
    events.until("end", id=newest)
    assert [id for _, id in events.of("begin")] == [first, newest]
    assert [id for _, id in events.of("dropped")] == [old, new]


def test_a_key_does_not_replace_what_sounds(daemon: DaemonProcess, events: EventStream) -> None:
    first = daemon.say(SHORT, key="score")
    events.until("begin", id=first)
    second = daemon.say("the next one", key="score")
    events.until("end", id=second)
    assert events.of("end", "dropped") == [("end", first), ("end", second)]


def test_what_is_too_old_when_its_turn_comes_is_not_said(daemon: DaemonProcess, events: EventStream) -> None:
    first = daemon.say(LONG)
    events.until("begin", id=first)
    old, last = daemon.say("news of yesterday", max_age="200ms"), daemon.say("fresh")
    prepared(daemon)
    events.until("end", id=last)
    assert [id for _, id in events.of("begin")] == [first, last]
    assert [id for _, id in events.of("expired")] == [old]


def test_what_became_too_old_in_a_pause_is_not_said_after_it(
    daemon: DaemonProcess, events: EventStream
) -> None:
    daemon.call("pause")
    old, new = daemon.say("news of yesterday", max_age="200ms"), daemon.say("fresh")
    prepared(daemon)
    events.drain(0.3)
    daemon.call("resume")
    events.until("end", id=new)
    assert [id for _, id in events.of("begin")] == [new]
    assert [id for _, id in events.of("expired")] == [old]


def test_say_with_wait_answers_how_it_ended(daemon: DaemonProcess) -> None:
    ended: dict[str, Any] = daemon.call("say", text="to the end", wait=True)
    assert (ended["state"], ended["engine"], ended["reason"]) == ("spoken", "tone", None)
    assert ended["seconds"] == pytest.approx(10 / PACE, abs=0.1)
    assert daemon.call("say", text="nobody's voice", voice="nobody", wait=True)["state"] == "failed"
