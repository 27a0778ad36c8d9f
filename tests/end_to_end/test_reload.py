"""A reload changes what changed, and nothing else: what sounds sounds on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from daemon_process import REAL_TIME, configuration
from event_stream import EventStream
from waiting import wait_for

from ttsd.control.client import Refused

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

SHORT = "half a second sounds"
LONG = " ".join([SHORT] * 6)
PACE = 40
"""Characters of a second."""
EDITS = (
    ("pause_ms = 20", 'pause_ms = 40\nloudness = -20\ninterrupt = "drop"', ["speech"]),
    ("[state]", '[log]\nlevel = "debug"\n[state]', ["log"]),
    ("[state]", '[[sources]]\npath = "other.log"\nstart = "beginning"\n[state]', ["sources"]),
    ("[state]", "[retention]\nhistory = 50\n[state]", ["retention"]),
    ('["tone"]', '["tone", "hibari"]', ["engines"]),
    ('dir = "state"', 'dir = "elsewhere"', ["state"]),
)
"""What is changed, and the tables that are said to have changed."""


def start(
    make_daemon: MakeDaemon, *, speech: str = "", pace: float = PACE, text: str = LONG
) -> DaemonProcess:
    """A daemon that is in the middle of a long line, with another one behind it."""
    daemon = make_daemon(configuration(output=REAL_TIME, pace=pace, speech=speech)).start()
    daemon.append(text, "the next line")
    daemon.wait_until_speaking(text)
    return daemon


def test_what_sounds_sounds_on_and_engines_and_offsets_stay(make_daemon: MakeDaemon) -> None:
    daemon = start(make_daemon)
    pid = daemon.engine_pid()
    with EventStream(daemon.socket, "begin", "end", "config") as events:
        for old, new, tables in EDITS:
            daemon.edit(old, new)
            assert daemon.call("reload")["changed"] in (tables, []), "or it was noticed by itself"
            assert daemon.status()["now"]["text"] == LONG
        daemon.edit("pause_ms = 40", "pause_ms = -40")
        with pytest.raises(Refused, match=r"ttsd\.toml:\d+: speech\.pause_ms"):
            daemon.call("reload")
        assert "speech.pause_ms" in daemon.status()["config_problems"][0]
        assert daemon.status()["now"]["text"] == LONG
        first = events.until("end")
        assert (first["state"], first["seconds"]) == ("spoken", pytest.approx(len(LONG) / PACE, abs=0.2))
        events.until("end", id=first["id"] + 1, state="spoken")
    assert [name for name, _ in events.of("begin", "end")] == ["end", "begin", "end"]
    changed = {table for told in events.seen for table in told.fields.get("changed", ())}
    assert changed == {table for _, _, tables in EDITS for table in tables}
    assert daemon.engine_pid() == pid
    daemon.append("one more")
    (daemon.folder / "other.log").write_text("of the new source\n")
    daemon.wait_until_spoken(4)
    texts = [one.text for one in daemon.history()]
    assert texts[:2] == [LONG, "the next line"]
    assert set(texts[2:]) == {"one more", "of the new source"}
    assert daemon.logged("needs_a_restart")[0]["table"] == "state"
    assert not (daemon.folder / "elsewhere").exists()
    assert "Traceback" not in daemon.stderr()


def test_another_output_is_heard_from_the_next_line_on(make_daemon: MakeDaemon) -> None:
    daemon = start(make_daemon, text=f"{SHORT} {SHORT}")
    with EventStream(daemon.socket, "begin", "end") as events:
        daemon.edit(REAL_TIME, '[[outputs]]\ntype = "file"\npath = "spoken"')
        daemon.call("reload")
        events.until("end", state="spoken")
        events.until("end", state="spoken")
    assert [name for name, _ in events.of("begin", "end")] == ["end", "begin", "end"]
    assert daemon.texts() == ["the next line"]
    assert [one.state for one in daemon.history()] == ["spoken", "spoken"]


def test_another_output_in_the_middle_of_an_endless_line_goes_on_at_its_sentence(
    make_daemon: MakeDaemon,
) -> None:
    text = configuration(output=REAL_TIME, pace=2 * PACE, speech='stop_timeout = "200ms"')
    daemon = make_daemon(text).start()
    daemon.append(f"The first sentence. The second {LONG}. The third.")
    with EventStream(daemon.socket, "begin", "sentence", "end") as events:
        events.until("sentence", index=1)
        daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
        daemon.call("reload")
        events.until("end", state="queued")
        events.until("end", state="spoken")
    heard = [told.fields["index"] for told in events.seen if told.name == "sentence"]
    assert heard == [0, 1, 1, 2]


def test_a_stop_does_not_wait_for_an_output_that_is_being_replaced(make_daemon: MakeDaemon) -> None:
    daemon = start(make_daemon, pace=1, speech='stop_timeout = "60s"')
    daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
    daemon.call("reload")
    assert daemon.terminate(15) == 0
    assert daemon.history() == []


def test_a_pause_outlasts_a_reload_of_the_outputs(make_daemon: MakeDaemon) -> None:
    daemon = start(make_daemon)
    daemon.call("pause")
    daemon.edit('type = "null"', 'type = "null"\nrate = 16000')
    daemon.call("reload")
    wait_for(lambda: daemon.logged("queued"), "what was cut to be queued")
    assert daemon.status()["state"] == "paused"
    daemon.call("resume")
    daemon.call("skip")
    daemon.wait_until_spoken(1)
