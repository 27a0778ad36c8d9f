"""Answers for people: what matters first, in colours that mean something, and nothing that acts on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ttsd.cli import show
from ttsd.cli.colour import Paint
from ttsd.commands import METHODS
from ttsd.daemon.status import DaemonStatus, NowStatus, QueueStatus
from ttsd.model import EngineName, SourceName
from ttsd.schema import plain
from ttsd.sources.status import FileStatus, SourceStatus
from ttsd.speech.players import OutputStatus
from ttsd.store.records import Counters

RED, GREEN = "\x1b[31m", "\x1b[32m"
STATUS = DaemonStatus(
    state="speaking",
    version="1",
    pid=1,
    uptime_s=1.0,
    config=None,
    config_problems=(),
    trouble=None,
    engine=EngineName("tone"),
    chain=(),
    conversions=(),
    queue=QueueStatus(queued=2, speaking=1),
    volume=100,
    muted=False,
    quiet=False,
    profile=None,
    now=NowStatus(1, "say", "Hello\x1b[2J\nthere", "tone", None, 0, 1.0),
    outputs=(OutputStatus("null", "nothing is heard", required=True, error=None),),
    sources=(),
    counters=Counters(lines=0, queued=3, spoken=5, skipped=0, failed=0, dropped=0, expired=0),
)


def shown(status: DaemonStatus, paint: Paint | None = None) -> str:
    return show.answer("status", plain(status), paint or Paint())


def test_status_tells_the_state_first_and_what_sounds_in_one_harmless_line() -> None:
    first, second, *rest = shown(STATUS).splitlines()
    assert first == "speaking, 2 queued, 5 spoken (tone)"
    assert second == "now      say: Hello�[2J there"
    assert rest == ["output   null: nothing is heard"]


def test_names_that_others_chose_are_harmless_everywhere() -> None:
    name = "a\x1b]0;title\x07\nsource   b"
    source = SourceStatus(SourceName(name), name, (FileStatus(f"/x/{name}", 1, 1, 0),))
    told = shown(replace(STATUS, sources=(source,), now=NowStatus(1, name, "x", None, None, 0, 1.0)))
    assert "\x1b" not in told
    assert len(told.splitlines()) == 5, "no name makes a line of its own"
    row = {"id": 1, "priority": "high", "source": name, "text": "x"}
    assert len(show.answer("queue.list", {"utterances": [row]}).splitlines()) == 1


def test_that_nothing_can_be_heard_is_told_at_once() -> None:
    for silent in (replace(STATUS, muted=True), replace(STATUS, volume=0)):
        assert shown(silent).startswith("speaking (muted), 2 queued")
    unusual = replace(STATUS, quiet=True, profile="night")
    assert shown(unusual).startswith("speaking (quiet hours, profile night), 2 queued")


def test_what_is_wrong_is_red_and_what_is_well_is_green_where_there_are_colours() -> None:
    paint = Paint(coloured=True)
    assert shown(STATUS, paint).startswith(f"{GREEN}speaking")
    broken = replace(STATUS, state="waiting", trouble="no engine can speak now", config_problems=("a", "b"))
    told = shown(broken, paint).splitlines()
    assert told[0].startswith(f"{RED}waiting")
    assert [line.startswith(RED) for line in told[2:5]] == [True] * 3
    assert "\x1b" not in shown(broken)


def test_of_many_files_those_with_something_to_tell_are_shown() -> None:
    files = [FileStatus(f"/{n}", 5, 5, 0) for n in range(100)]
    files[77] = FileStatus("/behind", 5, 9, 4)
    files[88] = FileStatus("/broken", 5, 5, 0, last_error="may not be read")
    source = SourceStatus(SourceName("logs"), "/*", tuple(files))
    lines = shown(replace(STATUS, now=None, sources=(source,))).splitlines()[2:]
    assert lines[0] == "source   logs: 100 file(s)"
    assert {lines[1], lines[2]} == {
        "         /behind: 5 of 9 bytes read",
        "         /broken: may not be read",
    }
    assert lines[-1].endswith("and 80 more; --json lists them all")
    assert len(lines) == 1 + show.MOST_FILES + 1


def test_every_method_that_a_verb_calls_has_its_words() -> None:
    raw = {"ping", "version", "subscribe"}
    assert set(show._SHOWN) == set(METHODS) - raw


def test_lists_that_are_empty_say_so() -> None:
    empty: dict[str, Any] = {
        "utterances": [],
        "sources": [],
        "devices": [],
        "problems": [],
        "voices": [],
        "untold": {},
    }
    for method in ("queue.list", "history.list", "source.list", "device.list", "voice.list"):
        assert show.answer(method, empty).strip()
