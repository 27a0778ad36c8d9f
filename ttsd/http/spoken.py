"""What a synthesis is asked with: the model of its body, and the order that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from ttsd.errors import UsageError
from ttsd.http import encode, wishes
from ttsd.http.encode import Form
from ttsd.http.order import Order
from ttsd.http.problems import Refused
from ttsd.model import EngineName

if TYPE_CHECKING:
    from ttsd.engines.engine import Scalar
    from ttsd.settings.http import HttpSettings

DEFAULT_VOICE = "default"
Format = Literal["wav", "flac", "ogg", "mp3", "pcm"]


class Base(BaseModel):
    """What is asked for, without the parameters of engines, which `Spoken` adds."""

    model_config = ConfigDict(extra="forbid", title="Synthesis")

    text: str = Field(min_length=1, description="What to speak.")
    language: str = Field(
        default=wishes.LANGUAGE,
        max_length=35,
        description="A language tag. Left out, it holds where every voice of the engine speaks it.",
    )
    voice: str = Field(
        default=DEFAULT_VOICE, max_length=200, description="A preset, or a voice of the engine."
    )
    engine: str | None = Field(
        default=None, max_length=64, description="This engine alone; left out: the chain."
    )
    format: Format = Field(default="wav", description="Of the answer.")
    rate: int | None = Field(
        default=None,
        ge=encode.LOWEST_RATE,
        le=encode.HIGHEST_RATE,
        description="Frames per second; left out: the engine's.",
    )
    subtype: Literal["PCM_16", "PCM_24", "FLOAT", "VORBIS", "OPUS", "MPEG_LAYER_III"] | None = Field(
        default=None, description="Sample format; left out: the first that the format has."
    )


def _fields() -> dict[str, Any]:
    """A field for each parameter of engines."""
    found: dict[str, Any] = {}
    for one in wishes.PARAMETERS:
        kind: Any = one.kind if one.default is not None else one.kind | None
        bounds: dict[str, Any] = {"max_length": 200} if one.kind is str else {"ge": one.low, "le": one.high}
        found[one.name] = (kind, Field(one.default, description=one.help, **bounds))
    return found


Spoken: type[Base] = create_model("Synthesis", __base__=Base, **_fields())
"""The body of `POST /v1/synthesize`."""


def order_of(asked: Base, settings: HttpSettings) -> Order:
    """What to do for a body that fits. Raises Refused."""
    check_length(asked.text, settings)
    given: dict[str, Scalar] = {}
    for one in wishes.PARAMETERS:
        value = getattr(asked, one.name)
        if value is not None and value != one.default:
            given[one.name] = value
    if "speaker" in given:
        check_name(str(given["speaker"]), "speaker")
    return Order(
        asked.text,
        form_of(asked.format, asked.rate, asked.subtype),
        voice=voice_of(asked.voice),
        language=asked.language if "language" in asked.model_fields_set else None,
        engine=EngineName(asked.engine) if asked.engine else None,
        wishes=given,
    )


def check_length(text: str, settings: HttpSettings) -> None:
    """Raises Refused for a text that is longer than is taken, or empty."""
    if len(text) > settings.max_text:
        raise Refused(413, f"the text is longer than {settings.max_text} characters", where="text")
    if not text.strip():
        raise Refused(422, "the text is empty", where="text")


def form_of(format: str, rate: int | None, subtype: str | None) -> Form:  # noqa: A002 - the parameter's name
    """Raises Refused."""
    try:
        return Form(format, rate, subtype)
    except UsageError as error:
        where = "subtype" if subtype is not None and rate is None else "rate" if rate else "format"
        raise Refused(422, error.what, where=where, next_step=error.next_step) from None


def voice_of(name: str) -> str | None:
    """A voice by name; None: as configured. A path is none: no file is looked for. Raises Refused."""
    if name in ("", DEFAULT_VOICE):
        return None
    check_name(name, "voice")
    return name


def check_name(name: str, what: str) -> None:
    """Raises Refused for what could lead to a file."""
    unsafe = any(part in name for part in ("/", "\\", "\0")) or name.startswith((".", "~", "$"))
    if unsafe or name.endswith(".onnx"):
        raise Refused(404, f"there is no {what} of that name", where=what)
