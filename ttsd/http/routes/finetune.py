"""Fine-tuned models of XTTS: what there are, and speech with one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from ttsd.engines import checkpoints
from ttsd.http import finetuned, wishes
from ttsd.http.bodies import body, documented
from ttsd.http.encode import Form
from ttsd.http.here import Context, Here, client_of
from ttsd.http.order import Order
from ttsd.http.problems import Refused, told
from ttsd.http.reply import unless_gone
from ttsd.http.shelf import FOLDER, Shelf
from ttsd.http.spoken import check_length, check_name

if TYPE_CHECKING:
    from ttsd.engines.checkpoints import Checkpoint as Found
    from ttsd.engines.engine import Scalar
    from ttsd.settings import Settings

router = APIRouter(prefix="/v1/finetune", tags=["finetune"])

_LOSSES = ("eval_loss", "val_loss", "loss")
"""What trainers call the loss on what they did not train with; the first that is there."""


class Checkpoint(BaseModel):
    """One file; null is what its trainer did not write down."""

    name: str
    path: str
    size_mb: float
    created_at: str
    global_step: int | None
    epoch: int | None
    val_loss: float | None
    is_best: bool = Field(description="It is not deleted.")
    in_use: bool
    problem: str | None = Field(description="Why it cannot be used.")


class Checkpoints(BaseModel):
    """All in the model's folder."""

    checkpoints: list[Checkpoint]
    total: int


class Information(BaseModel):
    """What a checkpoint tells of itself."""

    checkpoint: Checkpoint
    losses: dict[str, float]
    config: dict[str, Any]


@router.get("/checkpoints", responses=told(404), summary="The checkpoints")
async def list_checkpoints(here: Here) -> Checkpoints:
    """In the folder of `[engine.xtts] model`."""
    folder, used = finetuned.place(here.settings())
    found = await asyncio.to_thread(checkpoints.listed, folder)
    rows = [_row(one, used) for one in found]
    return Checkpoints(checkpoints=rows, total=len(rows))


@router.get("/checkpoints/{name:path}", responses=told(404), summary="One of them")
async def show_checkpoint(here: Here, name: str) -> Checkpoint:
    """By its name in the list."""
    folder, used = finetuned.place(here.settings())
    return _row(await asyncio.to_thread(checkpoints.find, folder, name), used)


class Deleted(BaseModel):
    """It is gone."""

    success: bool
    deleted: str


@router.delete("/checkpoints/{name:path}", responses=told(404, 409), summary="Delete one")
async def delete_checkpoint(here: Here, name: str) -> Deleted:
    """Not the best, and not the one in use."""
    folder, used = finetuned.place(here.settings())
    one = await asyncio.to_thread(checkpoints.find, folder, name)
    if one.is_best or one.name == used:
        raise Refused(409, f"{one.name} is {'what its trainer found best' if one.is_best else 'in use'}")
    await asyncio.to_thread(checkpoints.delete, folder, name)
    return Deleted(success=True, deleted=one.name)


@router.get("/model/info", responses=told(404), summary="What a checkpoint tells of itself")
async def model_info(
    here: Here, checkpoint: Annotated[str | None, Field(max_length=1000)] = None
) -> Information:
    """Left out: the one in use."""
    folder, used = finetuned.place(here.settings())
    one = await asyncio.to_thread(checkpoints.find, folder, used if checkpoint is None else checkpoint)
    return Information(
        checkpoint=_row(one, used), losses=dict(one.notes.losses), config=_plain(one.notes.config)
    )


class Text(BaseModel):
    """What to speak, and with which model."""

    model_config = ConfigDict(title="FinetunedText")

    text: str = Field(min_length=1)
    language: str = Field(default=wishes.LANGUAGE, max_length=35)
    checkpoint: str | None = Field(default=None, max_length=1000, description="Left out: the one in use.")
    speaker_wav: str | None = Field(
        default=None, max_length=200, description="A recording of GET /v1/speakers, by name."
    )
    speed: float = Field(default=1.0, ge=0.1, le=4.0)
    temperature: float = Field(default=0.75, ge=0.01, le=5.0)


class Sound(BaseModel):
    """Where the sound is."""

    success: bool
    audio_path: str = Field(description="GET it here; the newest fifty stay.")
    duration_seconds: float


@router.post(
    "/synthesize", responses=told(404, 415), openapi_extra=documented(Text), summary="Speak with a checkpoint"
)
async def synthesize(request: Request, here: Here, asked: Annotated[Text, Depends(body(Text))]) -> Sound:
    """Answers when the whole is made."""
    settings = here.settings()
    check_length(asked.text, settings.http)
    wanted: dict[str, Scalar] = {}
    if asked.checkpoint is not None:
        wanted["checkpoint"] = await asyncio.to_thread(finetuned.check, settings, asked.checkpoint)
    if asked.speaker_wav is not None:
        check_name(asked.speaker_wav, "speaker")
        wanted["speaker"] = asked.speaker_wav
    wanted |= {"speed": asked.speed} if asked.speed != 1.0 else {}
    wanted |= {"temperature": asked.temperature} if asked.temperature != 0.75 else {}
    order = Order(asked.text, Form(), language=asked.language, engine=finetuned.ENGINE, wishes=wanted)
    pieces, seconds = await unless_gone(request, _made(here, order, client_of(request)))
    name = await asyncio.to_thread(_shelf(settings).put, pieces)
    return Sound(
        success=True, audio_path=f"{router.prefix}/synthesize/{name}", duration_seconds=round(seconds, 3)
    )


@router.get(
    "/synthesize/{filename}",
    response_class=FileResponse,
    responses={
        200: {
            "description": "The sound.",
            "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
        },
        **told(404),
    },
    summary="Fetch what was spoken",
)
async def fetch(here: Here, filename: str) -> FileResponse:
    """By the name that was given."""
    path = _shelf(here.settings()).find(filename)
    if path is None:
        raise Refused(404, "there is no such sound (any more)")
    return FileResponse(path, media_type="audio/wav")


async def _made(here: Context, order: Order, client: str) -> tuple[list[bytes], float]:
    performance = await here.desks.perform(order, client)
    try:
        parts = [part async for part in performance.parts()]
        return [part.data for part in parts], parts[-1].seconds
    finally:
        await performance.close()


def _shelf(settings: Settings) -> Shelf:
    assert settings.state.dir is not None, "config.load fills it in"
    return Shelf(settings.state.dir / FOLDER)


def _row(one: Found, used: str) -> Checkpoint:
    losses = one.notes.losses
    return Checkpoint(
        name=one.name,
        path=str(one.path),
        size_mb=round(one.size / 1e6, 1),
        created_at=one.notes.date or one.saved,
        global_step=one.notes.step,
        epoch=one.notes.epoch,
        val_loss=next((losses[name] for name in _LOSSES if name in losses), None),
        is_best=one.is_best,
        in_use=one.name == used,
        problem=one.problem,
    )


def _plain(config: Any) -> dict[str, Any]:
    from ttsd.schema import plain

    return dict(plain(config))
