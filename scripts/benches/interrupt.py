"""How fast something urgent is heard: until what sounds is silent, and until the urgent one begins.

A daemon on an output that nobody hears, in real time, is told something urgent in the middle of a long
sentence. Its own events say when what was interrupted had sounded its last sample, and when the urgent one
sounded its first: a device's buffer counts. Beside it: how long the same takes when nothing sounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from daemon_process import REAL_TIME, DaemonProcess, configuration
from event_stream import EventStream
from waiting import wait_for

LONG = "this is a rather long sentence that goes on and on until somebody stops it from going on and on " * 2
PROMISED = 0.050
LOAD_SECONDS = 120.0
"""Longest wait for an engine to be loaded."""


def measure(daemon: DaemonProcess, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds: a word alone until it begins; the voice until it is silent; the urgent word until it begins."""
    alone, silent, urgent = [], [], []
    with EventStream(daemon.socket) as events:
        for number in range(-3, rounds):
            asked = time.time()
            id = daemon.say(f"fire number {number}")
            began = events.until("begin", id=id)["at"] - asked
            events.until("end", id=id)
            time.sleep(0.4)
            if number >= 0:  # before that, the voice is warmed up
                alone.append(began)
        for number in range(rounds):
            id = daemon.say(LONG)
            events.until("begin", id=id)
            time.sleep(0.3 + 0.07 * number)
            asked = time.time()
            other = daemon.say(f"fire number {number}", priority="urgent")
            silent.append(events.until("end", id=id)["at"] - asked)
            urgent.append(events.until("begin", id=other)["at"] - asked)
            events.until("end", id=other)
            daemon.call("clear")
            daemon.skip()
            time.sleep(0.3)
    return alone, silent, urgent


def is_ready(daemon: DaemonProcess) -> bool:
    """Whether its engine can speak: a voice that is seen for the first time takes a while."""
    return bool(daemon.status()["chain"][0]["state"] == "ready")


def main() -> int:
    """Print the figures; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=["tone"], help="default: tone")
    parser.add_argument("--rounds", type=int, default=10)
    words = parser.parse_args()
    kept = True
    print("milliseconds    voice silent      urgent begins     alone begins")
    for engine in words.engines:
        with tempfile.TemporaryDirectory(prefix="ttsd-") as folder:
            text = configuration(engines=[engine], output=REAL_TIME, pace=15)
            daemon = DaemonProcess(Path(folder) / "d", text).start()
            try:
                wait_for(partial(is_ready, daemon), f"{engine} to be loaded", timeout=LOAD_SECONDS, every=0.1)
                alone, silent, urgent = measure(daemon, words.rounds)
            except AssertionError as error:  # its row says so; the events behind it are nobody's figures
                print(f"{engine:<14} not measured: {str(error).splitlines()[0]}")
                kept = False
                continue
            finally:
                daemon.close()
        shown = [
            f"{statistics.median(x) * 1000:4.0f} (at most {max(x) * 1000:.0f})"
            for x in (silent, urgent, alone)
        ]
        print(f"{engine:<14}", *(f"{text:<17}" for text in shown))
        kept &= statistics.median(silent) <= PROMISED
        kept &= statistics.median(urgent) <= statistics.median(alone) + PROMISED
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
