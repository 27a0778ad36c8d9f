"""What every route has at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.http.backstage import Asking
    from ttsd.http.desks import Desks
    from ttsd.http.hub import Hub
    from ttsd.http.metrics import Metrics
    from ttsd.settings import Settings


@frozen
class Context:
    """One for the server."""

    ask: Asking
    desks: Desks
    hub: Hub
    metrics: Metrics
    settings: Callable[[], Settings]
    """What is in force now."""


def _here(connection: HTTPConnection) -> Context:
    context: Context = connection.app.state.context
    return context


def client_of(connection: HTTPConnection) -> str:
    """The address that asks."""
    return connection.client.host if connection.client else "?"


Here = Annotated[Context, Depends(_here)]
