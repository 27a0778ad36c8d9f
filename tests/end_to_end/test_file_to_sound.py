"""A line written to a file is heard: once, in order, whole, whether ttsd ran at that moment or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from daemon_process import UNTIMED, configuration
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

LINES = ("Hello there.", "This is the second line.", "And this, with a täil – and more, is the third.")
KEYS = ["id", "text", "source", "engine", "voice", "wav", "seconds", "queued_at", "spoken_at"]


def test_three_lines_become_three_wavs_and_a_list_with_the_documented_keys(daemon: DaemonProcess) -> None:
    import soundfile

    daemon.append(*LINES)
    daemon.wait_until_spoken(3)
    spoken = daemon.spoken()
    assert [list(entry) for entry in spoken] == [KEYS] * 3
    assert [entry["text"] for entry in spoken] == list(LINES)
    assert [entry["wav"] for entry in spoken] == ["000001.wav", "000002.wav", "000003.wav"]
    assert [entry["id"] for entry in spoken] == [1, 2, 3]
    for entry in spoken:
        assert (entry["source"], entry["engine"], entry["voice"]) == ("chat.log", "tone", "tone")
        assert entry["queued_at"] <= entry["spoken_at"]
        sound, rate = soundfile.read(daemon.folder / "spoken" / entry["wav"])
        assert len(sound) / rate == pytest.approx(entry["seconds"], abs=0.001)
        assert abs(sound).max() > 0.1
    assert sorted(path.name for path in (daemon.folder / "spoken").iterdir()) == [
        *(entry["wav"] for entry in spoken),
        "spoken.jsonl",
    ]


def test_lines_written_while_ttsd_was_down_are_spoken_when_it_is_back(daemon: DaemonProcess) -> None:
    daemon.append("before")
    daemon.wait_until_spoken(1)
    assert daemon.terminate() == 0
    daemon.append("while it was down", "and another")
    daemon.start()
    daemon.append("after")
    daemon.wait_until_spoken(4)
    assert daemon.texts() == ["before", "while it was down", "and another", "after"]


@pytest.mark.long
def test_two_thousand_lines_at_once_are_spoken_in_order_and_once(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED)).start()
    lines = [f"line {number}" for number in range(2000)]
    daemon.append(*lines)
    daemon.wait_until_spoken(2000)
    ended = daemon.history()
    assert [one.text for one in ended] == lines
    assert {one.state for one in ended} == {"spoken"}
    begun = [entry["id"] for entry in daemon.logged("speaking")]
    assert begun == [one.id for one in ended]
    counters = daemon.status()["counters"]
    assert (counters["lines"], counters["queued"], counters["spoken"]) == (2000, 2000, 2000)


def test_what_is_said_over_the_socket_is_spoken_like_a_line(daemon: DaemonProcess) -> None:
    identity = daemon.say("Straight to the voice.")
    daemon.wait_until_spoken(1)
    (entry,) = daemon.spoken()
    assert (entry["id"], entry["text"], entry["source"]) == (identity, "Straight to the voice.", "say")


def test_a_line_without_its_newline_waits_for_it(daemon: DaemonProcess) -> None:
    with daemon.chat.open("a") as file:
        file.write("half a ")
        file.flush()
        wait_for(lambda: (files := daemon.status()["sources"][0]["files"]) and files[0]["lag"] == 7, "a look")
        file.write("line\n")
    daemon.wait_until_spoken(1)
    assert daemon.texts() == ["half a line"]


def test_two_daemons_with_configurations_of_their_own_do_not_meet(make_daemon: MakeDaemon) -> None:
    one, other = make_daemon(name="one").start(), make_daemon(name="other").start()
    one.append("to the one")
    other.append("to the other")
    one.wait_until_spoken(1)
    other.wait_until_spoken(1)
    assert (one.texts(), other.texts()) == (["to the one"], ["to the other"])
    assert one.terminate() == 0
    other.append("and it lives on")
    other.wait_until_spoken(2)


def test_what_is_appended_as_soon_as_the_daemon_answers_is_new(make_daemon: MakeDaemon) -> None:
    """Whoever hears that it runs may write: nothing of that counts as what was there before."""
    for attempt in range(2):
        text = configuration(output=UNTIMED).replace('start = "beginning"', 'start = "end"')
        daemon = make_daemon(text, name=f"d{attempt}")
        if attempt:
            daemon.append("this was there before")
        daemon.start()
        daemon.append("and this is new")
        daemon.wait_until_spoken(1)
        assert [one.text for one in daemon.history()] == ["and this is new"]


def test_each_utterance_tells_where_its_time_went(daemon: DaemonProcess) -> None:
    daemon.append("a line of a file")
    daemon.wait_until_spoken(1)
    daemon.say("said over the socket")
    daemon.wait_until_spoken(2)
    said, read = (past["trace"] for past in daemon.call("history.list")["utterances"])
    steps = ("appended", "committed", "requested", "first_chunk", "written", "first_sample", "last_sample")
    assert tuple(said) == steps[1:]
    assert tuple(read) == steps
    assert list(read.values()) == sorted(read.values())
