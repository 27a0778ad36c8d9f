"""Models: which engine is at the head of the chain, and putting another there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ttsd import commands
from ttsd.engines import catalog
from ttsd.errors import EngineError
from ttsd.http.here import Context, Here
from ttsd.http.problems import Refused, told
from ttsd.model import EngineName

if TYPE_CHECKING:
    from ttsd.engines.facts import EngineFacts, Listing

router = APIRouter(prefix="/models", tags=["models"])


class Model(BaseModel):
    """One engine."""

    name: str
    label: str
    installed: bool
    current: bool
    loaded: bool
    voice: str | None


class Models(BaseModel):
    """All that can be switched to."""

    models: list[Model]
    current: str


class Switched(BaseModel):
    """Who speaks from now on."""

    success: bool
    current: str
    chain: list[str]
    saved: bool = Field(description="The configuration file says so, too.")


@router.get("", summary="The engines")
async def models(here: Here) -> Models:
    """Those that are not installed, too."""
    listing: Listing = await here.ask(commands.EngineFacts())
    found = [_model(one) for one in listing.engines]
    return Models(models=found, current=next((one.name for one in found if one.current), ""))


@router.get("/current", responses=told(404), summary="The head of the chain")
async def current(here: Here) -> Model:
    """Who is tried first."""
    listing: Listing = await here.ask(commands.EngineFacts())
    head = next((one for one in listing.engines if one.in_chain == 1), None)
    if head is None:
        raise Refused(404, "the chain is empty")
    return _model(head)


@router.post("/switch/{name}", responses=told(404, 409), summary="Put an engine at the head of the chain")
async def switch(here: Here, name: str) -> Switched:
    """At once and in the file; the old one's process ends, and connections stay."""
    return await switch_to(here, name)


async def switch_to(here: Context, name: str) -> Switched:
    """The same for whoever selects an engine. Raises Refused."""
    known = name in here.settings().engine or catalog.find(name) is not None
    if not known:
        raise Refused(404, f"no engine {name[:60]} is known{catalog.did_you_mean(name)}", where="engine")
    try:
        done = await here.ask(commands.SwitchEngine(engine=EngineName(name)))
    except EngineError as error:
        raise Refused(409, error.what, code=error.code, where="engine", next_step=error.next_step) from error
    return Switched(success=True, current=done.engine, chain=list(done.chain), saved=done.saved)


def _model(facts: EngineFacts) -> Model:
    return Model(
        name=facts.name,
        label=facts.label,
        installed=facts.installed,
        current=facts.in_chain == 1,
        loaded=facts.loaded,
        voice=facts.voice,
    )
