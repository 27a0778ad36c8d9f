"""The engine `openai` against servers that behave as each dialect does, and as none should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_parts import host as local
from engine_parts import seconds
from speech_server import (
    Answer,
    Handler,
    chatterbox,
    kokoro_fastapi,
    localai,
    openai,
    openedai,
    pcm,
    serving,
    speaches,
    vllm_omni,
    wav,
)
from waiting import wait_for

from ttsd.engines import catalog
from ttsd.engines.adapters.dialects import DIALECTS
from ttsd.engines.chain import Chain
from ttsd.engines.connect import Place, Process
from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineMissing,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.model import EngineName
from ttsd.settings import EngineSettings

SENTENCE = Request("Seven quiet foxes read.")
LENGTH = len(SENTENCE.text) / 10
KEY = "sk-test-1234"

Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine for a server's url."""
    made: list[EngineHost] = []

    def engine(url: str, dialect: str = "openai", voice: str | None = None, **options: Scalar) -> EngineHost:
        entry = catalog.find("openai")
        assert entry is not None
        given = {"url": url, "dialect": dialect, **options}
        assert not catalog.option_problems("openai", given)
        settings = EngineSettings(voice=voice, options=given)
        place = Place(tmp_path, tmp_path / "data", tmp_path / "cache")
        host = EngineHost(EngineName("openai"), entry, settings, Process("openai", entry, settings, place))
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def test_the_catalogue_and_the_table_know_the_same_dialects() -> None:
    entry = catalog.find("openai")
    assert entry is not None
    assert next(o.choices for o in entry.options if o.name == "dialect") == tuple(DIALECTS)


@pytest.mark.parametrize(
    ("dialect", "answer", "rate", "voice"),
    [
        ("openai", openai, 24000, "alloy"),
        ("kokoro-fastapi", kokoro_fastapi, 24000, "af_heart"),
        ("chatterbox", chatterbox, 24000, "default"),
        ("localai", localai, 22050, "default"),
        ("vllm-omni", vllm_omni, 44100, "default"),
        ("speaches", speaches, 24000, "af_heart"),
        ("openedai", openedai, 22050, "alloy"),
    ],
)
def test_each_dialect_is_heard_whole_in_its_rate(
    make: Make, tmp_path: Path, dialect: str, answer: Answer, rate: int, voice: str
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    with serving(answer) as server:
        host = make(server.url, dialect, key_file="key")
        for stream, speed in ((True, 1.5), (True, 1.0), (False, 1.0)):
            heard = list(host.synthesize(Request(SENTENCE.text, options={"stream": stream, "speed": speed})))
            assert {chunk.rate for chunk in heard} == {rate}
            assert seconds(heard) == pytest.approx(LENGTH, abs=0.001)
        assert host.voices()[0].name == voice
        host.close()
    first = server.asked[0]
    assert (first["input"], first["speed"]) == (SENTENCE.text, 1.5)
    assert server.asked[1].get("stream", False) == ("stream" in DIALECTS[dialect].ask)
    assert first.get("voice", "default") == voice
    assert set(server.keys) == {f"Bearer {KEY}"}


def test_the_rate_of_raw_sound_can_be_told(make: Make) -> None:
    with serving(speaches) as server:
        host = make(server.url, "speaches", sample_rate=16000)
        heard = list(host.synthesize(SENTENCE))
        host.close()
    assert {chunk.rate for chunk in heard} == {16000}
    assert seconds(heard) == pytest.approx(LENGTH, abs=0.001)
    assert server.asked[0]["sample_rate"] == 16000


def test_voices_are_those_listed_or_named_and_no_others(make: Make) -> None:
    with serving(kokoro_fastapi, ["af_bella", {"id": "am_adam", "name": "Adam"}, 7]) as server:
        host = make(server.url, "kokoro-fastapi")
        assert [voice.name for voice in host.voices()] == ["af_bella", "am_adam"]
        list(host.synthesize(Request("hello", voice="am_adam")))
        with pytest.raises(UnknownVoice):
            list(host.synthesize(Request("hello", voice="zoe")))
        host.close()
        named = make(server.url, "chatterbox", voices="my voice.wav, other.wav")
        assert [voice.name for voice in named.voices()] == ["my voice.wav", "other.wav"]
        named.close()
    assert [asked["voice"] for asked in server.asked] == ["am_adam"]


def test_sound_is_heard_before_the_server_has_made_it_all(make: Make) -> None:
    go = threading.Event()

    def slow(handler: Handler, asked: dict[str, Any]) -> None:
        data = pcm(asked["input"], 24000)
        handler.begin("audio/pcm")
        handler.piece(data[:10001])
        go.wait(10)
        handler.piece(data[10001:])
        handler.wfile.write(b"0\r\n\r\n")

    with serving(slow) as server:
        chunks = make(server.url).synthesize(SENTENCE)
        first = next(chunks)
        go.set()
        assert seconds([first, *chunks]) == pytest.approx(LENGTH, abs=0.001)


def stall(handler: Handler, asked: dict[str, Any]) -> None:
    """Begin, and then nothing."""
    handler.begin("audio/pcm")
    handler.piece(pcm(asked["input"], 24000)[:8001])
    handler.server.over.wait(20)


def hang(handler: Handler, asked: dict[str, Any]) -> None:
    """Say nothing at all."""
    handler.server.over.wait(20)


def stop_in_a_chunk(handler: Handler, asked: dict[str, Any]) -> None:
    """Break off."""
    handler.begin("audio/pcm")
    handler.wfile.write(b"ffff\r\n" + pcm(asked["input"], 24000)[:8001])


def stop_between_chunks(handler: Handler, asked: dict[str, Any]) -> None:
    """End without an end."""
    handler.begin("audio/pcm")
    handler.piece(pcm(asked["input"], 24000)[:8000])


def said(status: int, message: str, **headers: str) -> Answer:
    """An error."""
    return lambda handler, _: handler.complain(status, {"error": {"message": message}}, **headers)


def gives(data: bytes, kind: str, told: int | None = None) -> Answer:
    """A body."""
    return lambda handler, _: handler.whole(data, kind, told=told)


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (
            said(401, f"wrong key {KEY}"),
            EngineRefused,
            r"accept the key \(401\); it said: wrong key \[the key\]",
        ),
        (said(404, "no model tts-1"), EngineRefused, "404.*no model tts-1.*ends with /v1"),
        (said(429, "slow down", Retry_After="7"), EngineRefused, r"credit left \(429\); it asks to wait 7 s"),
        (said(500, "CUDA out of memory"), EngineRefused, r"failed \(500\); it said: CUDA.*server's log"),
        (said(400, f"cannot say {SENTENCE.text}"), EngineRefused, r"\(400\); it said: .a line that repeats"),
        (said(307, "", Location="http://elsewhere/"), EngineRefused, r"elsewhere \(307\).*not followed"),
        (said(204, ""), EngineRefused, "answered 204"),
        (gives(b"", "audio/pcm"), EngineRefused, "empty answer"),
        (gives(b"\0" * 40000, "audio/pcm"), EngineSilent, "silence"),
        (gives(b"<html>sorry</html>", "text/html"), EngineRefused, "text/html, which is no sound"),
        (gives(b"data: {}", "text/event-stream"), EngineRefused, "vllm-omni"),
        (gives(b"ID3" + bytes(999), "audio/pcm"), EngineRefused, "compressed"),
        (gives(pcm("abc", 24000)[:-1], "audio/pcm"), EngineRefused, "inside a sample"),
        (gives(pcm("abc", 24000), "audio/pcm", told=99999), EngineCrashed, "stopped in the middle: 85599"),
        (gives(wav(pcm("abc", 8000), 8000)[:-100], "audio/wav"), EngineRefused, "the middle: 100 bytes"),
        (stop_in_a_chunk, EngineCrashed, "stopped in the middle"),
        (stop_between_chunks, EngineCrashed, "stopped in the middle"),
        (stall, EngineTimeout, "nothing more for 0.3 s"),
        (hang, EngineTimeout, "did not begin within 0.4 s"),
        (lambda handler, _: handler.wfile.write(b"what?\r\n\r\n"), EngineCrashed, "connection broke"),
        (lambda *_: None, EngineCrashed, "connection broke"),
    ],
)
def test_what_is_not_whole_is_a_failure_that_tells_no_secret(
    make: Make, monkeypatch: pytest.MonkeyPatch, answer: Answer, fault: type[EngineError], words: str
) -> None:
    monkeypatch.setenv("SPEECH_KEY", KEY)
    with serving(answer) as server:
        host = make(server.url, key_env="SPEECH_KEY", first_byte_timeout=0.4, read_timeout=0.3)
        with pytest.raises(fault, match=words) as caught:
            list(host.synthesize(SENTENCE))
        host.close()
    assert server.keys == [f"Bearer {KEY}"]
    for secret in (KEY, SENTENCE.text):
        assert secret not in f"{caught.value} {host.status()}"


@pytest.mark.parametrize("answer", [said(500, "boom"), stop_in_a_chunk, stall, gives(b"", "audio/pcm")])
def test_when_a_server_fails_the_next_engine_says_what_was_not_heard(
    make: Make, tmp_path: Path, answer: Answer
) -> None:
    text = "Seven quiet foxes read, and eight loud ones listen to them."
    good = local("Good", tmp_path, name="good")
    with serving(answer) as server:
        chain = Chain([make(server.url, first_byte_timeout=0.4, read_timeout=0.3), good])
        heard = list(chain.speak(Request(text)))
    told = {one.name: one for one in chain.status()}
    good.close()
    first = seconds([one.chunk for one in heard if one.engine == "openai"])
    second = seconds([one.chunk for one in heard if one.engine == "good"])
    # Fifteen characters a second until its pace is known; the good one makes a tenth for each character.
    assert second * 10 == pytest.approx(len(text) - first * 15, abs=6)
    assert told[EngineName("openai")].last_error
    crashed = answer in (stop_in_a_chunk, stall)
    assert told[EngineName("openai")].state == ("resting" if crashed else "ready")


def test_the_key_is_in_no_list_of_processes(make: Make, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    with serving(openai) as server:
        host = make(server.url, key_file="key")
        host.load()
        assert KEY.encode() not in Path(f"/proc/{host.status().pid}/cmdline").read_bytes()


@pytest.mark.parametrize("answer", [stall, hang], ids=["stall", "hang"])
def test_cancelling_closes_the_connection_and_keeps_the_worker(make: Make, answer: Answer) -> None:
    def until_left(handler: Handler, asked: dict[str, Any]) -> None:
        if answer is stall:
            handler.begin("audio/pcm")
            handler.piece(pcm(asked["input"], 24000)[:8001])
        if not handler.connection.recv(1):  # the end of what the client says
            handler.server.left.set()

    with serving(until_left) as server:
        host = make(server.url)
        host.load()
        pid, faults = host.status().pid, []

        def speak() -> None:
            try:
                list(host.synthesize(SENTENCE))
            except EngineError as error:
                faults.append(error)

        thread = threading.Thread(target=speak)
        thread.start()
        wait_for(lambda: server.asked, "the request")
        host.cancel()
        thread.join(10)
        assert [type(fault) for fault in faults] == [EngineCancelled]
        assert server.left.wait(5)
        host.load()
        assert host.status().pid == pid


def test_a_server_that_is_not_there_is_named_with_the_next_step(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    host = make(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(EngineCrashed, match=rf"127.0.0.1:{port} cannot be reached.*is it running"):
        list(host.synthesize(SENTENCE))
    assert host.status().state == "ready"


@pytest.mark.parametrize(
    ("options", "fault", "words"),
    [
        ({"url": ""}, EngineMissing, "has no server"),
        ({"url": "localhost:80"}, EngineRefused, "no address"),
        ({"url": "http://me:pass@host/v1"}, EngineRefused, "no address"),
        ({"url": "http://[::1/v1"}, EngineRefused, "no address"),
        ({"url": "http://h/v1", "key_env": "NO_SUCH_KEY"}, EngineMissing, "variable NO_SUCH_KEY"),
        ({"url": "http://h/v1", "key_file": "none"}, EngineMissing, "cannot be read: No such file"),
        ({"url": "http://h/v1", "key_file": "odd"}, EngineMissing, "no key in the file odd"),
    ],
)
def test_what_cannot_be_used_is_said_when_it_loads(
    tmp_path: Path, options: dict[str, Scalar], fault: type[EngineError], words: str
) -> None:
    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.openai import OpenAi

    (tmp_path / "odd").write_text("two words\nhere")
    with pytest.raises(fault, match=words):
        OpenAi().open(Setup(options=options, base=tmp_path), print)
