"""OpenAI's speech endpoint, for clients that know no other: the same synthesis under its names."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ttsd import commands
from ttsd.engines import catalog
from ttsd.http.bodies import body, documented
from ttsd.http.encode import Form
from ttsd.http.here import Here, client_of
from ttsd.http.order import Order
from ttsd.http.problems import Refused, told
from ttsd.http.reply import Streamed, about, spoken, unless_gone
from ttsd.http.routes.synthesis import SOUND
from ttsd.http.spoken import check_length, voice_of
from ttsd.model import EngineName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ttsd.engines.facts import Listing
    from ttsd.http.desks import Performance
    from ttsd.settings import Settings

router = APIRouter(prefix="/v1", tags=["openai"])

CHAIN = "ttsd"
"""The model that is the chain."""
THEIR_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that clients send because they know no other: the chain, too."""
THEIR_VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
)
"""The same of voices: a preset of that name, or the configured voice."""
FORMS = {
    "mp3": Form("mp3"),
    "opus": Form("ogg", subtype="OPUS"),
    "flac": Form("flac"),
    "wav": Form("wav"),
    "pcm": Form("pcm", rate=24_000),
}


class Speech(BaseModel):
    """What their clients send; what else they send is passed over."""

    model_config = ConfigDict(title="Speech")

    input: str = Field(min_length=1, description="What to speak.")
    model: str = Field(
        default=CHAIN, min_length=1, max_length=64, description="An engine, or ttsd: the chain."
    )
    voice: str = Field(
        default="alloy", max_length=200, description="A preset or a voice; theirs mean the configured one."
    )
    response_format: Literal["mp3", "opus", "flac", "wav", "pcm"] = Field(
        default="mp3", description="Of the answer."
    )
    speed: float = Field(default=1.0, ge=0.25, le=4.0, description="Pace; 2 is twice as fast.")
    stream_format: Literal["audio", "sse"] = Field(
        default="audio", description="Sound as it is, or in events."
    )
    instructions: str | None = Field(default=None, description="Passed over.")


@router.post(
    "/audio/speech",
    response_class=Response,
    responses={
        200: {
            **SOUND[200],
            "content": {**SOUND[200]["content"], "text/event-stream": {}},
        },
        **told(404, 415),
    },
    openapi_extra=documented(Speech, form=False),
    summary="Speak, in OpenAI's words",
)
async def speech(request: Request, here: Here, asked: Annotated[Speech, Depends(body(Speech))]) -> Response:
    """Streams."""
    settings = here.settings()
    check_length(asked.input, settings.http)
    form = FORMS[asked.response_format]
    order = Order(
        asked.input,
        form,
        voice=_voice(asked.voice, settings),
        engine=_engine(asked.model, settings),
        wishes={} if asked.speed == 1.0 else {"speed": asked.speed},
    )
    performance = await unless_gone(request, here.desks.perform(order, client_of(request)))
    if asked.stream_format == "audio":
        return spoken(performance, form, settings.http.timeout)
    return Streamed(
        _events(performance),
        performance.close,
        media="text/event-stream",
        headers=about(performance.first),
        patience=settings.http.timeout,
    )


class Model(BaseModel):
    """One of theirs."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "ttsd"


class Models(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/models", summary="The engines as OpenAI's models")
async def models(here: Here) -> Models:
    """Those that are installed, and the chain as a whole."""
    listing: Listing = await here.ask(commands.EngineFacts())
    names = [CHAIN, *(one.name for one in listing.engines if one.installed)]
    return Models(data=[Model(id=name) for name in names])


@router.get("/models/{model}", responses=told(404), summary="One of them")
async def model(here: Here, model: str) -> Model:
    """Whether there is such a model."""
    _engine(model, here.settings())
    return Model(id=model)


class Voices(BaseModel):
    """Names for `voice`."""

    voices: list[str]


@router.get("/audio/voices", summary="The voices as their clients ask for them")
async def voices(here: Here) -> Voices:
    """Presets first, then the voices of the chain's engines."""
    found = await here.ask(commands.VoiceList())
    names = [*sorted(here.settings().voice), *(one.name for one in found.voices)]
    return Voices(voices=list(dict.fromkeys(names)))


def _engine(model: str, settings: Settings) -> EngineName | None:
    if model == CHAIN or model in THEIR_MODELS:
        return None
    if model not in settings.engine and catalog.find(model) is None:
        raise Refused(404, f"there is no model {model}", code="model_not_found", where="model")
    return EngineName(model)


def _voice(name: str, settings: Settings) -> str | None:
    if name in THEIR_VOICES and name not in settings.voice:
        return None
    return voice_of(name)


async def _events(performance: Performance) -> AsyncIterator[bytes]:
    """Sound in server-sent events, as OpenAI's `stream_format: sse` does."""
    async for part in performance.parts():
        if part.data:
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(part.data).decode()})
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"
