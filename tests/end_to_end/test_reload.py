"""A reload changes what changed, and nothing else: what sounds sounds on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from daemon_process import REAL_TIME, UNTIMED, configuration
from event_stream import EventStream
from waiting import wait_for

from ttsd.control.client import Refused

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

A_SECOND = "twenty letters sound"
LONG = " ".join([A_SECOND] * 3)


@pytest.fixture
def speaking(make_daemon: MakeDaemon) -> DaemonProcess:
    """A daemon that is in the middle of a long line, with another one behind it."""
    daemon = make_daemon(configuration(output=REAL_TIME, pace=20)).start()
    daemon.append(LONG, "the next line")
    daemon.wait_until_speaking(LONG)
    return daemon


def engines(daemon: DaemonProcess) -> dict[str, Any]:
    return {engine["name"]: engine["pid"] for engine in daemon.status()["chain"]}


@pytest.mark.parametrize(
    ("old", "new", "table"),
    [
        ("pause_ms = 20", 'pause_ms = 40\nloudness = -20\ninterrupt = "drop"', "speech"),
        ("[state]", '[log]\nlevel = "debug"\n[state]', "log"),
        ("[state]", '[[sources]]\npath = "other.log"\nstart = "beginning"\n[state]', "sources"),
        ("[state]", "[retention]\nhistory = 5\n[state]", "retention"),
        ('["tone"]', '["tone", "hibari"]', "engines"),
    ],
    ids=lambda value: value if value.isalpha() else "",
)
def test_what_sounds_sounds_on_and_engines_and_offsets_stay(
    speaking: DaemonProcess, old: str, new: str, table: str
) -> None:
    pid = speaking.engine_pid()
    with EventStream(speaking.socket, "begin", "end", "config", "source") as events:
        speaking.edit(old, new)
        assert speaking.call("reload") == {"changed": [table]}
        assert speaking.status()["now"]["text"] == LONG
        first = events.until("end")
        assert (first["state"], first["seconds"]) == ("spoken", pytest.approx(len(LONG) / 20, abs=0.2))
        events.until("end", id=first["id"] + 1, state="spoken")
    assert [name for name, _ in events.of("begin", "end")] == ["end", "begin", "end"]
    assert engines(speaking)["tone"] == pid
    speaking.append("one more")
    speaking.wait_until_spoken(3)
    assert [one.text for one in speaking.history()] == [LONG, "the next line", "one more"]
    assert "Traceback" not in speaking.stderr()


def test_another_output_is_heard_from_the_next_line_on(speaking: DaemonProcess) -> None:
    with EventStream(speaking.socket, "begin", "end", "device") as events:
        speaking.edit(REAL_TIME, '[[outputs]]\ntype = "file"\npath = "spoken"')
        speaking.call("reload")
        events.until("end", state="spoken")
        events.until("end", state="spoken")
    assert [name for name, _ in events.of("begin", "end")] == ["end", "begin", "end"]
    assert speaking.texts() == ["the next line"]
    assert [one.state for one in speaking.history()] == ["spoken", "spoken"]


def test_another_output_in_the_middle_of_an_endless_line_goes_on_at_its_sentence(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=20, speech='stop_timeout = "300ms"')).start()
    text = f"The first sentence. The second {A_SECOND} {A_SECOND} {A_SECOND}. The third."
    daemon.append(text)
    with EventStream(daemon.socket, "begin", "sentence", "end") as events:
        events.until("sentence", index=1)
        daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
        daemon.call("reload")
        events.until("end", state="queued")
        events.until("sentence")
        events.until("end", state="spoken")
    heard = [told.fields["index"] for told in events.seen if told.name == "sentence"]
    assert heard == [0, 1, 1, 2]


def test_a_stop_does_not_wait_for_an_output_that_is_being_replaced(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=1, speech='stop_timeout = "60s"')).start()
    daemon.append(LONG)
    daemon.wait_until_speaking()
    daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
    daemon.call("reload")
    assert daemon.terminate(15) == 0
    assert daemon.history() == []


def test_a_pause_outlasts_a_reload_of_the_outputs(speaking: DaemonProcess) -> None:
    speaking.call("pause")
    speaking.edit('type = "null"', 'type = "null"\nrate = 16000')
    speaking.call("reload")
    wait_for(lambda: speaking.logged("queued"), "what was cut to be queued")
    assert speaking.status()["state"] == "paused"
    speaking.call("resume")
    speaking.wait_until_spoken(2)


def test_what_a_running_daemon_cannot_change_is_said(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED)).start()
    daemon.edit('dir = "state"', 'dir = "elsewhere"')
    assert daemon.call("reload") == {"changed": ["state"]}
    assert daemon.logged("needs_a_restart")[0]["table"] == "state"
    daemon.append("still in the old place")
    daemon.wait_until_spoken(1)
    assert not (daemon.folder / "elsewhere").exists()


def test_a_broken_file_changes_nothing_while_it_speaks(speaking: DaemonProcess) -> None:
    speaking.edit("pause_ms = 20", "pause_ms = -20")
    with pytest.raises(Refused, match=r"ttsd\.toml:\d+: speech\.pause_ms"):
        speaking.call("reload")
    assert speaking.status()["now"]["text"] == LONG
    assert "speech.pause_ms" in speaking.status()["config_problems"][0]
    speaking.wait_until_spoken(2)
