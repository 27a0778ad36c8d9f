"""What there is: engines, voices, parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ttsd import commands
from ttsd.engines import catalog
from ttsd.http import encode, wishes
from ttsd.http.here import Here
from ttsd.http.problems import Refused, told
from ttsd.http.spoken import DEFAULT_VOICE
from ttsd.model import EngineName

if TYPE_CHECKING:
    from ttsd.engines.facts import EngineFacts, Listing

router = APIRouter(prefix="/v1", tags=["catalogue"])

SENTENCE_SECONDS = 4.0
"""Sound of the sentence that `estimated_time_per_sentence` is told for: some ten words."""


class Engine(BaseModel):
    """One engine. What was not measured on this machine, or is not declared, is null."""

    label: str
    description: str
    installed: bool
    in_chain: int | None = Field(description="Its place in the chain, from 1.")
    state: str = Field(description="As in status.")
    healthy: bool | None
    detail: str | None
    next_step: str | None
    languages: list[str] = Field(description='Language tags; "*": whatever its voices speak.')
    voice: str | None
    voices: int | None
    speed: str | None = Field(description="In a word, from what was measured: faster or slower than speech.")
    quality: str | None
    vram_mb: float | None
    memory_mb: float | None
    estimated_time_per_sentence: float | None = Field(description="Seconds to make four seconds of sound.")
    real_time_factor: float | None = Field(description="Seconds of computing for a second of sound.")
    first_audio_seconds: float | None
    load_seconds: float | None
    features: list[str]
    parameters: list[str] = Field(description="Of POST /v1/synthesize, those that it takes.")
    pros: list[str]
    cons: list[str]
    licences: dict[str, str] = Field(description="Of code and weights.")
    last_error: str | None


class Engines(BaseModel):
    """All known engines."""

    available: list[str] = Field(description="Those that can be used here, the chain's first.")
    current: str = Field(description="The head of the chain.")
    engines: dict[str, Engine]


@router.get("/engines", summary="The engines, and what is known of each")
async def engines(here: Here) -> Engines:
    """Figures are those of this machine."""
    listing: Listing = await here.ask(commands.EngineFacts())
    return Engines(
        available=[one.name for one in listing.engines if one.installed],
        current=next((one.name for one in listing.engines if one.in_chain == 1), ""),
        engines={one.name: _engine(one) for one in listing.engines},
    )


def _engine(facts: EngineFacts) -> Engine:
    factor, entry = facts.real_time_factor, catalog.find(facts.name)
    takes = [one.name for one in wishes.PARAMETERS if facts.name in wishes.takers(one)]
    return Engine(
        label=facts.label,
        description=facts.description,
        installed=facts.installed,
        in_chain=facts.in_chain,
        state=facts.state,
        healthy=facts.healthy,
        detail=facts.detail,
        next_step=facts.next_step,
        languages=list(facts.languages),
        voice=facts.voice,
        voices=facts.voices,
        speed=None if factor is None else "faster than speech" if factor < 1 else "slower than speech",
        quality=entry.quality if entry else None,
        vram_mb=_megabytes(facts.vram_bytes),
        memory_mb=_megabytes(facts.memory_bytes),
        estimated_time_per_sentence=None if factor is None else round(factor * SENTENCE_SECONDS, 3),
        real_time_factor=factor,
        first_audio_seconds=facts.first_audio_seconds,
        load_seconds=facts.load_seconds,
        features=[name for name, has in (("streaming", facts.streaming), ("cloning", facts.cloning)) if has],
        parameters=takes,
        pros=list(entry.pros) if entry else [],
        cons=list(entry.cons) if entry else [],
        licences={"code": facts.code_licence, "weights": facts.weights_licence},
        last_error=facts.last_error,
    )


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e6, 1)


class Voice(BaseModel):
    """One voice."""

    engine: str
    name: str
    language: str | None
    speakers: list[str]


class Voices(BaseModel):
    """Those of the engines that could tell, and the presets."""

    voices: list[Voice]
    presets: list[str] = Field(description="Names that stand for a voice in every engine.")
    untold: dict[str, str] = Field(description="Engines that could not tell, and why.")


@router.get("/voices", responses=told(404), summary="The voices that can be asked for")
async def voices(here: Here, engine: str | None = None) -> Voices:
    """Of the engines of the chain, or of one of them. An engine may have to load to tell."""
    named = here.settings().engines
    if engine is not None and engine not in named:
        raise Refused(404, f"the engine {engine} is not in the chain", where="engine")
    found = await here.ask(commands.VoiceList(engine=None if engine is None else EngineName(engine)))
    return Voices(
        voices=[
            Voice(engine=one.engine, name=one.name, language=one.language, speakers=list(one.speakers))
            for one in found.voices
        ],
        presets=sorted(here.settings().voice),
        untold=dict(found.untold),
    )


class Taken(BaseModel):
    """One parameter."""

    type: str
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: list[str] | None = None
    description: str
    engines: list[str] | None = Field(default=None, description="Those that take it; null: all.")


@router.get("/synthesis-config", summary="The parameters of a synthesis")
async def synthesis_config(here: Here) -> dict[str, Taken]:
    """Each with its default, its range, and the engines that take it."""
    found = {
        "text": Taken(
            type="string",
            default=None,
            maximum=here.settings().http.max_text,
            description="What to speak; its length in characters.",
        ),
        "language": Taken(
            type="string",
            default=wishes.LANGUAGE,
            description="A language tag; left out, it holds where every voice of the engine speaks it.",
        ),
        "voice": Taken(
            type="string", default=DEFAULT_VOICE, description="A preset, or a voice of the engine."
        ),
        "engine": Taken(type="string", default=None, description="This engine alone; left out: the chain."),
        "format": Taken(
            type="string", default="wav", choices=list(encode.SUBTYPES), description="Of the answer."
        ),
        "rate": Taken(
            type="integer",
            default=None,
            minimum=encode.LOWEST_RATE,
            maximum=encode.HIGHEST_RATE,
            description="Frames per second; left out: the engine's.",
        ),
        "subtype": Taken(
            type="string",
            default=None,
            choices=sorted({k for kinds in encode.SUBTYPES.values() for k in kinds}),
            description="Sample format; left out: the first that the format has.",
        ),
    }
    words = {float: "number", int: "integer", str: "string"}
    for one in wishes.PARAMETERS:
        found[one.name] = Taken(
            type=words[one.kind],
            default=one.default,
            minimum=one.low,
            maximum=one.high,
            description=one.help,
            engines=list(wishes.takers(one)),
        )
    return found
