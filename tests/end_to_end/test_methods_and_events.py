"""Every method and every event of docs/control.md, from a real daemon."""

from __future__ import annotations

import json
import random
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from control_parts import Raw
from daemon_process import REAL_TIME, UNTIMED, configuration
from event_stream import EventStream
from waiting import wait_for

from ttsd.commands import METHODS, EventName
from ttsd.control.client import Refused

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon
    from event_stream import Told

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "control.md").read_text(encoding="utf-8")
SHORT = "half a second sounds"


def promised_keys() -> dict[str, set[str]]:
    """The keys of each method's answer that the document names."""
    rows = re.findall(r"^\| `([a-z.]+)` \|.*\| (.*) \|$", DOCUMENT.split("## Events")[0], re.MULTILINE)
    return {
        method: set(re.findall(r"`([a-z_]+)`", re.split("[;,] (as in|with)", result)[0]))
        for method, result in rows
    }


def test_every_method_answers_with_the_keys_that_are_promised(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=60)).start()
    daemon.append(SHORT)
    daemon.wait_until_speaking()
    daemon.call("pause")
    first, second = daemon.say("one"), daemon.say("two")
    calls: dict[str, dict[str, object]] = {
        "ping": {},
        "version": {},
        "status": {},
        "subscribe": {"events": ["begin"]},
        "queue.list": {},
        "queue.move": {"id": second},
        "queue.remove": {"id": first},
        "say": {"text": "three"},
        "stop": {},
        "resume": {},
        "pause": {},
        "skip": {},
        "clear": {},
        "withdraw": {"key": "nobody's"},
        "history.list": {"limit": 5},
        "history.replay": {"id": 1},
        "volume.get": {},
        "volume.set": {"volume": 100},
        "level.get": {},
        "mute": {"on": False},
        "engine.list": {},
        "engine.facts": {},
        "engine.unload": {"engine": "tone"},
        "engine.switch": {"engine": "tone"},
        "voice.list": {},
        "device.list": {},
        "source.list": {},
        "source.disable": {"source": "chat.log"},
        "source.enable": {"source": "chat.log"},
        "profile.list": {},
        "profile.use": {},
        "reload": {},
        "shutdown": {},
    }
    assert set(calls) == set(METHODS)
    promised = promised_keys()
    for method, params in calls.items():
        answer = daemon.call(method, **params)
        if method == "ping":
            assert answer == "pong"
        elif isinstance(answer, list):
            assert promised[method] <= answer[0].keys(), method
        elif method != "status":
            assert promised[method] <= answer.keys(), (method, answer)
    assert daemon.wait() == 0


def test_every_event_comes_with_the_fields_that_are_promised(make_daemon: MakeDaemon) -> None:
    text = configuration(engines=["tone", "hibari"], output=REAL_TIME, pace=60)
    text += '[voice.deep.convert]\ncommand = ["no-such-program"]\n'
    daemon = make_daemon(text + '[[sources]]\npath = "other.log"\n').start()
    other = daemon.folder / "other.log"
    with EventStream(daemon.socket) as events:
        skipped = "skip this, which is long enough to be skipped on a busy machine"
        daemon.append(SHORT, skipped)
        events.until("source", state="following", path=str(daemon.chat))
        events.until("word", text="half")
        daemon.say("never said", max_age="1ms")
        daemon.say("nobody's voice", voice="nobody")
        daemon.say("not now", priority="low")
        events.until("begin", text=skipped)
        daemon.call("skip")
        daemon.call("withdraw", speaker="nobody")
        assert daemon.call("withdraw", id=events.until("failed")["id"])["withdrawn"] == 1
        events.until("withdrawn")
        daemon.call("pause")
        daemon.call("resume")
        daemon.say("in a voice that cannot be made", voice="deep", priority="high")
        events.until("conversion", voice="deep")
        other.write_text("one more\n")
        events.until("source", state="following", path=str(other))
        daemon.switch("hibari")
        events.until("engine", state="head", chain=["hibari", "tone"])
        daemon.call("source.disable", source="chat.log")
        events.until("source", state="disabled")
        other.unlink()
        events.until("source", state="gone", path=str(other))
        daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
        events.until("device", state="open")  # one is closed, and the other taken
        events.drain()
        daemon.config.write_text("no = such")
        assert "no" in events.until("config", ok=False)["problems"][0]
    rows = DOCUMENT.split("## Events")[1].split("## Errors")[0]
    promised = dict(re.findall(r"^\| `([a-z]+)` \| (.*?) \|", rows, re.MULTILINE))
    assert ("device", "closed") in {(told.name, told.fields.get("state")) for told in events.seen}
    assert {told.name for told in events.seen} == set(get_args(EventName)) == set(promised)
    for told in events.seen:
        assert set(re.findall(r"`(\w+)`", promised[told.name])) | {"at"} == told.fields.keys(), told.name


def test_what_a_full_queue_costs_is_told_and_what_is_on_its_way_is_spared(make_daemon: MakeDaemon) -> None:
    text = configuration(output=REAL_TIME, pace=100, speech='ahead = "0s"')
    daemon = make_daemon(text.replace('path = "chat.log"', 'path = "chat.log"\nmax_queue = 3')).start()
    with EventStream(daemon.socket) as events:
        for number in range(0, 40, 2):
            daemon.append(f"line number {number}", f"line number {number + 1}")
            events.drain(0.03)
        last = events.until("begin", text="line number 39")["id"]
        events.until("end", id=last, state="spoken")
        events.drain(0.3)
    check_story(events.seen)
    dropped = {id for _, id in events.of("dropped")}
    assert dropped
    assert dropped.isdisjoint(id for _, id in events.of("begin")), "its turn had come"
    reasons = {told.fields["reason"] for told in events.seen if told.name == "dropped"}
    assert reasons == {"the queue of its source was full"}
    assert {one.id for one in daemon.history() if one.state == "dropped"} == dropped
    assert "Traceback" not in daemon.stderr()


def test_a_waiter_is_answered_whatever_becomes_of_its_utterance(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=60)).start()
    daemon.call("pause")
    with Raw(daemon.socket) as raw:
        for number, key in enumerate(["same", "same", "other"], 1):
            raw.ask("say", number, text=f"number {number}", key=key, wait=True)
        first = raw.read()
        assert (first["id"], first["result"]["state"]) == (1, "dropped"), "replaced by its key"
        waiting = wait_for(lambda: daemon.call("queue.list")["utterances"], "the queue")
        daemon.call("queue.remove", id=waiting[0]["id"])
        assert raw.read()["result"]["reason"] == "removed"
        wait_for(lambda: daemon.status()["queue"]["queued"] == 1, "the third")
        daemon.call("clear")
        third = raw.read()
        assert (third["id"], third["result"]["state"], third["result"]["reason"]) == (3, "dropped", "cleared")


def test_volume_and_mute_and_a_disabled_source_outlast_a_restart(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED)).start()
    assert daemon.call("volume.get") == {"volume": 100, "muted": False}
    assert daemon.call("volume.set", volume=80) == {"volume": 80, "muted": False}
    assert daemon.call("mute") == {"volume": 80, "muted": True}
    with pytest.raises(Refused, match="150"):
        daemon.call("volume.set", volume=151)
    daemon.call("source.disable", source="chat.log")
    daemon.kill()
    daemon.start()
    assert daemon.call("volume.get") == {"volume": 80, "muted": True}
    assert daemon.status()["sources"][0]["waiting"] == "disabled"
    assert daemon.call("mute", on=False) == {"volume": 80, "muted": False}


def test_a_disabled_source_keeps_its_place_and_loses_no_line(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon().start()
    daemon.append("before")
    daemon.wait_until_spoken(1)
    assert daemon.call("source.disable", source="chat.log")["state"] == "disabled"
    daemon.append("while it was", "disabled")
    daemon.say("others go on")
    daemon.wait_until_spoken(2)
    daemon.terminate()
    daemon.start()
    daemon.call("source.enable", source="chat.log")
    daemon.append("and after")
    daemon.wait_until_spoken(5)
    assert daemon.texts() == ["before", "others go on", "while it was", "disabled", "and after"]
    with pytest.raises(Refused, match=r"the sources: chat\.log"):
        daemon.call("source.enable", source="chat")


def test_a_subscriber_that_does_not_read_is_dropped_with_a_last_word(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED)).start()
    daemon.call("pause")
    with Raw(daemon.socket) as lazy, EventStream(daemon.socket, "queued") as busy:
        lazy.ask("subscribe", 1, events=["queued"])
        assert lazy.read()["result"] == {"events": ["queued"]}
        big = "long " * 38_000
        for _ in range(20):
            daemon.say(big)
            busy.until("queued")
        daemon.call("clear")
        lines = [json.loads(line) for line in iter(lazy.line, b"")]
    assert lines[-1]["method"] == "bye"
    assert lines[-1]["params"]["code"] == "too-slow"
    assert [line["method"] for line in lines[:-1]] == ["queued"] * (len(lines) - 1)
    assert len(lines) - 1 < 20 == len(busy.seen)
    assert daemon.call("ping") == "pong"


# ---- exactly one end for each begin, whatever people do


def check_story(seen: list[Told]) -> None:
    """What is true of every stream of events."""
    sounding: int | None = None
    over: dict[int, str] = {}
    for name, fields in seen:
        id = int(fields.get("id", 0))
        if name == "begin":
            assert sounding is None, f"{id} began while {sounding} sounds"
            assert id not in over, f"{id} began after it was {over[id]}"
            sounding = id
        elif name in ("sentence", "word"):
            assert id == sounding, f"a {name} of {id} while {sounding} sounds"
        elif name == "end":
            assert id == sounding, f"{id} ended while {sounding} sounds"
            sounding = None
            if fields["state"] == "spoken":
                over[id] = "spoken"
            elif fields["state"] != "queued":
                assert over.get(id) == fields["state"], (
                    f"{id} ended as {fields['state']} without saying so before"
                )
        elif name in ("skipped", "failed", "expired", "dropped"):
            assert id not in over, f"{id} was {over.get(id)} and then {name}"
            over[id] = name
    assert sounding is None, f"{sounding} has no end"


def step(daemon: DaemonProcess, chance: random.Random) -> None:
    """One thing that somebody may do."""
    say: list[dict[str, Any]] = [
        {},
        {},
        {"priority": "urgent"},
        {"priority": "high"},
        {"priority": "low"},
        {"key": "same"},
        {"max_age": 0.05},
        {"voice": "nobody"},
    ]
    text = ". ".join("abc " * chance.randrange(1, 6) for _ in range(chance.randrange(1, 4)))
    queue = [u["id"] for u in daemon.call("queue.list")["utterances"]]
    match chance.randrange(17):
        case 0 | 1 | 2 | 3 | 4:
            daemon.say(text, **chance.choice(say))
        case 5:
            daemon.append(text, text)
        case 6:
            daemon.call("skip")
        case 7:
            daemon.call("stop")
        case 8:
            daemon.call("pause")
        case 9 | 10:
            daemon.call("resume")
        case 11:
            daemon.call("clear" if chance.random() < 0.3 else "history.list")
        case 12:
            daemon.switch(chance.choice(["tone", "hibari"]))
        case 13:
            rate = chance.choice([8000, 16000, 48000])
            settings = daemon.config.read_text()
            daemon.config.write_text(
                re.sub(r'(type = "null")(\nrate = \d+)?', f'type = "null"\\nrate = {rate}', settings)
            )
            daemon.call("reload")
        case 14:
            daemon.call("withdraw", id=chance.randrange(1, 100))
        case 15:
            daemon.call("mute")
        case _:
            if queue:
                with suppress(Refused):  # its turn came meanwhile
                    daemon.call(chance.choice(["queue.remove", "queue.move"]), id=chance.choice(queue))


@pytest.mark.parametrize("seed", [1, 2])
def test_to_each_begin_belongs_one_end_whatever_people_do(make_daemon: MakeDaemon, seed: int) -> None:
    chance = random.Random(seed)
    interrupt = chance.choice(["resume", "queue", "drop"])
    text = configuration(
        engines=["tone", "hibari"], output=REAL_TIME, pace=100, speech=f'interrupt = "{interrupt}"'
    )
    # hibari is switched to, and is not there: the tone speaks on, by way of the chain.
    muted = f'[mute]\narriving = "{chance.choice(["speak", "keep", "drop"])}"\n'
    daemon = make_daemon(text + muted + '[engine.hibari]\nuri = "unix:///nowhere"\n').start()
    with EventStream(daemon.socket) as events:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            step(daemon, chance)
            events.drain(chance.choice([0.0, 0.01, 0.05]))
        daemon.call("resume")
        daemon.call("mute", on=False)

        def silent() -> bool:
            status = daemon.status()
            events.drain(0.05)
            return bool(status["queue"] == {"queued": 0, "speaking": 0} and status["now"] is None)

        wait_for(silent, "all of it to be over", timeout=60)
        events.drain(0.3)
    check_story(events.seen)
    said = {told.fields["id"] for told in events.seen if told.name == "queued"}
    ended = {told.fields["id"]: told.fields["state"] for told in events.seen if told.name == "end"}
    over = {id for id, state in ended.items() if state != "queued"}
    gone = {
        told.fields["id"] for told in events.seen if told.name in ("skipped", "failed", "expired", "dropped")
    }
    assert said == over | gone, "everything that was queued came to an end"
    assert {one.id for one in daemon.history()} == said
    assert "Traceback" not in daemon.stderr()
