"""Profiles, quiet hours, a mute that keeps or drops, and tones that tell of a failure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from daemon_process import REAL_TIME, UNTIMED, configuration
from event_stream import EventStream
from waiting import wait_for

from ttsd.control.client import Refused

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

PROFILES = """
[profile.streaming]
speech = { pause_ms = 40 }
mute = { arriving = "drop" }

[[profile.streaming.sources]]
path = "chat.log"
template = "{source} says {text}"
name = "chat.log"

[profile.calm]
engines = ["hibari", "tone"]
"""


def in_force(daemon: DaemonProcess) -> Any:
    return daemon.call("profile.list")["profile"]


def test_a_profile_is_in_force_at_once_and_at_the_next_start(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration() + PROFILES).start()
    daemon.append("one")
    daemon.wait_until_spoken(1)
    done = daemon.ttsd("profile", "streaming")
    assert "streaming" in done.stdout, done.stderr
    daemon.append("two")
    daemon.wait_until_spoken(2)
    assert daemon.ttsd("profile").stdout == "* streaming\n  calm\n"
    assert "profile streaming" in daemon.ttsd("status").stdout
    daemon.kill()
    daemon.start()
    assert daemon.status()["profile"] == "streaming"
    daemon.append("three")
    daemon.wait_until_spoken(3)
    assert daemon.call("profile.use")["profile"] is None
    daemon.append("four")
    daemon.wait_until_spoken(4)
    assert in_force(daemon) is None
    # The raw line is kept; what was said of it is what the profile made of it.
    spoken = [round(entry["seconds"] * 1000) for entry in daemon.spoken()]
    assert spoken[1] > 3 * spoken[0], "chat.log says two"
    assert spoken[2] > 3 * spoken[3], "chat.log says three; four"


def test_a_profile_that_cannot_be_leaves_all_as_it_is(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED) + PROFILES).start()
    with pytest.raises(Refused, match="the profiles: streaming, calm"):
        daemon.call("profile.use", profile="nobody")
    daemon.call("profile.use", profile="calm")
    assert daemon.status()["engine"] == "hibari"
    assert daemon.switch("tone") == ["tone", "hibari"]
    assert '[profile.calm]\nengines = ["tone", "hibari"]' in daemon.config.read_text(), "where it was set"
    daemon.edit("[profile.calm]", "[profile.other]")
    wait_for(lambda: "no_such_profile" in daemon.stderr(), "the profile to be missed")
    wait_for(lambda: daemon.status()["chain"][0]["name"] == "tone", "the settings without it")


def test_a_file_that_was_broken_a_moment_before_is_told_in_status(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED) + PROFILES).start()
    daemon.edit("pause_ms = 20", "pause_ms = -20")
    with pytest.raises(Refused, match=r"speech\.pause_ms"):
        daemon.call("profile.use", profile="streaming")
    (problem,) = daemon.status()["config_problems"]
    assert "speech.pause_ms" in problem
    assert in_force(daemon) is None


def test_everything_wrong_with_a_profile_is_told_where_it_stands(make_daemon: MakeDaemon) -> None:
    wrong = '[profile."a b"]\n[profile.x]\nspeech = { pause_ms = -1 }\n[profile.x.state]\ndir = "other"\n'
    wrong += '[profile.x.quiet]\nfrom = "25:00"\n[[profile.x.sources]]\npath = "b.log"\nformat = "regex"\n'
    daemon = make_daemon(configuration() + wrong)
    done = daemon.ttsd("check")
    assert done.returncode == 78
    for problem in (
        "profile.a b: a name has",
        "profile.x.speech.pause_ms: must be a whole number",
        "profile.x.state: is not for a profile",
        'profile.x.quiet.from: must be a time of day such as 22:00, not "25:00"',
        "pattern: is missing",
    ):
        assert problem in done.stdout + done.stderr, (problem, done.stdout + done.stderr)


def test_a_mute_that_keeps_begins_nothing_until_the_sound_is_back(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED) + '[mute]\narriving = "keep"\n').start()
    daemon.call("mute", on=True)
    daemon.append("one", "two")
    wait_for(lambda: daemon.status()["queue"]["queued"] == 2, "the queue")
    status = daemon.status()
    assert (status["state"], status["trouble"]) == ("waiting", "muted, and what waits is kept")
    daemon.call("mute", on=False)
    daemon.wait_until_spoken(2)


def test_a_mute_that_drops_drops_what_arrives_and_keeps_what_waited(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED) + '[mute]\narriving = "drop"\n').start()
    with EventStream(daemon.socket) as events:
        daemon.call("pause")
        daemon.append("before")
        before = events.until("queued")["id"]
        daemon.call("mute", on=True)
        daemon.call("resume")
        daemon.append("meanwhile", "and this")
        for _ in range(2):
            assert events.until("dropped")["reason"] == "it arrived while ttsd was muted"
        daemon.call("mute", on=False)
        assert events.until("begin")["id"] == before
        daemon.append("after")
        assert events.until("begin")["text"] == "after"


def test_quiet_hours_hold_what_comes_and_let_pass_what_is_urgent(make_daemon: MakeDaemon) -> None:
    now = time.gmtime()
    hours = f'from = "{now.tm_hour:02}:00"\nto = "{(now.tm_hour + 2) % 24:02}:00"\ntimezone = "UTC"\n'
    text = configuration(output=UNTIMED) + f'[quiet]\n{hours}spare = "urgent"\n'
    daemon = make_daemon(text).start()
    with EventStream(daemon.socket) as events:
        held = daemon.say("good night")
        urgent = daemon.say("fire", priority="urgent")
        assert events.until("begin")["id"] == urgent
        status = daemon.status()
        assert status["quiet"] is True
        assert status["trouble"].startswith("quiet hours until")
        daemon.edit("[quiet]", "[hold]\n[quiet]\ndo = 'mute'")
        assert events.until("begin")["id"] == held, "spoken without a sound"


def test_an_engine_that_fails_is_told_by_tones_that_need_none(make_daemon: MakeDaemon) -> None:
    nobody = '[engine.far]\nuri = "tcp://127.0.0.1:9"\n[notices]\nengine = "speak"\n'
    daemon = make_daemon(configuration(engines=["far"], output=REAL_TIME) + nobody).start()
    daemon.say("a text that nobody can speak")
    wait_for(
        lambda: [one for one in daemon.call("history.list")["utterances"] if one["source"] == "ttsd:failed"],
        "the tones",
    )
    told = daemon.call("history.list")["utterances"]
    assert [(one["text"], one["state"], one["engine"]) for one in told] == [
        ("far has failed", "spoken", None)
    ]
    assert daemon.status()["queue"]["queued"] == 1, "the text waits for an engine"
