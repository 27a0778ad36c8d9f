"""Verbs that ask a daemon: each calls what it should, over whichever transport the platform has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from control_parts import serving

from ttsd import commands
from ttsd.cli import exits, parser, remote
from ttsd.cli.main import main
from ttsd.commands import METHODS
from ttsd.control.client import Client
from ttsd.control.transport import TcpTransport
from ttsd.errors import EngineMissing
from ttsd.schema import read

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.commands import Command
    from ttsd.control.server import Reply

CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "say Hello there --priority high --key k --max-age 5s": (
        "say",
        {"text": "Hello there", "priority": "high", "key": "k", "max_age": "5s"},
    ),
    "say --wait --engine tone --voice v --source bot x": (
        "say",
        {"text": "x", "wait": True, "engine": "tone", "voice": "v", "source": "bot"},
    ),
    "status": ("status", {}),
    "skip": ("skip", {}),
    "stop": ("stop", {}),
    "pause": ("pause", {}),
    "resume": ("resume", {}),
    "clear": ("clear", {}),
    "clear chat": ("clear", {"source": "chat"}),
    "volume": ("volume.get", {}),
    "volume 80": ("volume.set", {"volume": 80}),
    "mute": ("mute", {}),
    "mute off": ("mute", {"on": False}),
    "queue": ("queue.list", {"limit": 100}),
    "queue remove 7": ("queue.remove", {"id": 7}),
    "queue move 7": ("queue.move", {"id": 7, "position": 0}),
    "queue move 7 2": ("queue.move", {"id": 7, "position": 2}),
    "withdraw 7": ("withdraw", {"id": 7}),
    "withdraw --speaker ana --source chat": ("withdraw", {"speaker": "ana", "source": "chat"}),
    "withdraw --key abc": ("withdraw", {"key": "abc"}),
    "history --limit 5": ("history.list", {"limit": 5}),
    "replay": ("history.replay", {}),
    "replay 3": ("history.replay", {"id": 3}),
    "switch hibari": ("engine.switch", {"engine": "hibari"}),
    "source": ("source.list", {}),
    "source enable a": ("source.enable", {"source": "a"}),
    "source disable a": ("source.disable", {"source": "a"}),
    "profile": ("profile.list", {}),
    "profile --list": ("profile.list", {}),
    "profile streaming": ("profile.use", {"profile": "streaming"}),
    "profile --off": ("profile.use", {}),
    "reload": ("reload", {}),
    "shutdown": ("shutdown", {}),
    'ctl queue.list {"limit":3}': ("queue.list", {"limit": 3}),
}


@pytest.mark.parametrize("words", CALLS)
def test_a_verb_calls_its_method_with_parameters_that_are_allowed(words: str) -> None:
    method, params = remote.call_of(parser.build().parse_args(words.split()))
    assert (method, params) == CALLS[words]
    assert read(METHODS[method], params)[1] == ()


def test_every_method_has_a_verb() -> None:
    told_otherwise = {"ping", "version", "subscribe", "level.get", "engine.list", "device.list", "voice.list"}
    told_otherwise |= {"engine.facts", "engine.unload"}  # ttsd engines, ttsd engine unload
    assert set(METHODS) - {method for method, _ in CALLS.values()} == told_otherwise


@pytest.mark.parametrize("words", ["queue list 5", "source list chat", "profile streaming --off"])
def test_words_that_would_be_passed_over_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == exits.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 2, "what is wrong, and what to do"


@pytest.mark.parametrize(
    "words", ["queue remove", "queue move", "withdraw", "source enable", "ctl say [1]", "ctl say {", "say -"]
)
def test_words_that_are_missing_are_asked_for(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Nothing:
        buffer = __import__("io").BytesIO()

    monkeypatch.setattr("sys.stdin", Nothing())
    assert main(words.split()) == exits.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 2, "what is wrong, and what to do"


def daemon(command: Command, reply: Reply) -> None:
    match command:
        case commands.Say(wait=True):
            reply({"id": 1, "state": "skipped", "reason": "skipped", "engine": None, "seconds": 0.0})
        case commands.Say():
            reply({"id": 1})
        case commands.SwitchEngine():
            reply(EngineMissing("xtts is not installed", next_step="ttsd engine install xtts"))
        case _:
            reply({"skipped": None})


def configured(folder: Path) -> list[str]:
    config = folder / "ttsd.toml"
    config.write_text('[control]\nsocket = "c"\n')
    return ["--config", str(config)]


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_the_same_client_speaks_to_both_transports(
    tmp_path: Path, transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Windows the file that the configuration names holds port and token."""
    path = tmp_path / "c"
    words = configured(tmp_path)
    with serving(TcpTransport(path) if transport == "tcp" else path, daemon):
        assert path.is_file() == (transport == "tcp")
        assert main(["say", "hello", *words]) == 0
        assert capsys.readouterr().out == "queued as 1\n"
        assert main(["say", "hello", "--wait", *words]) == exits.FAILURE, "it was not heard"
        assert capsys.readouterr().out == "skipped: skipped\n"
        assert main(["skip", "--json", *words]) == 0
        assert json.loads(capsys.readouterr().out) == {"skipped": None}
        assert main(["switch", "xtts", *words]) == exits.FAILURE
        told = capsys.readouterr().err
        assert told == "ttsd: xtts is not installed\n      ttsd engine install xtts\n"
        for nonsense in ("ctl no.such", "volume 500", "say --max-age 5x hello", "queue --limit 0"):
            assert main([*nonsense.split(), *words]) == exits.USAGE, nonsense
    assert main(["skip", *words]) == exits.NOT_RUNNING


def test_a_token_that_is_wrong_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c"
    words = configured(tmp_path)
    with serving(TcpTransport(path), daemon):
        host, port, token = path.read_text().split()
        path.write_text(f"{host} {port} {token[::-1]}\n")
        assert main(["skip", *words]) == exits.FAILURE
        assert "auth TOKEN" in capsys.readouterr().err
        path.write_text(f"{host} {port} {token}\n")


def test_events_are_one_object_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ttsd.events import Paused

    words = configured(tmp_path)
    printed: list[Any] = []
    with serving(tmp_path / "c", daemon) as server:

        def take(text: str, **_: object) -> None:
            printed.append(json.loads(text))
            if len(printed) == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr("builtins.print", take)
        original = Client.events

        def events(client: Client, timeout: float | None = None) -> Any:
            for at in (1.0, 2.0):
                server.publish(Paused(at=at))
            return original(client, timeout)

        monkeypatch.setattr(Client, "events", events)
        assert main(["events", "paused", *words]) == exits.INTERRUPTED
    assert printed == [{"event": "paused", "at": 1.0}, {"event": "paused", "at": 2.0}]
