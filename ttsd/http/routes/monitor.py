"""The monitor: what is followed and read, asked for by file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ttsd import commands
from ttsd.engines import catalog
from ttsd.http.bodies import body, documented
from ttsd.http.encode import Form
from ttsd.http.here import Context, Here, client_of
from ttsd.http.lent import Lent
from ttsd.http.lines import Lines, read_lines
from ttsd.http.problems import Refused, told
from ttsd.http.reply import spoken, unless_gone
from ttsd.http.routes.models import switch_to
from ttsd.http.routes.synthesis import SOUND
from ttsd.model import EngineName

if TYPE_CHECKING:
    from ttsd.sources.status import SourceStatus

router = APIRouter(prefix="/v1/monitor", tags=["monitor"])


class Followed(BaseModel):
    """One source."""

    name: str
    path: str
    files: list[str]
    waiting: str | None


class Status(BaseModel):
    """What is read, and by whom."""

    selected_engine: str
    available_engines: list[str]
    state: str
    queued: int
    sources: list[Followed]


@router.get("/status", summary="What is followed, and who reads it")
async def status(here: Here) -> Status:
    """See /v1/status for all of it."""
    found = await here.ask(commands.Status())
    listing = await here.ask(commands.EngineFacts())
    return Status(
        selected_engine=found.engine,
        available_engines=[one.name for one in listing.engines if one.installed],
        state=found.state,
        queued=found.queue.queued,
        sources=[
            Followed(
                name=one.name, path=one.path, files=[file.path for file in one.files], waiting=one.waiting
            )
            for one in found.sources
        ],
    )


class Selection(BaseModel):
    """Which engine."""

    engine: str = Field(min_length=1, max_length=64)


class Selected(BaseModel):
    """It is."""

    success: bool
    selected_engine: str


@router.post(
    "/select-engine",
    responses=told(404, 409, 415),
    openapi_extra=documented(Selection),
    summary="Choose who reads",
)
async def select_engine(here: Here, asked: Annotated[Selection, Depends(body(Selection))]) -> Selected:
    """The same as POST /models/switch/{name}."""
    switched = await switch_to(here, asked.engine)
    return Selected(success=True, selected_engine=switched.current)


class Place(BaseModel):
    """A file of a source, and how much of it is known."""

    model_config = ConfigDict(title="Place")

    file_path: str = Field(
        min_length=1, max_length=4096, description="A file that is followed, or its source."
    )
    last_line_count: int = Field(default=0, ge=0, le=2**53, description="Lines that are known already.")
    engine: str | None = Field(
        default=None, max_length=64, description="Who is to speak; left out: the chain."
    )


class NewLines(BaseModel):
    """What is new in a file."""

    file_path: str
    lines: list[str]
    line_count: int = Field(description="What to send as last_line_count the next time.")
    more: bool = Field(description="There are more: ask again.")
    restarted: bool = Field(description="The file has fewer lines than were known: it was begun anew.")


@router.post(
    "/read-file",
    responses=told(404, 415),
    openapi_extra=documented(Place),
    summary="New lines of a followed file",
)
async def read_file(here: Here, asked: Annotated[Place, Depends(body(Place))]) -> NewLines:
    """Of configured sources alone. Nothing is queued, and no position is changed."""
    _check_engine(here, asked.engine)
    source, path = await _find(here, asked.file_path)
    if source.watch == "stream":
        raise Refused(
            404,
            "what comes through a stream is not kept",
            where="file_path",
            next_step="POST /v1/monitor/process-queue has its queued lines",
        )
    encoding = next((one.encoding for one in here.settings().sources if one.name == source.name), "utf-8")
    found: Lines = await asyncio.to_thread(read_lines, path, asked.last_line_count, encoding)
    return NewLines(
        file_path=path,
        lines=list(found.lines),
        line_count=found.count,
        more=found.more,
        restarted=found.restarted,
    )


@router.post(
    "/process-queue",
    response_class=Response,
    responses={**SOUND, 204: {"description": "Nothing of it waits."}, **told(404, 415)},
    openapi_extra=documented(Place),
    summary="Hear the next queued line of a source",
)
async def process_queue(
    request: Request, here: Here, asked: Annotated[Place, Depends(body(Place))]
) -> Response:
    """As WAV. It counts as spoken when it was sent; if the client leaves, it waits in its old place."""
    _check_engine(here, asked.engine)
    source, _ = await _find(here, asked.file_path)
    lent = Lent(here, client_of(request))
    engine = None if asked.engine is None else EngineName(asked.engine)
    performance = await unless_gone(request, lent.perform(source.name, engine, Form()))
    if performance is None:
        return Response(status_code=204)
    return spoken(performance, Form(), here.settings().http.timeout)


def _check_engine(here: Context, name: str | None) -> None:
    if name is not None and name not in here.settings().engine and catalog.find(name) is None:
        raise Refused(404, f"no engine {name} is known{catalog.did_you_mean(name)}", where="engine")


async def _find(here: Context, wanted: str) -> tuple[SourceStatus, str]:
    """The source and the path of a followed file; what the client names is compared, never opened."""
    found = await here.ask(commands.SourceList())
    for source in found.sources:
        for file in source.files:
            if wanted == file.path or (wanted in (source.name, source.path) and len(source.files) == 1):
                return source, file.path
    raise Refused(
        404,
        "no source follows such a file",
        where="file_path",
        next_step="GET /v1/monitor/status lists the files",
    )
