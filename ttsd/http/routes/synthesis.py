"""Synthesis: a text goes in, its sound comes out while it is made; the queue is not touched."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from ttsd import commands
from ttsd.http.bodies import body, documented
from ttsd.http.encode import MEDIA
from ttsd.http.here import Here, client_of
from ttsd.http.problems import told
from ttsd.http.reply import spoken, unless_gone
from ttsd.http.spoken import Base, Spoken, check_length, check_name, order_of
from ttsd.model import EngineName, Priority
from ttsd.settings import Duration

router = APIRouter(prefix="/v1", tags=["synthesis"])

SOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sound, sent while it is made. X-Engine and X-Voice tell who speaks.",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}} for media in sorted(MEDIA.values())
        },
    }
}


@router.post(
    "/synthesize",
    response_class=Response,
    responses={**SOUND, **told(404, 415)},
    openapi_extra=documented(Spoken),
    summary="Speak a text into the answer",
)
async def synthesize(request: Request, here: Here, asked: Annotated[Base, Depends(body(Spoken))]) -> Response:
    """Streams; what waits in the queue goes first and is not changed."""
    settings = here.settings().http
    order = order_of(asked, settings)
    performance = await unless_gone(request, here.desks.perform(order, client_of(request)))
    return spoken(performance, order.form, settings.timeout)


class Said(BaseModel):
    """A text for the queue."""

    text: str = Field(min_length=1, description="What to speak.")
    source: str | None = Field(
        default=None, min_length=1, max_length=200, description="The source it counts for."
    )
    priority: str = Field(
        default="normal", pattern="^(low|normal|high|urgent)$", description="Who goes first."
    )
    voice: str | None = Field(
        default=None, min_length=1, max_length=200, description="A preset or a voice by name."
    )
    engine: str | None = Field(
        default=None, min_length=1, max_length=64, description="An engine to try first."
    )
    key: str | None = Field(
        default=None, min_length=1, max_length=200, description="Replaces a waiting text with the same key."
    )
    max_age: float | None = Field(
        default=None, ge=0, le=10**9, description="Seconds after which it is not worth saying."
    )


class Queued(BaseModel):
    """Where it is."""

    id: int = Field(description="Of the utterance: events and the history name it.")


@router.post("/say", responses=told(404, 415), openapi_extra=documented(Said), summary="Queue a text")
async def say(here: Here, asked: Annotated[Said, Depends(body(Said))]) -> Queued:
    """It is read aloud where ttsd reads aloud, in its turn."""
    check_length(asked.text, here.settings().http)
    if asked.voice is not None:
        check_name(asked.voice, "voice")
    queued = await here.ask(
        commands.Say(
            text=asked.text,
            source=asked.source,
            priority=Priority[asked.priority.upper()],
            voice=asked.voice,
            engine=None if asked.engine is None else EngineName(asked.engine),
            key=asked.key,
            max_age=None if asked.max_age is None else Duration(asked.max_age),
        )
    )
    return Queued(id=queued.id)
