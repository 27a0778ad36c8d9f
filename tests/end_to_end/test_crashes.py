"""`kill -9` in the middle, of the daemon and of an engine: every line is spoken, at most one of them twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from daemon_process import HEARD_AND_KEPT, REAL_TIME, UNTIMED, configuration
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon_process import DaemonProcess, MakeDaemon

LONG = "this one is long enough to be met in its middle " * 4 + "!"
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def lines(count: int) -> list[str]:
    return [f"this is line number {number}" for number in range(count)]


def sounded(daemon: DaemonProcess) -> Counter[int]:
    """How often each utterance began to be heard, over all lives of the daemon."""
    return Counter(entry["id"] for entry in daemon.logged("speaking"))


def test_a_daemon_killed_while_it_speaks_goes_on_with_the_line_it_was_at(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=HEARD_AND_KEPT, pace=100)).start()
    texts = [*lines(3), LONG, *lines(3)]
    daemon.append(*texts)
    interrupted = daemon.wait_until_speaking(LONG)
    daemon.wait_until_spoken(3)
    daemon.kill()
    assert [one.text for one in daemon.history()] == texts[:3]
    daemon.start()
    daemon.wait_until_spoken(len(texts))
    assert [one.text for one in daemon.history()] == texts
    assert {one.state for one in daemon.history()} == {"spoken"}
    assert daemon.texts() == texts, "no WAV is cut, missing or there twice"
    heard = sounded(daemon)
    assert {identity for identity, times in heard.items() if times > 1} == {interrupted}
    assert len(heard) == len(texts)
    (decision,) = daemon.logged("recovered")
    assert (decision["id"], decision["state"]) == (interrupted, "queued")


def test_on_crash_skip_does_not_repeat_what_was_interrupted(make_daemon: MakeDaemon) -> None:
    text = configuration(output=REAL_TIME, pace=100, speech='on_crash = "skip"')
    daemon = make_daemon(text).start()
    texts = [*lines(1), LONG, *lines(2)]
    daemon.append(*texts)
    interrupted = daemon.wait_until_speaking(LONG)
    daemon.kill()
    daemon.start()
    daemon.wait_until_spoken(3)
    assert [one.state for one in daemon.history()] == ["spoken", "skipped", "spoken", "spoken"]
    assert sounded(daemon)[interrupted] == 1


def test_a_daemon_killed_again_and_again_loses_nothing_and_repeats_one_line_a_kill(
    make_daemon: MakeDaemon,
) -> None:
    """Files are written faster than anything else could go: whatever lies between two commits shows."""
    chance = random.Random(1)
    daemon = make_daemon()
    texts = lines(120)
    half = len(texts) // 2
    daemon.append(*texts[:half])
    kills = 4
    for number in range(kills):
        daemon.start()
        if number == kills // 2:
            daemon.append(*texts[half:])
        daemon.wait_until_listed(len(daemon.spoken()) + chance.randrange(3, 20))
        daemon.kill()
    daemon.start()
    daemon.wait_until_spoken(len(texts))
    assert [one.text for one in daemon.history()] == texts
    assert {one.state for one in daemon.history()} == {"spoken"}
    times = Counter(daemon.texts())
    assert set(times) == set(texts), "nothing is lost"
    repeated = {text: count for text, count in times.items() if count > 1}
    assert sum(times.values()) - len(texts) <= kills, f"at most one line a kill: {repeated}"
    wavs = sorted(path.name for path in (daemon.folder / "spoken").glob("*.wav"))
    assert {entry["wav"] for entry in daemon.spoken()} <= set(wavs)
    assert len(wavs) <= len(texts) + kills


@contextmanager
def held(daemon: DaemonProcess) -> Iterator[None]:
    """Another program holds the database within this: nothing can be recorded."""
    with closing(
        sqlite3.connect(daemon.folder / "state" / "ttsd.db", isolation_level=None, timeout=30)
    ) as db:
        db.execute("begin immediate")
        wait_for(lambda: daemon.status()["state"] == "waiting", "the daemon to notice")
        assert "locked by another program" in daemon.status()["trouble"]
        yield
        db.execute("rollback")


def test_a_daemon_killed_while_nothing_can_be_recorded_repeats_one_line(make_daemon: MakeDaemon) -> None:
    """Much more is synthesised ahead, and a file would have it in a moment."""
    daemon = make_daemon().start()
    texts = lines(120)
    daemon.append(*texts)
    daemon.wait_until_listed(20)
    with held(daemon):
        assert len(daemon.spoken()) < len(texts)
        daemon.kill()
    daemon.start()
    daemon.wait_until_spoken(len(texts))
    times = Counter(daemon.texts())
    assert set(times) == set(texts), "nothing is lost"
    assert sum(times.values()) - len(texts) <= 1, f"{[text for text, n in times.items() if n > 1]}"


def test_speech_goes_on_by_itself_when_it_can_be_recorded_again(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon().start()
    texts = lines(100)
    daemon.append(*texts)
    daemon.wait_until_listed(20)
    with held(daemon):
        pass
    daemon.wait_until_spoken(len(texts))
    assert daemon.texts() == texts, "each once"
    assert daemon.status()["trouble"] is None
    assert len(daemon.logged("cannot_record")) == len(daemon.logged("can_record_again")) == 1


def test_an_engine_killed_in_the_middle_costs_no_line(make_daemon: MakeDaemon) -> None:
    text = configuration(output=HEARD_AND_KEPT, pace=100, speech='ahead = "0s"')
    daemon = make_daemon(text).start()
    texts = lines(8)
    daemon.append(*texts)
    daemon.wait_until_spoken(1)
    pid = wait_for(daemon.engine_pid, "the engine to run")
    assert pid is not None
    os.kill(pid, KILL)
    daemon.wait_until_spoken(4)
    again = wait_for(daemon.engine_pid, "a new engine")
    assert again is not None
    assert again != pid
    os.kill(again, KILL)
    daemon.wait_until_spoken(8)
    assert daemon.texts() == texts
    assert [one.state for one in daemon.history()] == ["spoken"] * 8


def test_an_engine_killed_while_it_makes_a_sentence_costs_no_line(make_daemon: MakeDaemon) -> None:
    text = configuration(output=HEARD_AND_KEPT, pace=40, speech='ahead = "1s"')
    daemon = make_daemon(text).start()
    texts = [
        "a sentence so long that the engine is at it while its beginning is heard " * 2 + "!",
        "the next",
    ]
    daemon.append(*texts)
    daemon.wait_until_speaking(texts[0])
    pid = daemon.engine_pid()
    assert pid is not None
    os.kill(pid, KILL)
    daemon.wait_until_spoken(2)
    first, second = daemon.spoken()
    assert (first["text"], second["text"]) == (texts[0], texts[1])
    assert daemon.status()["chain"][0]["pid"] != pid


def test_an_engines_process_does_not_outlive_a_killed_daemon(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=1)).start()
    daemon.append("a line that is heard for a long time, much longer than this test takes")
    daemon.wait_until_speaking()
    assert daemon.engine_pid() in daemon.processes()
    daemon.kill()
    wait_for(lambda: not daemon.processes(), "the engine's process to end")


def test_lines_and_their_offset_are_committed_together_whenever_the_daemon_is_killed(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration(output=UNTIMED))
    texts = [f"line {number}" for number in range(300)]
    for start in range(0, len(texts), 100):
        daemon.start()
        daemon.append(*texts[start : start + 100])
        daemon.wait_until_spoken(start // 2 + 1)
        daemon.kill()
    daemon.start()
    daemon.wait_until_spoken(len(texts), timeout=120)
    assert [one.text for one in daemon.history()] == texts
    assert daemon.status()["counters"]["lines"] == len(texts)
