"""Captions of a real daemon: the sentence of the moment, and the whole evening, whole at any moment."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from daemon_process import REAL_TIME, configuration
from event_stream import EventStream
from waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from daemon_process import DaemonProcess, MakeDaemon

CAPTIONS = """[captions]
text = "now.txt"
clear_after = "200ms"
vtt = "captions/%Y.vtt"
srt = "evening.srt"
"""
CUE = re.compile(
    r"(?:(NOTE .*)\n\n)?(\d\d):(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d):(\d\d)\.(\d{3})\n(.+)\n\n"
)


def captioned(make_daemon: MakeDaemon, pace: float = 40) -> DaemonProcess:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=pace) + CAPTIONS).start()
    wait_for((daemon.folder / "now.txt").exists, "the live text")
    return daemon


def now(daemon: DaemonProcess) -> str:
    return (daemon.folder / "now.txt").read_text(encoding="utf-8")


def vtt(daemon: DaemonProcess) -> Path:
    return wait_for(lambda: list((daemon.folder / "captions").glob("*.vtt")), "the captions")[0]


def cues(text: str) -> list[tuple[float, float, str]]:
    """Start, end and words of a WebVTT file, all of which must be cues."""
    assert text.startswith("WEBVTT\n\n")
    rest, found = text.removeprefix("WEBVTT\n\n"), []
    while rest:
        cue = CUE.match(rest)
        assert cue is not None, rest
        times = [int(part) for part in cue.groups()[1:9]]
        start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (times[:4], times[4:]))
        found.append((start, end, re.sub(r"<[\d:.]+>", "", cue[10])))
        rest = rest[cue.end() :]
    return found


def test_the_sentence_of_the_moment_is_in_the_file_and_goes_after_speech(make_daemon: MakeDaemon) -> None:
    daemon = captioned(make_daemon)
    assert now(daemon) == ""
    daemon.say("This is the first sentence. And this is the second.")
    wait_for(lambda: now(daemon) == "This is the first sentence.", "the first sentence")
    wait_for(lambda: now(daemon) == "And this is the second.", "the second sentence")
    wait_for(lambda: now(daemon) == "", "it to be cleared")


def test_the_evening_is_written_as_it_goes_with_the_times_of_the_words(make_daemon: MakeDaemon) -> None:
    daemon = captioned(make_daemon)
    with EventStream(daemon.socket) as events:
        first = daemon.say("One two three. Four <five> & six.")
        events.until("sentence", id=first, index=1)
        wait_for(lambda: cues(vtt(daemon).read_text()), "a cue")
        assert [text for _, _, text in cues(vtt(daemon).read_text())] == ["One two three."]
        events.until("end", id=first)
        times = [told.fields["at"] for told in events.seen if told.name in ("sentence", "end")]
    wait_for(lambda: len(cues(vtt(daemon).read_text())) == 2, "the second cue")
    raw = vtt(daemon).read_text()
    found = cues(raw)
    assert "estimated" not in raw, "the tone knows when its words sound"
    assert re.search(r"<\d\d:00:\d\d\.\d{3}>two", raw)
    lengths = [end - start for start, end, _ in found]
    # To the millisecond, as captions have it.
    assert lengths == pytest.approx([b - a for a, b in pairwise(times)], abs=0.0021)
    srt = (daemon.folder / "evening.srt").read_text()
    assert re.findall(r"^(\d+)\n\d\d:\d\d:\d\d,\d{3} -->", srt, re.MULTILINE) == ["1", "2"]


def test_what_is_withdrawn_vanishes_from_every_file(make_daemon: MakeDaemon) -> None:
    daemon = captioned(make_daemon)
    with EventStream(daemon.socket) as events:
        rude, kind = daemon.say("Something rude."), daemon.say("Something kind.")
        events.until("end", id=rude)
        events.until("begin", id=kind)
        daemon.call("withdraw", id=rude)
        events.until("withdrawn", id=rude)
        events.until("end", id=kind)
        long = daemon.say("This goes on for such a long time that it can be taken back in its middle. Or so.")
        events.until("begin", id=long)
        wait_for(lambda: "long time" in now(daemon), "the live text")
        daemon.call("withdraw", id=long)
        wait_for(lambda: now(daemon) == "", "the live text to be empty")
        last = daemon.say("Good night.")
        events.until("end", id=last)
    srt = daemon.folder / "evening.srt"
    wait_for(lambda: "Good night" in srt.read_text(), "the last caption")
    assert [text for _, _, text in cues(vtt(daemon).read_text())] == ["Something kind.", "Good night."]
    assert re.findall(r"^(\d+)$", srt.read_text(), re.MULTILINE) == ["1", "2"]
    assert "rude" not in srt.read_text()


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_what_an_earlier_run_spoke_vanishes_too_when_it_is_withdrawn(
    make_daemon: MakeDaemon, end: str
) -> None:
    text = configuration(output=REAL_TIME, pace=200) + CAPTIONS
    pattern = "pattern = '^<(?P<speaker>.*)> (?P<text>.*)$'"
    daemon = make_daemon(
        text.replace('path = "chat.log"', f'path = "chat.log"\nformat = "regex"\n{pattern}')
    ).start()
    daemon.append("<bo> Something rude.", "<ana> Something kind.", "<bo> Something worse. And more.")
    srt = daemon.folder / "evening.srt"
    wait_for(lambda: srt.exists() and "And more" in srt.read_text(), "the last caption")
    daemon.wait_until_spoken(3)
    getattr(daemon, end)()
    first = vtt(daemon)
    assert len(cues(first.read_text())) == 4
    daemon.start()
    daemon.append("<bo> Good night.")
    wait_for((daemon.folder / "evening-2.srt").exists, "a caption of the second run")
    daemon.wait_until_spoken(4)
    daemon.call("withdraw", speaker="bo")
    wait_for(lambda: "Good night" not in (daemon.folder / "evening-2.srt").read_text(), "the second file")
    assert [text for _, _, text in cues(first.read_text())] == ["Something kind."]
    assert re.findall(r"^(\d+)$", srt.read_text(), re.MULTILINE) == ["1"]
    assert "rude" not in srt.read_text()
    noted = daemon.folder / "state" / "captions.jsonl"
    wait_for(lambda: len(noted.read_text().splitlines()) == 2, "only the places of the kind ones to be kept")


def test_a_file_that_is_there_is_left_alone_and_the_next_one_has_a_number(make_daemon: MakeDaemon) -> None:
    daemon = captioned(make_daemon, pace=200)
    daemon.say("The first evening.", wait=True)
    assert daemon.terminate() == 0
    first = vtt(daemon)
    before = first.read_text()
    assert [text for _, _, text in cues(before)] == ["The first evening."]
    daemon.start()
    daemon.say("The second evening.", wait=True)
    assert daemon.terminate() == 0
    assert first.read_text() == before
    second = next((daemon.folder / "captions").glob("*-2.vtt"))
    assert [text for _, _, text in cues(second.read_text())] == ["The second evening."]
    assert (daemon.folder / "evening-2.srt").exists()


def test_who_said_it_is_told_if_it_is_wanted(make_daemon: MakeDaemon) -> None:
    text = configuration(output=REAL_TIME, pace=100) + CAPTIONS + "speakers = true\n"
    pattern = "pattern = '^<(?P<speaker>.*)> (?P<text>.*)$'"
    daemon = make_daemon(
        text.replace('path = "chat.log"', f'path = "chat.log"\nformat = "regex"\n{pattern}')
    ).start()
    daemon.append("<ana> Hello there.")
    srt = daemon.folder / "evening.srt"
    wait_for(lambda: srt.exists() and "ana: Hello there." in srt.read_text(), "the caption")
    assert "<v ana>" in vtt(daemon).read_text()
