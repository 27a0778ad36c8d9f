"""What there is, as the API tells it: engines, voices, parameters, health, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families
from waiting import wait_for

from ttsd.engines import catalog

if TYPE_CHECKING:
    import httpx2 as httpx
    from http_daemon import HttpDaemon, MakeHttp


def test_every_known_engine_is_told_with_what_is_known_of_it(http: httpx.Client) -> None:
    found = http.get("/v1/engines").json()
    assert found["current"] == "tone"
    assert found["available"][0] == "tone"
    assert "xtts" not in found["available"]
    assert set(found["engines"]) >= {entry.name for entry in catalog.entries()}
    for engine in found["engines"].values():
        wanted = {
            "label",
            "description",
            "languages",
            "speed",
            "quality",
            "vram_mb",
            "features",
            "pros",
            "cons",
        }
        assert wanted <= engine.keys()
    xtts = found["engines"]["xtts"]
    assert xtts["features"] == ["streaming", "cloning"]
    assert {"temperature", "top_k", "speed"} <= set(xtts["parameters"])
    assert xtts["quality"] == "expressive"
    assert xtts["pros"]
    assert xtts["cons"]
    assert xtts["vram_mb"] is None  # nobody measured it here
    assert xtts["estimated_time_per_sentence"] is None


def test_voices_are_those_that_can_be_asked_for(http: httpx.Client) -> None:
    assert http.get("/v1/voices").json()["voices"] == [
        {"engine": "tone", "name": "tone", "language": None, "speakers": []}
    ]
    assert http.get("/v1/voices", params={"engine": "nobody"}).status_code == 404


def test_each_parameter_is_told_with_who_takes_it(http: httpx.Client) -> None:
    found = http.get("/v1/synthesis-config").json()
    assert found["language"]["default"] == "pt"
    assert found["voice"]["default"] == "default"
    assert (found["speed"]["minimum"], found["speed"]["maximum"]) == (0.1, 4.0)
    assert {"piper", "xtts"} <= set(found["speed"]["engines"])
    assert found["top_k"]["engines"] == ["xtts"]
    assert found["text"]["engines"] is None


def test_health_tells_what_is_live_and_what_is_ready(http: httpx.Client) -> None:
    found = http.get("/health").json()
    assert (found["live"], found["ready"], found["state"]) == (True, True, "idle")
    assert found["engines"]["tone"]["healthy"]


def test_figures_are_those_that_were_measured_and_prometheus_reads_them(make_http: MakeHttp) -> None:
    daemon = make_http()
    daemon.append("A line.")
    daemon.wait_until_spoken(1)
    with daemon.client() as client:

        def measured() -> float | None:
            found: float | None = client.get("/v1/engines").json()["engines"]["tone"]["real_time_factor"]
            return found

        assert wait_for(measured, "the factor to be measured")
        tone = client.get("/v1/engines").json()["engines"]["tone"]
        answer = client.get("/metrics")
    assert tone["load_seconds"] > 0
    assert tone["estimated_time_per_sentence"] == round(tone["real_time_factor"] * 4, 3)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {
        *("ttsd_queue_utterances", "ttsd_first_sound_seconds", "ttsd_engine_real_time_factor"),
        *(
            "ttsd_fallbacks",
            "ttsd_underruns",
            "ttsd_source_lag_bytes",
            "ttsd_utterances",
            "ttsd_http_syntheses",
        ),
    } <= found.keys()
    spoken = {sample.labels["state"]: sample.value for sample in found["ttsd_utterances"].samples}
    assert spoken["spoken"] == 1
    counts = [
        sample.value for sample in found["ttsd_first_sound_seconds"].samples if sample.name.endswith("_count")
    ]
    assert counts == [1]
    (lag,) = found["ttsd_source_lag_bytes"].samples
    assert (lag.labels["source"], lag.value) == ("chat.log", 0)


def test_a_daemon_without_an_api_loads_nothing_of_it(shared: HttpDaemon) -> None:
    """And one with it does, so the test is one."""
    import subprocess
    import sys

    daemon = subprocess.run(
        [sys.executable, "-c", "import sys, ttsd.daemon.daemon, ttsd.daemon.house; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {
        name
        for name in daemon.stdout.split()
        if name.startswith(("ttsd.http", "fastapi", "uvicorn", "starlette"))
    }
    assert not loaded
    assert "http_ready" in shared.stderr()
