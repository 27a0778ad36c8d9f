"""Recordings that voices are cloned from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from ttsd import paths
from ttsd.http.bodies import MULTIPART
from ttsd.http.problems import Refused, told
from ttsd.schema import plain
from ttsd.speakers import NAME, Speakers

if TYPE_CHECKING:
    from ttsd.speakers import Speaker as Kept

router = APIRouter(prefix="/v1/speakers", tags=["speakers"])


class Speaker(BaseModel):
    """One recording."""

    name: str = Field(description="What `speaker` of a synthesis takes, of engines that clone.")
    seconds: float | None
    level: float | None = Field(description="dBFS of the voice as it was recorded.")
    noise: float | None = Field(description="dB between the voice and its pauses.")
    original_rate: int | None
    added_at: float | None = Field(description="Unix seconds.")
    notes: list[str]


class Listing(BaseModel):
    """All of them."""

    speakers: list[Speaker]


class Removed(BaseModel):
    """It is gone."""

    success: bool
    removed: str


def _store() -> Speakers:
    return Speakers(paths.default_data_dir())


Store = Annotated[Speakers, Depends(_store)]


@router.get("", summary="The recordings that voices are cloned from")
async def listed(store: Store) -> Listing:
    """The user's; `ttsd speakers list` shows the same."""
    return Listing(speakers=[_row(one) for one in await asyncio.to_thread(store.listed)])


@router.post(
    "",
    responses=told(409, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MULTIPART: {
                    "schema": {
                        "type": "object",
                        "required": ["name", "file"],
                        "properties": {
                            "name": {"type": "string", "pattern": f"^{NAME.pattern}$"},
                            "file": {"type": "string", "format": "binary"},
                        },
                    }
                }
            },
        }
    },
    summary="Keep a recording",
)
async def add(request: Request, store: Store) -> Speaker:
    """Of somebody who agreed to it. It is checked: a few seconds of one voice, without noise."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != MULTIPART:
        raise Refused(
            415, f"the body is {kind or 'of no kind'}", next_step=f"send {MULTIPART}: name and file"
        )
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            name, file = form.get("name"), form.get("file")
            if not isinstance(file, UploadFile) or not isinstance(name, str) or not NAME.fullmatch(name):
                raise Refused(422, "a form with `name` (letters, digits, - and _) and `file` is wanted")
            if any(one.name == name for one in await asyncio.to_thread(store.listed)):
                raise Refused(409, f"there is a recording {name} already", where="name")
            return _row(await asyncio.to_thread(_add, store, file, name))
    except HTTPException as error:
        raise Refused(400, f"the form cannot be read: {error.detail}") from None


@router.delete("/{name}", responses=told(404), summary="Take a recording away")
async def remove(store: Store, name: str) -> Removed:
    """For good."""
    if not any(one.name == name for one in await asyncio.to_thread(store.listed)):
        raise Refused(404, f"there is no recording {name[:64]}", where="name")
    return Removed(success=True, removed=(await asyncio.to_thread(store.remove, name)).name)


def _add(store: Speakers, file: UploadFile, name: str) -> Kept:
    """Raises Refused for a recording that no voice can be taken from."""
    from ttsd.audio.recording import RecordingError  # numpy comes with it

    try:
        return store.add(file.file, name)
    except RecordingError as error:
        raise Refused(422, error.what, code=error.code, where="file", next_step=error.next_step) from error


def _row(one: Kept) -> Speaker:
    known: dict[str, Any] = plain(one)
    del known["file"]
    return Speaker(**known)
