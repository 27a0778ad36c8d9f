"""The application: routes, the layers around them, and how errors are told. Its one page of composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from ttsd import __version__
from ttsd.errors import TtsdError
from ttsd.http.guard import Bodies, Crowd, Gate, Token
from ttsd.http.problems import EVERYWHERE, Refused, answer, unfit
from ttsd.http.reply import NOBODY, Gone
from ttsd.http.routes import (
    batch,
    catalogue,
    control,
    finetune,
    health,
    models,
    monitor,
    openai,
    sockets,
    speakers,
    synthesis,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ttsd.http.here import Context
    from ttsd.settings.http import HttpSettings

ROUTES = (synthesis, batch, catalogue, health, monitor, control, models, finetune, speakers, openai, sockets)
_THEIRS = ("/v1/audio/", "/v1/models")
"""Where errors are told as OpenAI tells them, too."""


def make(context: Context, settings: HttpSettings, token: str | None) -> ASGIApp:
    """All of it. *token*: what every request must carry; None: nothing."""
    app = FastAPI(
        title="ttsd",
        version=__version__,
        description="A daemon that reads aloud what grows in your files.",
        docs_url=None,  # they fetch scripts from elsewhere
        redoc_url=None,
        responses=EVERYWHERE,
        separate_input_output_schemas=False,
    )
    app.state.context = context
    for module in ROUTES:
        app.include_router(module.router)
    app.add_exception_handler(TtsdError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Gone, _gone)
    layered: ASGIApp = Bodies(app, upload=settings.max_upload, patience=settings.timeout)
    layered = Crowd(layered, most=settings.clients)
    if token is not None:
        layered = Token(layered, token=token)
    if settings.origins:
        layered = CORSMiddleware(
            layered, allow_origins=settings.origins, allow_methods=["*"], allow_headers=["*"]
        )
    return Gate(layered, names=(*settings.names, settings.host), origins=settings.origins)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, TtsdError)
    return answer(error, theirs=request.url.path.startswith(_THEIRS))


async def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _told(request, unfit(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    """What the router itself refuses: no such path, not this method."""
    assert isinstance(error, HTTPException)
    refused = Refused(error.status_code, str(error.detail))
    response = answer(refused)
    response.headers.update(error.headers or {})
    del request
    return response


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads it."""
    del request, error
    return Response(status_code=NOBODY)
