"""Who may ask, how much, and what is never told."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from daemon_process import DaemonProcess, configuration
from http_daemon import TOKEN, free_port, told
from waiting import wait_for

from ttsd import config
from ttsd.control.client import Refused
from ttsd.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2 as httpx
    from http_daemon import HttpDaemon, MakeHttp

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "tts.example"])  # noqa: S104 - nobody listens
def test_who_can_be_reached_by_others_must_ask_for_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="token_file"):
        config.build(config.given(f'[http]\nenabled = true\nhost = "{host}"', None, {}))
    config.build(config.given(f'[http]\nenabled = true\nhost = "{host}"\ntoken_file = "token"', None, {}))
    config.build(config.given(f'[http]\nhost = "{host}"', None, {}))


@pytest.mark.parametrize("token", [None, "short", "with a space in it, and long enough"])
def test_a_token_that_is_none_keeps_the_daemon_from_starting_and_check_says_so(
    tmp_path: Path, token: str | None
) -> None:
    http = f'\n[http]\nenabled = true\nport = {free_port()}\ntoken_file = "token"\n'
    daemon = DaemonProcess(tmp_path / "d", configuration() + http)
    if token is not None:
        (daemon.folder / "token").write_text(token)
    daemon.launch()
    assert daemon.wait() == 78
    assert "token_file" in daemon.stderr()
    assert token is None or token not in daemon.stderr()
    checked = daemon.ttsd("check")
    assert (checked.returncode, "token_file" in checked.stderr) == (78, True)
    (daemon.folder / "token").write_text(TOKEN)
    assert daemon.ttsd("check").returncode == 0
    daemon.close()


def test_a_port_that_is_taken_keeps_the_daemon_from_starting_and_costs_no_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        http = f"\n[http]\nenabled = true\nport = {taken.getsockname()[1]}\n"
        daemon = DaemonProcess(tmp_path / "d", configuration() + http)
        daemon.append("a line")
        daemon.launch()
        assert daemon.wait() == 1, "no mistake in the configuration: a service is started again"
        assert "cannot listen" in daemon.stderr()
        assert "file_followed" not in daemon.stderr()
    daemon.start()  # the port is free now
    daemon.wait_until_spoken(1)
    daemon.close()


def test_without_the_token_nothing_is_told(guarded: HttpDaemon) -> None:
    with guarded.client() as client:
        for path in ("/health", "/openapi.json", "/v1/engines", "/metrics", "/nothing"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        for wrong in ("Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"):
            assert client.get("/health", headers={"Authorization": wrong}).status_code == 401
        assert client.get("/health", headers=BEARER).status_code == 200
        assert client.get("/health", headers={"Authorization": f"bearer  {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:7870"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST.:7870"}, 200),
        ({"Host": "[::1]:7870"}, 200),
        ({"Host": "192.168.1.7"}, 200),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "localhost:7870", "Origin": "http://localhost:7870"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_foreign_names_and_pages_are_refused(
    http: httpx.Client, headers: dict[str, str], status: int
) -> None:
    assert http.post("/v1/commands/ping", headers=headers).status_code == status


def test_pages_that_are_named_may_ask(guarded: HttpDaemon) -> None:
    page = {"Origin": "https://page.example"}
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with guarded.client() as client:
        allowed = client.options("/v1/say", headers={**page, **wanted}).headers
        assert allowed["access-control-allow-origin"] == "https://page.example"
    with guarded.client(headers=BEARER) as client:
        told = client.get("/health", headers=page)
        assert told.headers["access-control-allow-origin"] == "https://page.example"
        assert client.get("/health", headers={"Origin": "https://other.example"}).status_code == 403
        assert client.get("/health", headers={"Host": "tts.home:80"}).status_code == 200


def test_too_much_is_refused_before_it_is_read(http: httpx.Client, shared: HttpDaemon) -> None:
    huge = b'{"text": "' + b"a" * (5 << 20) + b'"}'
    assert http.post("/v1/synthesize", content=huge).status_code == 413
    # In pieces, without a length.
    pieces = (b"a" * 65536 for _ in range(200))
    headers = {"content-type": "application/json"}
    assert http.post("/v1/synthesize", content=pieces, headers=headers).status_code == 413
    with socket.create_connection(("127.0.0.1", shared.port), 30) as raw:
        raw.sendall(b"POST /v1/say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        assert raw.recv(65536).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", shared.port), 30) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000)
        assert b" 400 " in raw.recv(65536)


def test_who_says_half_a_request_is_cut_off(slow: HttpDaemon) -> None:
    head = b"POST /v1/say HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", slow.port), 30) as raw:
        raw.sendall(head + b"Content-Length: 9\r\n\r\n{")
        assert b" 408 " in raw.recv(65536)
    with socket.create_connection(("127.0.0.1", slow.port), 30) as raw:
        raw.sendall(b"GET /health HT")
        assert raw.recv(65536) == b""


def test_more_clients_than_allowed_are_told_to_come_again(guarded: HttpDaemon) -> None:
    words = {"additional_headers": BEARER}
    with ExitStack() as open_:
        for _ in range(3):
            told(open_.enter_context(guarded.websocket("/ws/events", **words)))
        with guarded.client(headers=BEARER) as client:
            answer = client.get("/health")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_a_client_that_takes_nothing_is_dropped(slow: HttpDaemon) -> None:
    asked = b'{"text": "' + b"At a high rate. " * 200 + b'", "rate": 192000}'
    head = b"POST /v1/synthesize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", slow.port), 30) as raw:
        raw.sendall(head + f"Content-Length: {len(asked)}\r\n\r\n".encode() + asked)
        wait_for(lambda: not slow.is_free(), "it to be spoken for")
        wait_for(slow.is_free, "it to be dropped", timeout=20)


def test_text_and_token_are_not_in_the_log(guarded: HttpDaemon) -> None:
    with guarded.client(headers=BEARER) as client:
        for body in (
            {"text": "Confidential matters."},
            {"text": "Confidential matters.", "engine": "nobody"},
        ):
            client.post("/v1/synthesize", json=body)
        client.post("/v1/say", json={"text": "Confidential matters.", "priority": "x"})
        client.get(f"/health?token={TOKEN}")
    assert "Confidential" not in guarded.stderr()
    assert TOKEN not in guarded.stderr()


def test_what_the_api_cannot_follow_changes_nothing_else_either(make_http: MakeHttp) -> None:
    daemon = make_http()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        profile = f"[profile.streaming]\nhttp = {{ port = {port} }}\nspeech = {{ pause_ms = 40 }}\n"
        daemon.edit("[http]", f"{profile}[http]")
        wait_for(lambda: daemon.call("profile.list")["profiles"] == ["streaming"], "the reload")
        with pytest.raises(Refused, match="cannot listen at"):
            daemon.call("profile.use", profile="streaming")
        assert daemon.call("profile.list")["profile"] is None
        daemon.edit(f"port = {daemon.port}", f"port = {port}")
        daemon.edit("pause_ms = 20", "pause_ms = 30")
        wait_for(lambda: daemon.status()["config_problems"], "the reload")
        assert daemon.logged("not_reloaded")[-1]["in_force"] == "the old configuration"
        with daemon.client() as client:
            assert client.get("/health").status_code == 200
        daemon.kill()  # no profile is in force at the next start
        daemon.edit(f"port = {port}\n", f"port = {daemon.port}\n")
        daemon.start()
        assert daemon.status()["profile"] is None
    daemon.edit("enabled = true", "enabled = true  # the port is free now")
    assert daemon.call("profile.use", profile="streaming")["changed"] == ["http", "speech"]
    assert daemon.call("profile.list")["profile"] == "streaming"
    daemon.port = port
    with daemon.client() as client:
        assert client.get("/health").status_code == 200


def test_a_reload_changes_the_api_and_a_bad_one_leaves_it(make_http: MakeHttp) -> None:
    daemon = make_http("max_text = 100")
    with daemon.client() as client:
        assert client.post("/v1/say", json={"text": "a" * 101}).status_code == 413
        daemon.edit("max_text = 100", "max_text = 200")
        wait_for(lambda: client.post("/v1/say", json={"text": "a" * 101}).status_code == 200, "the reload")
        daemon.edit("max_text = 200", 'max_text = 200\ntoken_file = "nowhere"')
        wait_for(lambda: daemon.status()["config_problems"], "the reload")
        assert client.get("/health").status_code == 200
        daemon.edit("enabled = true", "enabled = false")
        daemon.edit('token_file = "nowhere"', "")

    def refused() -> bool:
        with socket.socket() as raw:
            return raw.connect_ex(("127.0.0.1", daemon.port)) != 0

    wait_for(refused, "the API to be gone")
    assert daemon.call("ping") == "pong"


def test_another_address_at_the_same_port_wants_a_restart_and_says_so(make_http: MakeHttp) -> None:
    daemon = make_http()
    (daemon.folder / "token").write_text(TOKEN)
    daemon.edit("[http]", '[http]\nhost = "0.0.0.0"\ntoken_file = "token"')
    with pytest.raises(Refused, match="cannot listen at") as refused:
        daemon.call("reload")
    assert "restart ttsd" in str(refused.value.next_step)
    with daemon.client() as client:
        assert client.get("/health").status_code == 200
