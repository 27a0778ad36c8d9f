"""What POST /v1/synthesize promises: sound while it is made, in the form that was asked for, or why not."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import numpy as np
import pytest
import soundfile
from daemon_process import REAL_TIME
from waiting import wait_for

if TYPE_CHECKING:
    from http_daemon import HttpDaemon, MakeHttp

TEXT = "Hello there. This is a test."
LONG = " ".join(
    f"The {a}{b} comes and goes." for a in "bcdfghjklmnprst" for b in ("ear", "oat", "ine", "and", "ell") * 4
)
"""Some 7000 characters, none of which the rules leave out."""
ENDLESS = {"text": LONG, "rate": 48000, "subtype": "FLOAT"}
"""More sound than fits between a server and a client that does not read: at ten characters a second, 130 MB."""


def sound(answer: httpx.Response) -> tuple[np.ndarray, int]:
    """Samples and rate."""
    assert answer.status_code == 200, answer.text
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    return samples, rate


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3"])
def test_every_format_is_one(http: httpx.Client, format: str) -> None:  # noqa: A002 - the parameter's name
    long = " ".join(["More of it."] * 100)  # a second
    samples, rate = sound(http.post("/v1/synthesize", json={"text": long, "format": format}))
    assert rate == 8000
    plain, _ = sound(http.post("/v1/synthesize", json={"text": long}))
    assert abs(len(samples) - len(plain)) < 0.3 * rate  # an MP3 has some silence at its ends
    assert float(np.abs(samples).max()) > 0.05


@pytest.mark.parametrize(
    ("asked", "rate", "subtype"),
    [
        ({"format": "wav", "rate": 44100, "subtype": "PCM_24"}, 44100, "PCM_24"),
        ({"format": "wav", "subtype": "FLOAT"}, 8000, "FLOAT"),
        ({"format": "flac", "rate": 48000, "subtype": "PCM_24"}, 48000, "PCM_24"),
        ({"format": "ogg", "subtype": "OPUS"}, 8000, "OPUS"),
    ],
)
def test_rate_and_subtype_are_as_asked(
    http: httpx.Client, asked: dict[str, Any], rate: int, subtype: str
) -> None:
    answer = http.post("/v1/synthesize", json={"text": TEXT, **asked})
    assert answer.status_code == 200
    with soundfile.SoundFile(io.BytesIO(answer.content)) as file:
        assert file.subtype == subtype
        assert file.samplerate == (48000 if subtype == "OPUS" and file.samplerate == 48000 else rate)


def test_raw_samples_say_what_they_are(http: httpx.Client) -> None:
    answer = http.post("/v1/synthesize", json={"text": TEXT, "format": "pcm"})
    assert answer.headers["content-type"] == "audio/pcm;rate=8000;channels=1"
    assert answer.headers["x-engine"] == "tone"
    plain, _ = sound(http.post("/v1/synthesize", json={"text": TEXT}))
    assert np.array_equal(np.frombuffer(answer.content, "<i2"), np.round(plain * 32768).astype(np.int16))


def test_a_form_is_as_good_as_json(http: httpx.Client) -> None:
    form = http.post("/v1/synthesize", data={"text": TEXT, "speed": "1.0", "engine": "tone", "rate": ""})
    assert form.content == http.post("/v1/synthesize", json={"text": TEXT}).content


@pytest.mark.parametrize(
    ("asked", "status", "word"),
    [
        ({"text": ""}, 422, "text"),
        ({"text": "  \n"}, 422, "empty"),
        ({"text": "?!…"}, 422, "speak"),
        ({}, 422, "text"),
        ({"text": "a", "engine": "pipr"}, 404, 'did you mean "piper"'),
        ({"text": "a", "engine": "kokoro"}, 404, "not installed"),
        ({"text": "a", "voice": "nobody"}, 404, "nobody"),
        ({"text": "a", "voice": "../../etc/passwd"}, 404, "voice"),
        ({"text": "a", "voice": "/tmp/x.onnx"}, 404, "voice"),
        ({"text": "a", "engine": "hibari", "language": "pt"}, 422, "cannot speak pt"),
        ({"text": "a", "language": "no language"}, 422, "language"),
        ({"text": "a", "temperature": 0.5}, 422, "tone has no temperature"),
        ({"text": "a", "top_k": 3}, 422, "tone has no top_k"),
        ({"text": "a", "gpt_cond_len": 3}, 422, "tone has no gpt_cond_len"),
        ({"text": "a", "speed": 1.5}, 422, "tone has no speed"),
        ({"text": "a", "speed": 1000}, 422, "speed"),
        ({"text": "a", "tempo": 1}, 422, "tempo"),
        ({"text": "a", "format": "aiff"}, 422, "format"),
        ({"text": "a", "format": "mp3", "subtype": "FLOAT"}, 422, "mp3 has no subtype"),
        ({"text": "a", "format": "mp3", "rate": 9000}, 422, "rate"),
        ({"text": "a" * 20_001}, 413, "longer"),
    ],
)
def test_what_cannot_be_done_is_told(
    http: httpx.Client, asked: dict[str, Any], status: int, word: str
) -> None:
    answer = http.post("/v1/synthesize", json=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    assert word in json.dumps(answer.json(), ensure_ascii=False).replace('\\"', '"')


def test_a_parameter_at_its_default_is_no_wish(http: httpx.Client) -> None:
    defaults = {
        name: one["default"]
        for name, one in http.get("/v1/synthesis-config").json().items()
        if one["default"] is not None and name != "language"
    }
    assert defaults["temperature"] == 0.75
    assert defaults["gpt_cond_len"] == 12.0
    assert http.post("/v1/synthesize", json={"text": TEXT, **defaults}).status_code == 200


def test_a_body_of_another_kind_is_refused(http: httpx.Client) -> None:
    assert (
        http.post("/v1/synthesize", content=b"{", headers={"content-type": "application/json"}).status_code
        == 400
    )
    assert (
        http.post("/v1/synthesize", content=b"hello", headers={"content-type": "text/plain"}).status_code
        == 415
    )


def test_a_batch_is_a_zip_with_its_results(http: httpx.Client) -> None:
    items = [{"text": "One."}, {"text": "Two.", "engine": "nobody"}, {"text": "Three.", "format": "flac"}]
    answer = http.post("/v1/synthesize/batch", json={"items": items})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["001.wav", "003.flac", "results.json"]
        results = json.loads(archive.read("results.json"))["results"]
        assert [one["status"] for one in results] == [200, 404, 200]
        samples, rate = soundfile.read(io.BytesIO(archive.read("001.wav")))
    assert len(samples) / rate == pytest.approx(results[0]["seconds"], abs=0.01)


def test_a_batch_may_come_in_parts(http: httpx.Client) -> None:
    answer = http.post("/v1/synthesize/batch", json={"items": [{"text": "One."}], "archive": "multipart"})
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message: Any = message_from_bytes(head + answer.content)
    first, results = message.get_payload()
    assert first.get_filename() == "001.wav"
    assert first.get_payload(decode=True)[:4] == b"RIFF"
    assert json.loads(results.get_payload(decode=True))["results"][0]["engine"] == "tone"


def test_sound_comes_while_it_is_made_and_the_queue_is_not_touched(make_http: MakeHttp) -> None:
    daemon = make_http(pace=10, output=REAL_TIME)  # a chunk of the tone is a quarter of a second
    with (
        daemon.client() as client,
        client.stream("POST", "/v1/synthesize", json=ENDLESS) as answer,
    ):
        pieces = answer.iter_raw()
        first = next(pieces)
        assert first.startswith(b"RIFF")
        assert daemon.status()["queue"] == {"queued": 0, "speaking": 0}
        assert daemon.status()["counters"]["queued"] == 0
        pid = daemon.engine_pid()
    # It leaves: its desk is free again, and the queue's engine is the one it was.
    with daemon.client() as client:
        wait_for(
            lambda: "ttsd_http_syntheses 0.0" in client.get("/metrics").text,
            "the desk to be free",
            timeout=20,
        )
    assert daemon.engine_pid() == pid


def test_what_is_said_is_queued(make_http: MakeHttp) -> None:
    daemon = make_http()
    with daemon.client() as client:
        assert client.post("/v1/say", json={"text": "Read this."}).json() == {"id": 1}
        assert client.post("/v1/say", data={"text": "And this.", "priority": "high"}).json() == {"id": 2}
        assert client.post("/v1/say", json={"text": "x", "priority": "soon"}).status_code == 422
    daemon.wait_until_spoken(2)
    assert sorted(daemon.texts()) == ["And this.", "Read this."]


def test_too_many_at_a_time_are_told_when_to_come_again(slow: HttpDaemon) -> None:
    with slow.client() as client, client.stream("POST", "/v1/synthesize", json=ENDLESS) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        second = client.post("/v1/synthesize", json={"text": "Me, too."})
        assert (second.status_code, second.json()["code"]) == (503, "busy")
        assert int(second.headers["retry-after"]) >= 1
    wait_for(slow.is_free, "the desk to be free", timeout=20)


def test_no_engine_that_is_well_is_503(make_http: MakeHttp) -> None:
    text = """
engines = ["elsewhere"]
[engine.elsewhere]
uri = "tcp://127.0.0.1:9"
[[outputs]]
type = "null"
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""
    daemon = make_http(text=text)
    with daemon.client() as client:
        answer = client.post("/v1/synthesize", json={"text": "Hello."})
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        health = client.get("/health")
        assert health.status_code == 200


def test_who_leaves_before_the_first_sound_frees_its_engine(make_http: MakeHttp) -> None:
    text = """
engines = ["command"]
[engine.command]
command = "sleep 30"
preload = false
[[outputs]]
type = "null"
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""
    daemon = make_http("workers = 1", text=text)
    with daemon.client() as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/synthesize", json={"text": "Hello."}, timeout=1.0)
        assert "sleep" in str(daemon.processes())
    wait_for(daemon.is_free, "the desk to be free", timeout=10)
    wait_for(
        lambda: not any(one.startswith("sleep ") for one in daemon.processes().values()), "the program to end"
    )


def test_the_queue_goes_first(make_http: MakeHttp) -> None:
    """While the queue needs its engine, a request waits; and what is read aloud has no gap."""
    daemon = make_http(pace=50, output=REAL_TIME)
    answers: list[int] = []

    def ask() -> None:
        with daemon.client() as client:
            answers.append(client.post("/v1/synthesize", json={"text": "Some words. " * 40}).status_code)

    with daemon.client() as client:
        client.post("/v1/say", json={"text": "It is read aloud. " * 10})
        daemon.wait_until_speaking()
        asking = [threading.Thread(target=ask) for _ in range(4)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        daemon.wait_until_spoken(1)
        assert answers == [200] * 4
        assert "ttsd_underruns_total{" in client.get("/metrics").text
    assert daemon.status()["outputs"][0]["underruns"] == 0
