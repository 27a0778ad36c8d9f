"""The doctor looks at the files and the port that the configuration names."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from control_parts import serving

from ttsd.doctor import files
from ttsd.http import server
from ttsd.settings import ControlSettings, Settings
from ttsd.settings.http import HttpSettings
from ttsd.settings.text import BlocklistSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that somebody listens at."""
    sock = socket.create_server(("127.0.0.1", 0))
    yield sock
    sock.close()


def http(folder: Path, port: int, *, enabled: bool = True, token: Path | None = None) -> Settings:
    return Settings(
        http=HttpSettings(enabled=enabled, port=port, token_file=token),
        control=ControlSettings(socket=folder / "c"),
    )


def looked(settings: Settings) -> tuple[str, str, bool]:
    (check,) = files.http(settings)
    return check.state, check.found, check.next_step is not None


def test_nothing_is_said_of_an_api_that_is_not_wanted(tmp_path: Path) -> None:
    assert not list(files.http(http(tmp_path, 1, enabled=False)))


def test_a_port_that_is_taken_is_broken_unless_our_daemon_has_it(
    tmp_path: Path, taken: socket.socket
) -> None:
    port = taken.getsockname()[1]
    state, found, helped = looked(http(tmp_path, port))
    assert (state, helped) == ("broken", True)
    assert str(port) in found
    with serving(tmp_path / "c"):
        assert looked(http(tmp_path, port)) == ("ok", f"listens at 127.0.0.1:{port}", False)
        taken.close()
        assert looked(http(tmp_path, port))[::2] == ("broken", True)
    assert looked(http(tmp_path, port)) == ("ok", f"127.0.0.1:{port} is free", False)


def test_a_token_that_cannot_be_used_is_broken(tmp_path: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    taken.close()
    token = tmp_path / "token"
    assert looked(http(tmp_path, port, token=token))[::2] == ("broken", True)
    token.write_text("short")
    assert "16 characters" in looked(http(tmp_path, port, token=token))[1]
    token.write_text("a-token-of-some-length")
    assert looked(http(tmp_path, port, token=token))[0] == "ok"


def test_packages_that_are_missing_are_named_with_what_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "NEEDED", ("fastapi", "no_such_package"))
    (check,) = files.http(http(tmp_path, 1))
    assert (check.state, check.next_step) == ("broken", 'pip install "ttsd[http]"')
    assert "no_such_package" in check.found


def test_lists_of_words_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    assert not list(files.words(Settings()))
    dictionary, block = tmp_path / "dictionary", tmp_path / "block"
    settings = Settings(dictionary=dictionary, blocklist=(BlocklistSettings(file=block),))
    assert [check.state for check in files.words(settings)] == ["warn", "warn"]
    dictionary.write_text("SQL = sequel\n")
    block.write_text("word\n")
    (check,) = files.words(settings)
    assert (check.state, check.found) == ("ok", f"{dictionary}, {block}")
