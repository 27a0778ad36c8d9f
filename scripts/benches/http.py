"""What the HTTP API adds to an engine's own time to its first sound, and what a crowd does to speech.

First sound: the same engine called from this process and over HTTP, sentence by sentence in turn, both warm
and both standing back for others alike, so that a busy machine is busy for both.
Crowd: fifty requests and two hundred subscribers at once while a queue is read aloud in real time (nothing is
heard): what the requests were answered, what the control socket took meanwhile, and the gaps in the speech.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import http_load
import structlog
from daemon_process import REAL_TIME
from http_daemon import HttpDaemon
from platformdirs import user_cache_path

from ttsd import config
from ttsd.engines.roster import Roster
from ttsd.http.desk import NICE
from ttsd.model import EngineName
from ttsd.settings import EngineSettings
from ttsd.speech import direct
from ttsd.speech.convert import Converters

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2 as httpx

    from ttsd.engines.chain import Chain
    from ttsd.settings import Settings

TEXTS = {
    5: "Hello there my dear friend.",
    20: "Once again the quick brown fox jumps over the lazy dog and then sleeps under the old oak tree.",
}


def main(words: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("scripts/bench http", description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="piper", help="default: piper")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args(words)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        daemon = HttpDaemon(
            Path(folder) / "d", "per_client = 50\nwaiting = 50", engines=[arguments.engine], output=REAL_TIME
        )
        # Both ways find the voice split, as it is from its second start on.
        daemon.environment["XDG_CACHE_HOME"] = str(user_cache_path())
        try:
            daemon.start()
            first_sound(daemon, arguments.engine, arguments.rounds)
            crowd(daemon)
        finally:
            daemon.close()
    return 0


def first_sound(daemon: HttpDaemon, engine: str, rounds: int) -> None:
    """Both ways in turn; medians."""
    settings = config.load(daemon.config)
    alike = replace(settings.engine.get(EngineName(engine), EngineSettings()), nice=NICE)
    settings = replace(settings, engine={**settings.engine, EngineName(engine): alike})
    roster = Roster()
    chain, reader = roster.build(settings), direct.Reader(settings)
    print(f"first sound of {engine}, ms, medians of {rounds} (and the slowest of ten)")
    print(f"{'words':>6} {'engine':>16} {'HTTP':>16} {'added':>7}")
    try:
        with daemon.client() as client:
            for count, text in TEXTS.items():
                own, over_http = [], []
                for turn in range(rounds + 2):
                    one = own_time(chain, reader, settings, text)
                    other = http_time(client, text)
                    if turn >= 2:  # the first ones load
                        own.append(one)
                        over_http.append(other)
                added = statistics.median(over_http) - statistics.median(own)
                print(f"{count:>6} {told(own):>16} {told(over_http):>16} {1000 * added:>7.1f}")
    finally:
        roster.close()


def own_time(chain: Chain, reader: direct.Reader, settings: Settings, text: str) -> float:
    """Seconds from the text to the first samples, in this process; the rest is spoken, too."""
    script = reader.read(text)
    began = time.perf_counter()
    took = 0.0
    with closing(direct.speak(chain, script, settings, Converters())) as pieces:
        for piece in pieces:
            if not took and len(piece.samples):
                took = time.perf_counter() - began
    return took


def http_time(client: httpx.Client, text: str) -> float:
    """Seconds from the request to the first byte of sound."""
    began = time.perf_counter()
    took = 0.0
    with client.stream("POST", "/v1/synthesize", json={"text": text}) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            took = took or time.perf_counter() - began
    return took


def told(times: list[float]) -> str:
    """Median and the ninth decile."""
    return f"{1000 * statistics.median(times):.1f} ({1000 * statistics.quantiles(times, n=10)[-1]:.1f})"


def crowd(daemon: HttpDaemon) -> None:
    """See the module."""
    before = daemon.status()["outputs"][0]["underruns"]
    load = http_load.run(daemon, requests=50, subscribers=200, text=TEXTS[5], said=6)
    gaps = daemon.status()["outputs"][0]["underruns"] - before
    answers = ", ".join(f"{count} times {status}" for status, count in sorted(load.answers.items()))
    slowest = sorted(load.control)[int(len(load.control) * 0.99)]
    print("\n50 requests and 200 subscribers at once, while 6 texts are read aloud")
    print(f"answers: {answers}; with Retry-After: {load.told_when}")
    print(f"events: {sum(load.events)} of {200 * 12} were delivered")
    print(
        f"control socket: median {1000 * load.control_median:.1f} ms, 99 of 100 within {1000 * slowest:.1f} ms,"
        f" worst {1000 * load.control_worst:.1f} ms of {len(load.control)}"
    )
    print(f"gaps in what was read aloud: {gaps}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
