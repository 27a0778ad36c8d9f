"""Another engine or another configuration, while it speaks: at once, without a restart, without losing a line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from daemon_process import HEARD_AND_KEPT, configuration
from waiting import wait_for

from ttsd.control.client import Client, Refused

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

NOTICED_SECONDS = 2.0
"""A saved file is in force within this time; the tests wait longer, and the machine may be busy."""
TWO_TONES = configuration(engines=["tone", "hibari"])
NOT_TOML = "engines = [unfinished"


def chain(daemon: DaemonProcess) -> list[str]:
    return [engine["name"] for engine in daemon.status()["chain"]]


def problems(daemon: DaemonProcess) -> list[str]:
    return list(daemon.status()["config_problems"])


def test_switch_puts_an_engine_at_the_head_at_once_and_in_the_file(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(TWO_TONES).start()
    before = daemon.config.read_text()
    assert daemon.switch("hibari") == ["hibari", "tone"]
    assert chain(daemon) == ["hibari", "tone"]
    assert daemon.config.read_text() == before.replace('["tone", "hibari"]', '["hibari", "tone"]')
    assert daemon.ttsd("switch", "tone").returncode == 0
    assert chain(daemon) == ["tone", "hibari"]
    assert daemon.config.read_text() == before, "comments, order and spaces are as they were"
    daemon.append("spoken with the engine that was switched to")
    daemon.wait_until_spoken(1)
    assert daemon.spoken()[0]["engine"] == "tone"


@pytest.mark.voice
def test_switch_changes_the_voice_from_the_next_line_on(make_daemon: MakeDaemon) -> None:
    pytest.importorskip("hibari")
    daemon = make_daemon(configuration(engines=["tone"], output=HEARD_AND_KEPT, pace=20)).start()
    daemon.append("this one is heard while the engine is switched", "and this", "and that")
    daemon.wait_until_speaking("this one is heard while the engine is switched")
    assert daemon.switch("hibari") == ["hibari", "tone"]
    daemon.wait_until_spoken(3)
    assert [entry["engine"] for entry in daemon.spoken()] == ["tone", "hibari", "hibari"]
    daemon.switch("tone")
    daemon.append("back again")
    daemon.wait_until_spoken(4)
    assert daemon.spoken()[-1]["engine"] == "tone"
    daemon.terminate()
    daemon.start()
    assert chain(daemon) == ["tone", "hibari"], "it is in the file"


def test_a_switch_to_what_cannot_speak_changes_nothing(daemon: DaemonProcess) -> None:
    before = daemon.config.read_text()
    with pytest.raises(Refused, match="xtts"):
        daemon.switch("xtts")
    with pytest.raises(Refused, match="tone"):
        daemon.switch("tonne")
    assert (chain(daemon), daemon.config.read_text()) == (["tone"], before)


def test_a_switch_while_the_file_is_broken_changes_nothing_and_says_why(daemon: DaemonProcess) -> None:
    daemon.config.write_text(NOT_TOML)
    with pytest.raises(Refused, match="TOML"):
        daemon.switch("hibari")
    assert chain(daemon) == ["tone"]
    assert daemon.config.read_text() == NOT_TOML


def test_a_saved_file_is_in_force_without_a_restart_and_no_line_is_lost(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=HEARD_AND_KEPT, pace=200)).start()
    # No figures: they are written out before they are spoken, and all lines are to be equally long.
    texts = [f"line {first}{second} is spoken" for first in "bcd" for second in "bcdfghjklm"]
    daemon.append(*texts[:20])
    daemon.wait_until_spoken(3)
    daemon.edit("characters_per_second = 200", "characters_per_second = 400")
    wait_for(lambda: daemon.logged("reloaded"), "the new file to be in force", timeout=10 * NOTICED_SECONDS)
    daemon.edit('["tone"]', '["tone", "hibari"]')
    wait_for(lambda: chain(daemon) == ["tone", "hibari"], "the new chain", timeout=10 * NOTICED_SECONDS)
    daemon.append(*texts[20:])
    daemon.wait_until_spoken(30)
    assert daemon.texts() == texts
    first, *_, last = (entry["seconds"] / len(entry["text"]) for entry in daemon.spoken())
    assert first == pytest.approx(2 * last, rel=0.1), "the new pace"
    assert daemon.status()["pid"] == daemon.pid


def test_a_saved_file_is_noticed_while_short_lines_keep_the_daemon_busy(make_daemon: MakeDaemon) -> None:
    """Many ends of utterances in its mailbox are no reason not to look at the file."""
    daemon = make_daemon().start()
    daemon.append(*(f"line {number}" for number in range(3000)))
    daemon.wait_until_spoken(10)
    daemon.edit('["tone"]', '["tone", "hibari"]')
    wait_for(lambda: chain(daemon) == ["tone", "hibari"], "the new chain", timeout=10 * NOTICED_SECONDS)
    assert daemon.status()["queue"]["queued"], "it was busy all the time"


def test_outputs_and_sources_change_without_losing_a_line(daemon: DaemonProcess) -> None:
    daemon.append("into the first folder")
    daemon.wait_until_spoken(1)
    other = daemon.folder / "other.log"
    other.write_text("written before it was followed\n")
    daemon.edit('path = "spoken"', 'path = "elsewhere"\n[[sources]]\npath = "other.log"\nstart = "beginning"')
    wait_for(lambda: len(daemon.status()["sources"]) == 2, "the new source")
    daemon.append("into the second folder")
    daemon.wait_until_spoken(3)
    assert daemon.texts() == ["into the first folder"]
    listing = (daemon.folder / "elsewhere" / "spoken.jsonl").read_text()
    assert "into the second folder" in listing
    assert "written before it was followed" in listing


def test_a_broken_file_leaves_the_old_configuration_in_force_and_status_says_so(
    daemon: DaemonProcess,
) -> None:
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("characters_per_second", "characters_per_minute") + NOT_TOML)
    found = wait_for(lambda: problems(daemon), "the problem to be reported")
    assert str(daemon.config) in found[0]
    daemon.append("spoken on the old configuration")
    daemon.wait_until_spoken(1)
    daemon.config.write_text(good.replace("characters_per_second", "characters_per_minute"))
    wait_for(lambda: any("characters_per_minute" in problem for problem in problems(daemon)), "the other one")
    assert "characters_per_minute" in daemon.ttsd("status").stdout
    daemon.config.write_text(good)
    wait_for(lambda: not problems(daemon), "the mended file to be in force")
    daemon.append("and on the mended one")
    daemon.wait_until_spoken(2)


def test_a_file_that_is_replaced_by_renaming_is_noticed(daemon: DaemonProcess) -> None:
    """As most editors save."""
    draft = daemon.folder / "ttsd.toml~"
    draft.write_text(daemon.config.read_text().replace('["tone"]', '["tone", "hibari"]'))
    draft.replace(daemon.config)
    wait_for(lambda: chain(daemon) == ["tone", "hibari"], "the new chain")


def test_an_edit_just_before_a_switch_is_put_in_force_too(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(TWO_TONES).start()
    daemon.edit('path = "chat.log"', 'name = "the chat"\npath = "chat.log"')
    assert daemon.switch("hibari") == ["hibari", "tone"]
    wait_for(lambda: daemon.status()["sources"][0]["name"] == "the chat", "the edit to be in force")
    assert chain(daemon) == ["hibari", "tone"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_sighup_reloads(daemon: DaemonProcess) -> None:
    reloads = len(daemon.logged("reloaded"))
    daemon.signal(getattr(signal, "SIGHUP"))  # noqa: B009 - Windows' signal module has none
    wait_for(lambda: len(daemon.logged("reloaded")) > reloads, "the reload")
    daemon.append("it lives on")
    daemon.wait_until_spoken(1)


def test_reload_over_the_socket_answers_what_changed_or_what_is_wrong(daemon: DaemonProcess) -> None:
    assert daemon.call("reload") == {"changed": []}
    daemon.edit('["tone"]', '["tone", "hibari"]')
    assert daemon.call("reload") == {"changed": ["engines"]}
    daemon.config.write_text(NOT_TOML)
    with pytest.raises(Refused, match="TOML"):
        daemon.call("reload")
    assert chain(daemon) == ["tone", "hibari"]


def test_subscribers_are_told_of_a_switch_and_of_what_is_spoken(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(TWO_TONES).start()
    with Client.connect(daemon.socket) as client:
        client.call("subscribe")
        daemon.switch("hibari")
        daemon.switch("tone")
        daemon.append("something to hear")
        seen, heads = [], []
        for name, fields in client.events(timeout=20):
            seen.append(name)
            heads += [fields["engine"]] if fields.get("state") == "head" else []
            if name == "end":
                break
    assert heads[-2:] == ["hibari", "tone"], "the first may be told, too, if the start was quick"
    assert {"begin", "sentence", "end"} <= set(seen)
