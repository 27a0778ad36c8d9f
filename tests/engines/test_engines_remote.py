"""Engines that run elsewhere: ttsd's own workers and foreign Wyoming servers, over unix and tcp."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_parts import BAD_ADAPTERS, seconds
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize

from ttsd.engines.chain import Chain, ChainFailed
from ttsd.engines.connect import Place
from ttsd.engines.engine import Engine, Request
from ttsd.engines.roster import Roster
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.model import Chunk, EngineName
from ttsd.settings import Duration, EngineSettings, Settings

HERE = Path(__file__).parent
BOX = EngineName("box")
SENTENCE = Request("Four score")


@dataclass(frozen=True)
class Running:
    """A server's process and address."""

    uri: str
    process: subprocess.Popen[str]

    def gone(self) -> None:
        """Wait until it has noticed that a client left."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "gone\n"


@contextmanager
def started(command: list[str]) -> Iterator[Running]:
    """A server, killed at the end; the first line it prints ends with its address."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield Running(process.stdout.readline().split()[-1], process)
        finally:
            process.kill()


@pytest.fixture(params=["tcp", "unix"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """The foreign server."""
    uri = "tcp://127.0.0.1:0" if request.param == "tcp" else f"unix://{tmp_path / 'foreign.sock'}"
    with started([str(HERE / "wyoming_server.py"), uri]) as running:
        yield running


def worker_command(uri: str, adapter: str, folder: Path) -> list[str]:
    """Our worker with an adapter of the tests."""
    command = ["-m", "ttsd.engines.boot", "xtts", "--uri", uri, "--adapter", f"{BAD_ADAPTERS}:{adapter}"]
    return [*command, "--data", str(folder), "--cache", str(folder)]


@contextmanager
def worker(adapter: str, folder: Path, kind: str = "unix", *, port: int = 0) -> Iterator[Running]:
    """Our worker on a socket of *kind*."""
    path = folder / f"{adapter}.sock"
    uri = f"unix://{path}" if kind == "unix" else f"tcp://127.0.0.1:{port}"
    with started(worker_command(uri, adapter, folder)) as running:
        yield running


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def engine(uri: str, folder: Path, name: EngineName = BOX, **settings: object) -> Iterator[Engine]:
    """The engine as a user configures it."""
    wanted = EngineSettings(uri=uri, **settings)  # type: ignore[arg-type]  # the tests name real fields
    roster = Roster(place=Place(folder, folder, folder))
    chain = roster.build(Settings(engines=(name,), engine={name: wanted}))
    try:
        yield chain.engines[0]
    finally:
        roster.close()


def test_a_foreign_server_is_an_engine(foreign: Running, tmp_path: Path) -> None:
    with engine(foreign.uri, tmp_path) as box:
        assert [(voice.name, voice.language, voice.speakers) for voice in box.voices()] == [
            ("amy", "en_US", ()),
            ("choir", "de_DE", ("anna", "bert")),
        ]
        for _ in range(3):  # it takes one request for each connection
            heard = list(box.synthesize(SENTENCE))
            assert seconds(heard) == pytest.approx(1.0)
            assert heard[0].rate == 16000
        status = box.status()
        assert (status.state, status.pid, status.detail) == ("ready", None, foreign.uri)
        assert status.first_audio_seconds is not None
        assert status.real_time_factor is None  # a foreign server does not tell what it computed


def test_a_foreign_servers_voices_and_speakers_are_checked_first(foreign: Running, tmp_path: Path) -> None:
    with engine(foreign.uri, tmp_path, voice="choir", options={"speaker": "bert"}) as box:
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(2.0)
        with pytest.raises(UnknownVoice, match="amy, choir"):
            list(box.synthesize(Request("x", voice="bob")))
        with pytest.raises(UnknownVoice, match="anna, bert"):
            list(box.synthesize(Request("x", voice="choir", speaker="carl")))


@pytest.mark.parametrize(
    ("text", "fault", "words"),
    [
        ("fail", EngineRefused, "no such phoneme"),
        ("break here now", EngineCrashed, "closed the connection"),
        ("hang here now", EngineTimeout, "went silent"),
        ("silent as the grave", EngineSilent, "silence"),
    ],
)
def test_a_foreign_servers_faults_are_told_and_the_next_sentence_is_spoken(
    foreign: Running, tmp_path: Path, text: str, fault: type[EngineError], words: str
) -> None:
    with engine(foreign.uri, tmp_path, idle_timeout=Duration(0.4)) as box:
        with pytest.raises(fault, match=words):
            list(box.synthesize(Request(text)))
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)


def test_cancelling_closes_the_connection_to_a_foreign_server(foreign: Running, tmp_path: Path) -> None:
    with engine(foreign.uri, tmp_path) as box:
        box.load()
        foreign.gone()
        chunks = box.synthesize(Request("word " * 200))
        next(chunks)
        box.cancel()
        with pytest.raises(EngineCancelled):
            list(chunks)
        foreign.gone()
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_our_worker_elsewhere_keeps_its_connection_and_takes_options(tmp_path: Path, kind: str) -> None:
    with (
        worker("WithOptions", tmp_path, kind) as running,
        engine(running.uri, tmp_path, EngineName("xtts"), options={"top_k": 3}) as box,
    ):
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(0.3)
        assert seconds(list(box.synthesize(Request("x", voice="second", speaker="anna")))) == pytest.approx(
            6.0
        )
        assert box.status().real_time_factor is not None
        assert box.status().voice == "first"
        with pytest.raises(UnknownVoice):
            list(box.synthesize(Request("x", voice="third")))
        with pytest.raises(EngineRefused, match="top_k"):
            list(box.synthesize(Request("x", options={"top_k": -1})))


def test_our_worker_elsewhere_is_cancelled_by_an_event(tmp_path: Path) -> None:
    with worker("Good", tmp_path) as running, engine(running.uri, tmp_path) as box:
        chunks = box.synthesize(Request("word " * 1000))
        next(chunks)
        box.cancel()
        with pytest.raises(EngineCancelled):
            list(chunks)
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)


def test_several_clients_share_a_worker_and_one_that_leaves_disturbs_nobody(tmp_path: Path) -> None:
    with (
        worker("Good", tmp_path) as running,
        engine(running.uri, tmp_path) as one,
        engine(running.uri, tmp_path) as other,
    ):
        long = one.synthesize(Request("word " * 1000))
        next(long)
        long.close()  # type: ignore[attr-defined]  # it is a generator
        one.close()
        assert seconds(list(other.synthesize(SENTENCE))) == pytest.approx(1.0)


def test_a_worker_that_went_is_an_error_and_its_return_is_noticed(tmp_path: Path) -> None:
    port = free_port()
    with engine(f"tcp://127.0.0.1:{port}", tmp_path) as box:
        with pytest.raises(EngineCrashed, match="cannot be reached"):
            box.load()
        assert box.status().state == "failed"
        for _ in range(2):
            with worker("Good", tmp_path, "tcp", port=port):
                assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)
            with pytest.raises(EngineCrashed):
                list(box.synthesize(SENTENCE))


def test_loading_elsewhere_is_told_here(tmp_path: Path) -> None:
    with (
        worker("SlowToLoad", tmp_path) as running,
        engine(running.uri, tmp_path, load_timeout=Duration(0.5)) as box,
    ):
        with pytest.raises(EngineTimeout, match="not ready"):
            box.load()
        assert box.status().last_error == "was not ready in time"


def test_what_is_no_protocol_is_named(tmp_path: Path) -> None:
    """A web server, for example."""
    code = (
        "import socket\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(f'tcp://127.0.0.1:{s.getsockname()[1]}', flush=True)\n"
        "while True:\n"
        "    c, _ = s.accept()\n"
        "    c.recv(1000)\n"
        "    c.sendall(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n')\n"
        "    c.close()\n"
    )
    with (
        started(["-c", code]) as running,
        engine(running.uri, tmp_path) as box,
        pytest.raises(EngineCrashed, match="no protocol"),
    ):
        box.load()


def test_a_chain_goes_from_a_box_that_is_gone_to_an_engine_that_is_here(tmp_path: Path) -> None:
    tone = EngineName("tone")
    roster = Roster(place=Place(tmp_path, tmp_path, tmp_path))
    settings = Settings(
        engines=(BOX, tone), engine={BOX: EngineSettings(uri=f"unix://{tmp_path / 'nobody.sock'}")}
    )
    chain = roster.build(settings)
    assert {heard.engine for heard in chain.speak(SENTENCE)} == {"tone"}
    assert "cannot be reached" in (chain.status()[0].detail or "")
    roster.close()


def test_workers_are_used_side_by_side(tmp_path: Path) -> None:
    tone = EngineName("tone")
    roster = Roster(place=Place(tmp_path, tmp_path, tmp_path))
    box = roster.build(Settings(engines=(tone,), engine={tone: EngineSettings(workers=3)})).engines[0]
    sentences = [box.synthesize(SENTENCE) for _ in range(3)]
    for sentence in sentences:
        next(sentence)
    with pytest.raises(EngineRefused, match="all its workers"):
        next(box.synthesize(SENTENCE))
    for sentence in sentences:
        assert list(sentence)
    assert box.status().detail == "3 of 3 workers can be used"
    assert [voice.name for voice in box.voices()] == ["tone"]
    roster.close()


def test_of_several_addresses_those_that_answer_speak(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path / 'nobody.sock'}"
    with (
        worker("Good", tmp_path) as running,
        engine(f"{nobody} {running.uri} {nobody}", tmp_path) as box,
    ):
        for _ in range(4):
            assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)
        assert box.status().detail == "1 of 3 workers can be used"
        assert box.status().state == "ready"
        box.load()
    with engine(f"{nobody} {nobody}", tmp_path) as box, pytest.raises(ChainFailed, match="cannot be reached"):
        list(Chain([box]).speak(SENTENCE))


def test_one_of_several_that_dies_in_a_sentence_does_not_begin_it_again(tmp_path: Path) -> None:
    with (
        worker("Dying", tmp_path) as dying,
        worker("Good", tmp_path) as good,
        engine(f"{dying.uri} {good.uri}", tmp_path) as box,
    ):
        heard: list[Chunk] = []
        with pytest.raises(EngineCrashed):
            heard.extend(box.synthesize(SENTENCE))
        assert seconds(heard) == pytest.approx(1.0)  # a list keeps what it got before the error
        assert seconds(list(box.synthesize(SENTENCE))) == pytest.approx(1.0)


async def converse(uri: str) -> None:
    """What a client of the package wyoming does with our worker."""
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        while (event := await client.read_event()) is not None and not Info.is_type(event.type):
            pass
        assert event is not None
        assert [voice.name for voice in Info.from_event(event).tts[0].voices] == ["first", "second"]
        for text in ("Four score", "", "and seven"):
            await client.write_event(Synthesize(text=text).event())
            kinds, length = [], 0.0
            while (event := await client.read_event()) is not None:
                kinds.append(event.type)
                if AudioChunk.is_type(event.type):
                    chunk = AudioChunk.from_event(event)
                    assert (chunk.rate, chunk.width, chunk.channels) == (16000, 2, 1)
                    length += chunk.seconds
                if AudioStop.is_type(event.type) or Error.is_type(event.type):
                    break
            if text:
                assert (kinds[0], kinds[-1]) == (AudioStart(0, 0, 0).event().type, AudioStop().event().type)
                assert length == pytest.approx(len(text) / 10)
            else:
                assert kinds == ["error"]


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_our_worker_serves_the_package_wyomings_client(tmp_path: Path, kind: str) -> None:
    with worker("Good", tmp_path, kind) as running:
        asyncio.run(converse(running.uri))


def test_a_workers_socket_is_its_users_alone_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    for _ in range(2):  # the first is killed and leaves its socket behind
        with worker("Good", tmp_path) as running:
            assert (tmp_path / "Good.sock").stat().st_mode & 0o777 == 0o600
            second = subprocess.run(
                [sys.executable, *worker_command(running.uri, "Good", tmp_path)],
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
            )
            assert second.returncode == 1
            assert "cannot listen" in second.stderr


def test_a_worker_ends_well_when_it_is_terminated(tmp_path: Path) -> None:
    with worker("Good", tmp_path) as running:
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert not (tmp_path / "Good.sock").exists()


@pytest.mark.parametrize(
    "uri", ["http://x:1", "tcp://host", "unix://host/path", "tcp://host:99999", "nonsense"]
)
def test_an_address_that_is_none_is_refused_by_worker_and_host(tmp_path: Path, uri: str) -> None:
    with pytest.raises(EngineRefused, match="use tcp://host:port or unix:///path"):
        Roster(place=Place(tmp_path, tmp_path, tmp_path)).build(
            Settings(engines=(BOX,), engine={BOX: EngineSettings(uri=uri)})
        )
    done = subprocess.run(
        [sys.executable, *worker_command(uri, "Good", tmp_path)], capture_output=True, check=False, timeout=20
    )
    assert done.returncode == 1
