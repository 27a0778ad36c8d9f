"""Daemons with an API: one for the tests of a file that leave it as it was, and others on demand."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from http_daemon import HttpDaemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2 as httpx


class MakeHttp(Protocol):
    """Makes a running daemon that ends with the test."""

    def __call__(
        self, http: str = "", *, prepare: Callable[[Path], object] = lambda _: None, **words: Any
    ) -> HttpDaemon:
        """See HttpDaemon. *prepare*: puts what is needed into its folder before it starts."""
        ...


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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    """One for all tests of a file: they leave nothing in it that another could see."""
    made = HttpDaemon(tmp_path_factory.mktemp("http") / "d")
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def http(shared: HttpDaemon) -> Iterator[httpx.Client]:
    """A client of the shared one."""
    with shared.client() as client:
        yield client
