"""Whether all is well: for people, supervisors and Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from ttsd import commands
from ttsd.http.here import Here
from ttsd.http.metrics import LOOKED_BACK
from ttsd.schema import plain

router = APIRouter(tags=["health"])


class EngineHealth(BaseModel):
    """One engine of the chain."""

    state: str
    healthy: bool
    detail: str | None
    last_error: str | None


class Health(BaseModel):
    """How ttsd is."""

    live: bool = Field(description="Its main loop answers.")
    ready: bool = Field(
        description="What comes in is spoken: an engine can speak, and nothing holds the queue up."
    )
    state: str = Field(description="As in status.")
    trouble: str | None = Field(description="Why the queue does not move.")
    version: str
    engines: dict[str, EngineHealth]


@router.get("/health", summary="Is it well?")
async def health(here: Here) -> Health:
    """200 as long as it lives; `ready` says whether it can speak."""
    status = await here.ask(commands.Status())
    engines = {
        one.name: EngineHealth(
            state=one.state,
            healthy=one.state not in ("missing", "failed", "resting", "closed"),
            detail=one.detail,
            last_error=one.last_error,
        )
        for one in status.chain
    }
    return Health(
        live=True,
        ready=status.trouble is None and any(one.healthy for one in engines.values()),
        state=status.state,
        trouble=status.trouble,
        version=status.version,
        engines=engines,
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus's text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
    summary="Figures for Prometheus",
)
async def metrics(here: Here) -> Response:
    """Made anew at each look."""
    status = await here.ask(commands.Status())
    history = await here.ask(commands.HistoryList(limit=LOOKED_BACK))
    text = here.metrics.render(status, history.utterances, here.desks.busy)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/status", summary="What it is doing, and how well")
async def status(here: Here) -> dict[str, object]:
    """What `ttsd status --json` tells."""
    found: dict[str, object] = plain(await here.ask(commands.Status()))
    return found
