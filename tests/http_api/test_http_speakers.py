"""Recordings come in over HTTP, are checked, listed and taken away."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from recordings import speech

if TYPE_CHECKING:
    import httpx2 as httpx
    from http_daemon import HttpDaemon, MakeHttp


def wav(samples: np.ndarray, rate: int = 24_000) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV")
    return stream.getvalue()


def upload(client: httpx.Client, name: str, data: bytes) -> httpx.Response:
    return client.post("/v1/speakers", data={"name": name}, files={"file": ("voice.wav", data)})


def test_what_is_no_recording_is_refused(http: httpx.Client) -> None:
    assert http.get("/v1/speakers").json() == {"speakers": []}
    silence = upload(http, "ana", wav(np.zeros(24_000 * 5)))
    assert (silence.status_code, silence.json()["code"]) == (422, "recording")
    assert upload(http, "ana", b"no sound at all").status_code == 422
    for name in ("../ana", "", "a b", "/etc/passwd"):
        assert upload(http, name, wav(np.zeros(24_000))).status_code == 422, name
    assert http.post("/v1/speakers", json={"name": "ana"}).status_code == 415
    assert http.post("/v1/speakers", data={"name": "ana"}, files={"other": b"x"}).status_code == 422
    assert http.delete("/v1/speakers/ana").status_code == 404
    assert http.get("/v1/speakers").json() == {"speakers": []}
    assert upload(http, "ana", b"\0" * (21 << 20)).status_code == 413


def test_a_recording_is_kept_and_taken_away(http: httpx.Client, shared: HttpDaemon) -> None:
    kept = upload(http, "joe", wav(speech()))
    assert kept.status_code == 200, kept.text
    assert kept.json()["seconds"] > 3
    assert upload(http, "joe", wav(speech())).status_code == 409
    assert [one["name"] for one in http.get("/v1/speakers").json()["speakers"]] == ["joe"]
    assert http.post("/v1/synthesize", json={"text": "a", "speaker": "joe"}).status_code == 422
    assert http.post("/v1/synthesize", json={"text": "a", "speaker": "../joe"}).status_code == 404
    assert http.delete("/v1/speakers/joe").json() == {"success": True, "removed": "joe"}
    assert http.get("/v1/speakers").json() == {"speakers": []}
    assert list((shared.home / ".local" / "share" / "ttsd" / "speakers").iterdir()) == []


@pytest.mark.voice
def test_an_engine_without_speakers_passes_no_wish_over(make_http: MakeHttp) -> None:
    pytest.importorskip("hibari")
    daemon = make_http(engines=("hibari",))
    with daemon.client() as client:
        answer = client.post("/v1/synthesize", json={"text": "a", "speaker": "joe"})
    assert (answer.status_code, answer.json()["where"]) == (422, "speaker")
