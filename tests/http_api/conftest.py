"""Daemons with an API: one for the tests of a file that leave it as it was, and others on demand."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from http_daemon import TOKEN, HttpDaemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2 as httpx
    from http_daemon import MakeHttp


@pytest.fixture
def make_http(tmp_path: Path) -> Iterator[MakeHttp]:
    """Daemons of a test's own."""
    with ExitStack() as closing:

        def make(
            http: str = "", *, prepare: Callable[[Path], object] = lambda _: None, **words: Any
        ) -> HttpDaemon:
            made = HttpDaemon(tmp_path / "d", http, **words)
            prepare(made.folder)
            closing.callback(lambda: sys.stderr.write(made.stderr()[-20_000:]))
            closing.callback(made.close)
            return made.start()

        yield make


@contextmanager
def _running(
    factory: pytest.TempPathFactory, http: str, token: str | None, **words: Any
) -> Iterator[HttpDaemon]:
    made = HttpDaemon(factory.mktemp("http") / "d", http, **words)
    if token is not None:
        (made.folder / "token").write_text(f"{token}\n")
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    """One for all tests that leave nothing in it that another could see."""
    with _running(tmp_path_factory, "", None) as made:
        yield made


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    """The same, but it asks for TOKEN, and pages and a name of others are let in."""
    http = 'token_file = "token"\norigins = ["https://page.example"]\nnames = ["tts.home"]\nclients = 3'
    with _running(tmp_path_factory, http, TOKEN) as made:
        yield made


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    """One text at a time, at a letter a second: more sound than anybody takes."""
    with _running(tmp_path_factory, "workers = 1\ntimeout = '1s'\npatience = '0.5s'", None, pace=1) as made:
        yield made


@pytest.fixture
def http(shared: HttpDaemon) -> Iterator[httpx.Client]:
    """A client of the shared one."""
    with shared.client() as client:
        yield client
