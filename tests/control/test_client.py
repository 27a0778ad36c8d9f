"""The client says what is wrong and what to do, and costs next to nothing to start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from control_parts import Held, serving, unix_socket
from waiting import wait_for

from ttsd import config
from ttsd.control.address import control_address
from ttsd.control.client import Client, Refused
from ttsd.errors import ConfigError, ControlError, EngineMissing, NotRunning
from ttsd.events import Paused, Resumed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


@pytest.fixture
def odd_server(path: Path) -> Iterator[socket.socket]:
    with unix_socket() as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


def test_a_call_returns_the_result(path: Path) -> None:
    with serving(path), Client.connect(path) as client:
        assert client.server
        assert client.call("say", {"text": "čau"})["params"]["text"] == "čau"


def test_nobody_there_is_not_running_with_the_next_step(path: Path, odd_server: socket.socket) -> None:
    odd_server.close()
    for missing in (path, path.with_name("nothing"), path.parent / "no" / "folder", path.parent):
        with pytest.raises(NotRunning) as caught:
            Client.connect(missing)
        assert "ttsd run" in str(caught.value)


def test_a_refusal_carries_what_the_daemon_said(path: Path) -> None:
    def submit(command: object, reply: object) -> None:
        raise EngineMissing("xtts is not installed", where="xtts", next_step="install it")

    with serving(path, submit), Client.connect(path) as client:
        with pytest.raises(Refused) as caught:
            client.call("engine.switch", {"engine": "xtts"})
        assert caught.value.reason == "engine-missing"
        assert str(caught.value) == "xtts: xtts is not installed (install it)"
        with pytest.raises(Refused, match="did you mean"):
            client.call("stauts")


def test_events_that_come_while_a_call_waits_are_kept(path: Path) -> None:
    daemon = Held()
    with serving(path, daemon) as server, Client.connect(path) as client:
        client.call("subscribe")
        answers = threading.Thread(
            target=lambda: (wait_for(lambda: daemon.asked, "the call"), daemon.asked[0][1]({}))
        )
        answers.start()
        server.publish(Paused(at=1.0))
        client.call("ping")
        answers.join()
        server.publish(Resumed(at=2.0))
        events = client.events(timeout=5)
        assert [next(events), next(events)] == [("paused", {"at": 1.0}), ("resumed", {"at": 2.0})]


def test_events_end_when_none_come_in_time(path: Path) -> None:
    with serving(path), Client.connect(path) as client:
        client.call("subscribe")
        assert list(client.events(timeout=0.05)) == []


def test_the_daemons_last_word_reaches_who_reads_events(path: Path) -> None:
    with serving(path) as server, Client.connect(path) as client:
        client.call("subscribe")
        server.stop()
        with pytest.raises(ControlError, match="ttsd ends"):
            next(client.events(timeout=5))


def test_a_daemon_that_is_silent_is_told_apart_from_none(path: Path, odd_server: socket.socket) -> None:
    with pytest.raises(ControlError, match="does not answer"):
        Client.connect(path, timeout=0.1)
    daemon = Held()
    other = path.with_name("d.sock")
    silent = pytest.raises(ControlError, match="does not answer")
    with serving(other, daemon), Client.connect(other) as client, silent:
        client.call("ping", timeout=0.1)


def test_something_else_on_the_socket_is_no_daemon(path: Path, odd_server: socket.socket) -> None:
    def serve() -> None:
        connection, _ = odd_server.accept()
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(ControlError, match="not ttsd's control socket"):
        Client.connect(path)
    thread.join()


def test_the_client_imports_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import ttsd.control.client, ttsd.control.address;"
        "print(' '.join(sorted(set(sys.modules) - before)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    ours = {name for name in loaded if name.split(".")[0] == "ttsd"}
    assert ours == {
        "ttsd",
        "ttsd.control",
        "ttsd.control.client",
        "ttsd.control.address",
        "ttsd.errors",
        "ttsd.paths",
    }
    foreign = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"ttsd"}
    assert not {name for name in foreign if not name.startswith("__")}
    for heavy in ("dataclasses", "asyncio", "ssl", "tomllib", "inspect", "logging"):
        assert heavy not in loaded


def test_the_address_is_where_the_configuration_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ttsd.toml"
    for text, environ in (
        ("", {}),
        ('[control]\nsocket = "my.sock"', {}),
        ('[control]\nsocket = "~/my.sock"', {}),
        ('[control]\nsocket = "/abs/my.sock"', {"TTSD_CONTROL__SOCKET": "other.sock"}),
    ):
        file.write_text(text)
        assert control_address(file, environ) == config.load(file, environ).control.socket
        assert control_address(None, {**environ, "TTSD_CONFIG": str(file)}) == control_address(file, environ)
    file.write_text("not toml")
    assert control_address(file, {}) == config.load(None, {"TTSD_CONFIG": os.devnull}).control.socket


def test_a_file_that_is_broken_just_now_still_tells_the_socket(tmp_path: Path) -> None:
    config = tmp_path / "ttsd.toml"
    config.write_text('engines = [unfinished\n[control]\n# here\nsocket = "mine.sock"\n', encoding="utf-8")
    assert control_address(config, {}) == tmp_path / "mine.sock"
    for named in (
        "control.socket = 'mine.sock'",
        "control = { socket = 'mine.sock' }",
        "[ control ]\nsocket='mine.sock'",
    ):
        config.write_text(f"x = 1\n{named}\nengines = [unfinished\n", encoding="utf-8")
        assert control_address(config, {}) == tmp_path / "mine.sock"
    config.write_bytes(b'# caf\xe9 [\n[control]\nsocket = "mine.sock"\n')
    assert control_address(config, {}) == tmp_path / "mine.sock"


def test_a_file_that_is_named_and_not_there_leads_to_no_other_daemon(tmp_path: Path) -> None:
    """Two daemons side by side are told apart by their files: a wrong name must not stop the other one."""
    missing = tmp_path / "ttsd.tml"
    for named, environ in ((missing, {}), (None, {"TTSD_CONFIG": str(missing)})):
        with pytest.raises(ConfigError, match="no such file"):
            control_address(named, environ)
    with pytest.raises(ConfigError, match="cannot be read"):
        control_address(tmp_path, {})
    socket = {"TTSD_CONTROL__SOCKET": "/run/mine.sock"}
    assert str(control_address(missing, socket)).endswith("mine.sock"), "it is known without the file"
