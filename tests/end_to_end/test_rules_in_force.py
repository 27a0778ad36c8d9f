"""Rules that reach beyond one line: interruption, withdrawal, floods, routes that make a line urgent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from daemon_process import REAL_TIME, configuration
from event_stream import EventStream
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

CHAT = """[[sources]]
path = "chat.json"
name = "chat"
start = "beginning"
format = "json"
key = "{id}"
withdraw = '"type":"(?:deleted","id":"(?P<key>[^"]+)|banned","user":"(?P<speaker>[^"]+))"'
"""


def write(daemon: DaemonProcess, *messages: dict[str, str]) -> None:
    """Append to the chat as one write."""
    lines = [json.dumps(message, separators=(",", ":")) + "\n" for message in messages]
    with (daemon.folder / "chat.json").open("a", encoding="utf-8") as file:
        file.write("".join(lines))


def message(id: str, user: str, text: str) -> dict[str, str]:
    return {"type": "message", "id": id, "user": user, "text": text}


def kept(daemon: DaemonProcess) -> list[tuple[str, str, str | None]]:
    """Text, state and reason of the history, oldest first."""
    past = daemon.call("history.list", limit=100)["utterances"]
    return [(one["text"], one["state"], one["reason"]) for one in sorted(past, key=lambda one: one["id"])]


def test_each_source_says_what_becomes_of_its_interrupted_lines(make_daemon: MakeDaemon) -> None:
    sources = "\n".join(
        f'[[sources]]\npath = "{how}.log"\nstart = "beginning"\ninterrupt = "{how}"'
        for how in ("drop", "queue", "resume")
    )
    sources += '\n[[sources]]\npath = "alarm.log"\nstart = "beginning"\npriority = "urgent"\n'
    daemon = make_daemon(configuration(output=REAL_TIME, pace=25) + sources).start()
    text = "This is the first sentence. This is the second one, and it is long enough to be cut in two."
    alarm = daemon.folder / "alarm.log"
    with EventStream(daemon.socket) as events:
        for how, state, again in (("drop", "dropped", None), ("queue", "queued", 0), ("resume", "queued", 1)):
            (daemon.folder / f"{how}.log").write_text(f"{text}\n")
            id = events.until("begin", source=f"{how}.log")["id"]
            events.until("sentence", id=id, index=1)
            with alarm.open("a") as file:
                file.write("fire\n")
            assert events.until("end", id=id)["state"] == state
            events.until("end", source="alarm.log", state="spoken")
            if again is not None:
                assert events.until("sentence", id=id)["index"] == again
                daemon.skip()
                events.until("end", id=id, state="skipped")


def test_a_route_makes_a_line_urgent_when_it_comes(make_daemon: MakeDaemon) -> None:
    route = '[[route]]\nmatch = "fire"\npriority = "urgent"\n'
    daemon = make_daemon(configuration(output=REAL_TIME, pace=20) + route).start()
    with EventStream(daemon.socket) as events:
        daemon.append("a line that is long enough to be interrupted by another one", "the third line")
        first = events.until("begin")["id"]
        daemon.append("there is a fire")
        events.until("end", id=first, state="queued")
        assert events.until("begin")["text"] == "there is a fire"
        events.until("begin", text="the third line")


LONG = "this message goes on for a while and then for another while until somebody stops it"


def test_a_message_that_is_deleted_while_it_sounds_falls_silent_and_leaves_no_text(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=25) + CHAT).start()
    with EventStream(daemon.socket) as events:
        write(daemon, message("m1", "ana", LONG), message("m2", "bo", "a harmless one"))
        first = events.until("begin")["id"]
        write(daemon, {"type": "deleted", "id": "m1"})
        events.until("withdrawn", id=first)
        events.until("end", id=first, state="dropped")
        assert "harmless" in events.until("begin")["text"]
        events.until("end", state="spoken")
    wait_for(lambda: len(kept(daemon)) == 3, "the history")
    assert kept(daemon)[0] == ("", "dropped", "withdrawn")
    assert kept(daemon)[2][1:] == ("dropped", "withdraw: it tells of a deletion")


def test_who_is_banned_is_taken_back_from_voice_queue_and_history_and_may_come_back(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=30) + CHAT).start()
    with EventStream(daemon.socket) as events:
        write(daemon, message("m1", "Bo", "first of all"), message("m2", "ana", "hello"))
        events.until("begin", text=json.dumps(message("m2", "ana", "hello"), separators=(",", ":")))
        events.until("end", state="spoken")
        write(daemon, message("m3", "bo", LONG), message("m4", "ana", "still here"), message("m5", "bo", "x"))
        sounding = events.until("begin")["id"]
        write(daemon, {"type": "banned", "user": "bo"}, message("m6", "bo", "I am back"))
        events.until("end", id=sounding, state="dropped")
        events.until("begin", text=json.dumps(message("m6", "bo", "I am back"), separators=(",", ":")))
        events.until("end", state="spoken")

    def withdrawn() -> list[str]:
        return [text for text, _, reason in kept(daemon) if reason == "withdrawn"]

    wait_for(lambda: len(withdrawn()) == 3, "three to be withdrawn")
    assert withdrawn() == ["", "", ""]
    left = [json.loads(text)["text"] for text, state, _ in kept(daemon) if state == "spoken" and text]
    assert left == ["hello", "still here", "I am back"]


def test_messages_are_withdrawn_by_hand(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=50) + CHAT).start()
    with EventStream(daemon.socket) as events:
        daemon.call("pause")
        ids = [daemon.say(f"number {number}", key=f"k{number}") for number in range(3)]
        write(daemon, message("m1", "ana", "hello"))
        events.until("queued", source="chat")
        done = daemon.ttsd("withdraw", str(ids[0]))
        assert done.stdout == "withdrew 1\n", done.stderr
        assert daemon.call("withdraw", key="k1") == {"withdrawn": 1, "ids": [ids[1]]}
        assert daemon.call("withdraw", speaker="ANA ", source="chat")["withdrawn"] == 1
        assert daemon.call("withdraw", speaker="nobody")["withdrawn"] == 0
        # What was prepared is silent at once, and leaves the list when its end is recorded.
        wait_for(
            lambda: [one["id"] for one in daemon.call("queue.list")["utterances"]] == [ids[2]], "it to leave"
        )
        daemon.call("resume")
        events.until("end", id=ids[2], state="spoken")
        assert daemon.call("withdraw", id=ids[2])["withdrawn"] == 1
        assert daemon.call("withdraw", id=ids[2])["withdrawn"] == 0, "it was withdrawn before"
    assert all(text == "" and reason == "withdrawn" for text, _, reason in kept(daemon))
    assert daemon.ttsd("replay", str(ids[2])).returncode != 0
    assert "number" not in json.dumps(daemon.call("history.list"))


def test_what_a_limit_has_cost_is_said_when_the_flood_is_over(make_daemon: MakeDaemon) -> None:
    rule = 'limit = { messages = 2, per = "1h" }\ntell_skipped = true'
    text = configuration().replace('path = "chat.log"', f'path = "chat.log"\n{rule}')
    daemon = make_daemon(text).start()
    daemon.append("one", "two", "three", "four", "five")
    daemon.wait_until_spoken(3)
    assert [one["text"] for one in daemon.spoken()] == ["one", "two", "3 messages skipped"]
    assert daemon.spoken()[-1]["source"] == "ttsd"


def test_what_a_full_queue_has_cost_is_said_before_what_is_left_of_it(make_daemon: MakeDaemon) -> None:
    rule = "max_queue = 2\ntell_skipped = true"
    text = configuration().replace('path = "chat.log"', f'path = "chat.log"\n{rule}')
    daemon = make_daemon(text).start()
    with EventStream(daemon.socket) as events:
        daemon.call("pause")
        daemon.append(*(f"line {number}" for number in range(9)))
        told = events.until("queued", source="ttsd")
        assert told["text"] == "7 messages skipped"
        daemon.call("resume")
        assert events.until("begin")["id"] == told["id"]
