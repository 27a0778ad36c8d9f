"""The inside of the server's loop: uvicorn with the application, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from ttsd.http.app import make
from ttsd.http.backstage import Asking
from ttsd.http.desks import Desks
from ttsd.http.here import Context
from ttsd.http.metrics import Metrics
from ttsd.logger import Logger

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from ttsd.http.backstage import Backstage
    from ttsd.http.hub import Hub
    from ttsd.settings.http import HttpSettings

log = Logger("ttsd.http")

GRACE_SECONDS = 2
"""How long answers that are under way may take at the end."""
KEEP_ALIVE = 15
"""Seconds that a connection may wait for its next request."""
LARGEST_HEADER = 32 << 10
LARGEST_MESSAGE = 1 << 20
"""Bytes of one WebSocket message."""


async def serve(
    backstage: Backstage,
    settings: HttpSettings,
    token: str | None,
    hub: Hub,
    sock: socket.socket,
    stop: asyncio.Event,
) -> None:
    """Serve until *stop* is set; everything that was begun has ended afterwards."""
    desks = Desks(backstage, settings)
    context = Context(Asking(backstage), desks, hub, Metrics(), backstage.settings)
    config = uvicorn.Config(
        make(context, settings, token),
        http=_patient(settings.timeout),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=LARGEST_HEADER,
        ws_max_size=LARGEST_MESSAGE,
        backlog=1024,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    tidying = asyncio.create_task(desks.tidy())
    stopping = asyncio.create_task(stop.wait())
    with _in_our_log():
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            tidying.cancel()
            stopping.cancel()
            await desks.close()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


@contextlib.contextmanager
def _in_our_log() -> Iterator[None]:
    """Within it, what uvicorn logs stands in ttsd's log: faults as such, clients' nonsense at debug level."""
    handler, theirs = _Handler(), logging.getLogger("uvicorn")
    before, theirs.propagate = theirs.propagate, False
    theirs.addHandler(handler)
    try:
        yield
    finally:
        theirs.removeHandler(handler)
        theirs.propagate = before


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell = log.error if record.levelno >= logging.ERROR else log.debug
        tell("http_server", says=record.getMessage(), exc_info=record.exc_info)


def _patient(patience: float) -> type[H11Protocol]:
    """A protocol that cuts off who connects and does not say a whole request; uvicorn waits for ever."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.loop.call_later(patience, self._look)

        def _look(self) -> None:
            transport: Any = self.transport
            mine = transport.get_protocol() is self  # a WebSocket's is another
            cycle: RequestResponseCycle | None = self.cycle  # None until a request is whole
            if mine and cycle is None and not transport.is_closing():
                transport.close()

    return Protocol
