"""What Prometheus sees: made anew from the daemon's status at each look, so nothing is counted twice.

Only times to the first sound are kept between two looks, from the history: at each look those of the
utterances that ended since the one before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from ttsd.daemon.status import DaemonStatus
    from ttsd.model import Spoken

BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
LOOKED_BACK = 1000
"""Ended utterances that one look takes into account."""


class Metrics:
    """One for the server. Used by the loop alone."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._first_sound = Histogram(
            "ttsd_first_sound_seconds",
            "From an utterance's commit to the queue to its first sample heard.",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)
        self._status: DaemonStatus | None = None
        self._speaking = 0
        self._since = time.time()

    def render(self, status: DaemonStatus, history: Iterable[Spoken], speaking: int) -> bytes:
        """The text format. *history*: the last utterances, newest first; *speaking*: syntheses under way."""
        self._status, self._speaking = status, speaking
        newest = self._since
        for spoken in history:
            if spoken.ended_at <= self._since:
                break
            newest = max(newest, spoken.ended_at)
            first = spoken.trace.get("first_sample")
            if first is not None:
                self._first_sound.observe(max(0.0, first - spoken.queued_at))
        self._since = newest
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client's Collector."""
        status = self._status
        if status is None:  # it is asked once when it is registered
            return
        yield InfoMetricFamily("ttsd", "Which ttsd this is.", {"version": status.version})
        yield GaugeMetricFamily("ttsd_uptime_seconds", "Since it started.", status.uptime_s)
        yield from _queue(status)
        yield from _engines(status)
        yield from _rest(status)
        yield GaugeMetricFamily("ttsd_http_syntheses", "Texts being spoken over HTTP.", self._speaking)


def _queue(status: DaemonStatus) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("ttsd_queue_utterances", "Utterances by state.", labels=["state"])
    waiting.add_metric(["queued"], status.queue.queued)
    waiting.add_metric(["speaking"], status.queue.speaking)
    yield waiting
    counters = status.counters
    ended = CounterMetricFamily("ttsd_utterances", "Utterances that ended, by how.", labels=["state"])
    for state in ("spoken", "skipped", "failed", "dropped", "expired"):
        ended.add_metric([state], getattr(counters, state))
    yield ended
    yield CounterMetricFamily("ttsd_lines", "Lines read.", counters.lines)
    yield CounterMetricFamily("ttsd_accepted", "Utterances queued.", counters.queued)


def _engines(status: DaemonStatus) -> Iterator[Metric]:
    up = GaugeMetricFamily("ttsd_engine_up", "Whether it can speak now.", labels=["engine", "state"])
    fallbacks = CounterMetricFamily(
        "ttsd_fallbacks", "Sentences in which it failed and the next engine went on.", labels=["engine"]
    )
    measured = {
        "real_time_factor": "Seconds of computing for a second of sound, of its last sentence.",
        "first_audio_seconds": "From its last sentence to its first sound.",
        "load_seconds": "From nothing to ready.",
        "memory_bytes": "What its process holds.",
        "vram_bytes": "What it holds on graphics cards.",
    }
    figures = {
        name: GaugeMetricFamily(f"ttsd_engine_{name}", text, labels=["engine"])
        for name, text in measured.items()
    }
    for engine in status.chain:
        up.add_metric(
            [engine.name, engine.state], engine.state not in ("missing", "failed", "resting", "closed")
        )
        fallbacks.add_metric([engine.name], engine.passed_over)
        for name, figure in figures.items():
            value = getattr(engine, name)
            if value is not None:
                figure.add_metric([engine.name], value)
    yield from (up, fallbacks, *figures.values())


def _rest(status: DaemonStatus) -> Iterator[Metric]:
    outputs = GaugeMetricFamily("ttsd_output_up", "Whether it stands.", labels=["output"])
    underruns = CounterMetricFamily(
        "ttsd_underruns", "Times an utterance's sound was not there when it was due.", labels=["output"]
    )
    for name in dict.fromkeys(output.name for output in status.outputs):  # two may have one name
        named = [output for output in status.outputs if output.name == name]
        outputs.add_metric([name], all(output.error is None for output in named))
        underruns.add_metric([name], sum(output.underruns for output in named))
    lag = GaugeMetricFamily(
        "ttsd_source_lag_bytes", "Bytes of a file that are not read yet.", labels=["source", "path"]
    )
    for source in status.sources:
        for file in source.files:
            lag.add_metric([source.name, file.path], file.lag)
    yield from (outputs, underruns, lag)
