"""Who may come in, and what becomes of the socket's file."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from control_parts import Raw, echo, serving, unix_socket
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsd.control.client import Client
from ttsd.control.server import Server
from ttsd.control.transport import TcpTransport, UnixTransport, inherited_socket, peer_uid
from ttsd.errors import ControlError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "c.sock"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_socket_and_folder_are_the_users_alone_whatever_the_umask(path: Path) -> None:
    old = os.umask(0)
    try:
        with serving(path):
            assert mode(path) == 0o600
            assert mode(path.parent) == 0o700
            assert mode(path.with_name("c.sock.lock")) == 0o600
    finally:
        os.umask(old)
    assert not path.exists()


def test_nobody_can_connect_before_the_mode_is_set(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    chmod = Path.chmod

    def watching(self: Path, new: int) -> None:
        with unix_socket() as probe:
            tried.append(probe.connect_ex(str(self)))
        chmod(self, new)

    monkeypatch.setattr(Path, "chmod", watching)
    with serving(path):
        assert len(tried) == 1
        assert tried[0] != 0


def test_a_stale_socket_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    with unix_socket() as dead:
        dead.bind(str(path))
    assert path.exists()
    with serving(path), Raw(path) as client:
        assert client.hello["method"] == "hello"


def test_a_socket_that_somebody_listens_on_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with unix_socket() as foreign:
        foreign.bind(str(path))
        foreign.listen(0)
        with pytest.raises(ControlError, match="another ttsd answers"), serving(path):
            pass
        assert path.exists()


def test_a_second_server_is_refused_and_the_first_goes_on(path: Path) -> None:
    with serving(path):
        with pytest.raises(ControlError, match="another ttsd answers") as caught, serving(path):
            pass
        assert caught.value.next_step
        with Raw(path) as client:
            client.ask("ping")
            assert client.read()["id"] == 1


def test_after_the_first_has_ended_the_next_may_come(path: Path) -> None:
    for _ in range(3):
        with serving(path), Raw(path) as client:
            assert client.hello


def test_a_file_that_is_no_socket_is_never_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(ControlError, match="no socket"), serving(path):
        pass
    assert path.read_text() == "precious"


def test_a_socket_that_another_put_in_its_place_is_not_removed(path: Path) -> None:
    with serving(path):
        path.unlink()
        path.write_text("not ours")
    assert path.read_text() == "not ours"


def test_a_path_too_long_for_a_socket_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError) as caught, serving(tmp_path / ("x" * 120)):
        pass
    assert "shorter" in (caught.value.next_step or "")


def test_another_user_is_refused_without_a_word(path: Path) -> None:
    with serving(UnixTransport(path, admit=lambda _: False)), Raw(path, greeted=False) as client:
        assert client.line() == b""


@pytest.mark.parametrize(
    ("uid", "may"), [(1000, True), (0, True), (None, True), (1001, False), (65534, False)]
)
def test_our_user_and_root_may_come_in_and_nobody_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, uid: int | None, may: bool
) -> None:
    monkeypatch.setattr("ttsd.control.transport._own_uid", lambda: 1000)
    monkeypatch.setattr("ttsd.control.transport.peer_uid", lambda _: uid)
    with unix_socket() as connection:
        assert UnixTransport(path).admits(connection) is may


def test_the_peers_user_is_known(path: Path) -> None:
    seen = []

    def admit(connection: socket.socket) -> bool:
        seen.append(peer_uid(connection))
        return True

    with serving(UnixTransport(path, admit=admit)), Raw(path):
        assert seen == [path.stat().st_uid]


def test_a_folder_of_somebody_else_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    monkeypatch.setattr("ttsd.control.transport._own_uid", lambda: 54_321)
    if path.parent.stat().st_uid == 0:  # root's folders are trusted
        shutil.chown(path.parent, 12_345)
    with pytest.raises(ControlError, match="belongs to somebody else"), serving(path):
        pass


def test_no_bytes_stop_the_server(path: Path) -> None:
    pieces = st.lists(
        st.binary(max_size=200) | st.sampled_from([b"\n", b"{", b'{"method":"ping"}\n', b"skip\n"])
    )

    with serving(path), Raw(path) as steady:

        @settings(max_examples=80, deadline=None)
        @given(pieces)
        def feed(data: list[bytes]) -> None:
            with Raw(path) as client:
                for piece in data:
                    client.send(piece)
            steady.ask("ping", 7)
            assert steady.read()["id"] == 7

        feed()


SERVE = """
import os, sys
from pathlib import Path
os.environ["LISTEN_PID"] = str(os.getpid())
from ttsd.control.server import Server
from ttsd.control.transport import default_transport
server = Server(default_transport(Path(sys.argv[1])), lambda command, reply: reply({}))
server.start()
assert "LISTEN_FDS" not in os.environ
assert not os.get_inheritable(3)
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


def test_a_socket_handed_over_by_systemd_is_used_and_kept(path: Path) -> None:
    path.parent.mkdir()
    with unix_socket() as listener:
        listener.bind(str(path))
        listener.listen(8)
        saved = os.dup(3) if Path("/proc/self/fd/3").exists() else None
        try:
            if listener.fileno() != 3:
                os.dup2(listener.fileno(), 3)
            os.set_inheritable(3, True)
            process = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(path)],
                env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"},
                pass_fds=(3,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        finally:
            if listener.fileno() != 3:
                os.close(3)
            if saved is not None:
                os.dup2(saved, 3)
                os.close(saved)
        with process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == b"ready\n"
            with Raw(path) as client:
                client.ask("ping")
                assert client.read()["result"] == {}
            process.stdin.close()
            assert process.wait(10) == 0
        assert path.exists()


def test_variables_meant_for_another_process_are_left_alone() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
    assert inherited_socket(environ) is None
    assert environ == {"LISTEN_PID": "1", "LISTEN_FDS": "1"}


def test_tcp_takes_only_who_knows_the_token(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with serving(TcpTransport(path)):
        assert mode(path) == 0o600
        host, port, token = path.read_text().split()
        assert host == "127.0.0.1"
        for first in (b"auth wrong\n", b"auth \n", b'{"method":"ping"}\n', b"GET / HTTP/1.1\r\n"):
            with (
                socket.create_connection((host, int(port)), 10) as stranger,
                stranger.makefile("rb") as lines,
            ):
                stranger.sendall(first)
                assert b'"unauthorised"' in lines.readline()
                assert lines.readline() == b""
        with Client.connect(path) as client:
            assert client.call("ping") == {"command": "Ping", "params": {}}
        path.write_text(f"{host} {port} {'0' * len(token)}")
        with pytest.raises(ControlError, match="auth TOKEN"):
            Client.connect(path)
    assert path.exists()  # not what we wrote: not ours to remove


def test_tcp_gives_strangers_little_time(tmp_path: Path) -> None:
    from fakes import FakeClock

    path = tmp_path / "control"
    clock = FakeClock()
    server = Server(TcpTransport(path), echo, clock=clock)
    server.open()
    try:
        host, port, _ = path.read_text().split()
        with socket.create_connection((host, int(port)), 10) as stranger:
            server.step(5)
            clock.advance(4.9)
            server.step(0)
            stranger.setblocking(False)
            with pytest.raises(BlockingIOError):
                stranger.recv(1)
            clock.advance(0.2)
            server.step(0)
            stranger.settimeout(10)
            assert stranger.recv(1) == b""
    finally:
        server.close()


def test_a_second_tcp_server_is_refused_and_a_dead_ones_file_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with serving(TcpTransport(path)):
        with pytest.raises(ControlError, match="another ttsd answers"), serving(TcpTransport(path)):
            pass
        with Client.connect(path) as client:
            client.call("ping")
    assert not path.exists()
    path.write_text("127.0.0.1 1 abc\n")
    with serving(TcpTransport(path)), Client.connect(path) as client:
        client.call("ping")


def test_the_token_is_protected_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "control"
    sizes = []

    def protect(file: Path) -> None:
        sizes.append(file.stat().st_size)
        file.chmod(0o600)

    with serving(TcpTransport(path, protect=protect)):
        assert sizes == [0]
