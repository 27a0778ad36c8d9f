"""OpenAI's own client speaks with it."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING

import httpx2 as httpx
import numpy as np
import pytest
import soundfile
from http_daemon import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai
    from http_daemon import HttpDaemon, MakeHttp

TEXT = "Hello there. This is a test of the client that others use."


def client_of(daemon: HttpDaemon, key: str = "no key") -> openai.OpenAI:
    """Their client, for a daemon of ours."""
    import openai  # it takes a second, which each of the processes that collect tests would pay

    plain = httpx.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=key, max_retries=0, http_client=plain)


@pytest.fixture
def client(shared: HttpDaemon) -> Iterator[openai.OpenAI]:
    """For the shared one."""
    with client_of(shared) as made:
        yield made


@pytest.mark.parametrize("form", ["mp3", "opus", "flac", "wav"])
def test_it_speaks_in_every_format(client: openai.OpenAI, form: str) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=form)  # type: ignore[arg-type]  # a literal of theirs
    samples, _ = soundfile.read(io.BytesIO(answer.content))
    assert float(np.abs(samples).max()) > 0.05


def test_it_streams_raw_samples_at_their_rate(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tone", voice="tone", input=TEXT, response_format="pcm"
    ) as answer:
        pieces = list(answer.iter_bytes(1024))
    assert answer.headers["x-sample-rate"] == "24000"
    samples = np.frombuffer(b"".join(pieces), "<i2")
    assert len(pieces) > 1
    assert np.abs(samples).max() > 1000


def test_it_streams_events(http: httpx.Client) -> None:
    body = {
        "model": "tts-1",
        "voice": "nova",
        "input": TEXT,
        "response_format": "wav",
        "stream_format": "sse",
    }
    answer = http.post("/v1/audio/speech", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert events[-1]["type"] == "speech.audio.done"
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert sound == http.post("/v1/synthesize", json={"text": TEXT}).content


def test_models_and_voices_are_listed(client: openai.OpenAI, http: httpx.Client) -> None:
    names = [model.id for model in client.models.list()]
    assert names[:2] == ["ttsd", "tone"]
    assert client.models.retrieve("tts-1").id == "tts-1"
    assert http.get("/v1/audio/voices").json() == {"voices": ["tone"]}


def test_errors_are_theirs(client: openai.OpenAI) -> None:
    import openai

    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.speech.create(model="tts-99", voice="alloy", input="a")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError, match="nobody"):
        client.audio.speech.create(model="ttsd", voice="nobody", input="a")
    with pytest.raises(openai.UnprocessableEntityError, match="tone has no speed"):
        client.audio.speech.create(model="ttsd", voice="alloy", input="a", speed=2.0)


def test_their_key_is_our_token(guarded: HttpDaemon) -> None:
    import openai

    with client_of(guarded, "wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    with client_of(guarded, TOKEN) as client:
        assert client.models.list().data


@pytest.mark.voice
def test_a_real_voice_answers_their_client(make_http: MakeHttp) -> None:
    pytest.importorskip("hibari")
    daemon = make_http(engines=("hibari",))
    with (
        client_of(daemon) as client,
        client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=TEXT, response_format="pcm", speed=1.2
        ) as answer,
    ):
        sound = np.frombuffer(b"".join(answer.iter_bytes()), "<i2")
    assert answer.headers["x-engine"] == "hibari"
    assert 1.5 < len(sound) / 24_000 < 6
    assert np.abs(sound).max() > 3000
