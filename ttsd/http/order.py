"""What is ordered of a desk, and what comes of it piece by piece. Pure data."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.http.encode import Form
from ttsd.model import SAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.engine import Scalar
    from ttsd.model import EngineName, SourceName, WordTime


@frozen
class Order:
    """A text, and how it is to be spoken."""

    text: str
    form: Form = field(default_factory=Form)
    voice: str | None = None
    """A preset or an engine's voice; None: as configured."""
    language: str | None = None
    """BCP 47; None: as the rules tell."""
    engine: EngineName | None = None
    """This one alone; None: the chain."""
    wishes: Mapping[str, Scalar] = field(default_factory=dict)
    """Parameters that are not at their defaults: see wishes.PARAMETERS."""
    source: SourceName = SAY
    """Whose rules hold."""


@frozen
class Part:
    """A piece of what was ordered."""

    data: bytes
    """Of the form that was asked for."""
    engine: EngineName
    voice: str | None
    rate: int
    """Frames per second, as sent."""
    seconds: float
    """Length of the sound up to the end of this part."""
    words: tuple[WordTime, ...] = ()
    """Words that became known with it; seconds from the first sample of all."""
