"""What an engine is to the rest of ttsd, whichever process or machine it runs in."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from ttsd.errors import EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.model import Chunk, EngineName, Voice

LONGEST_TEXT = 8000
"""Characters of one sentence; a request must fit into a pipe that nobody reads."""

Scalar = str | int | float | bool


@frozen
class Request:
    """One sentence to be synthesised."""

    text: str
    """A sentence with something speakable in it; empty for converters."""
    voice: str | None = None
    """A voice's name; None: the engine's own default."""
    speaker: str | None = None
    """A speaker within the voice; None: its default."""
    language: str | None = None
    """BCP 47 tag; None: unknown."""
    options: Mapping[str, Scalar] = field(default_factory=dict)
    """The engine's own options that differ for this sentence."""
    sound: Chunk | None = None
    """For converters, in place of a text: what is to be said in another voice."""


def check_speakable(request: Request, engine: EngineName) -> None:
    """Raises EngineRefused for a text that no engine should get: several speak something of their own."""
    if request.sound is not None:
        return
    if not any(char.isalnum() for char in request.text):
        raise EngineRefused("there is nothing to speak in the text", where=engine)
    if len(request.text) > LONGEST_TEXT:
        raise EngineRefused(f"the sentence is longer than {LONGEST_TEXT} characters", where=engine)


@frozen
class EngineStatus:
    """What `status` and `engines` show of one engine. None: not known or not measured."""

    name: EngineName
    state: str
    """installed | loading | ready | busy | resting | missing | failed | closed"""
    detail: str | None = None
    """A sentence for people: why it rests, what is missing and the command that brings it."""
    pid: int | None = None
    voice: str | None = None
    load_seconds: float | None = None
    first_audio_seconds: float | None = None
    real_time_factor: float | None = None
    last_error: str | None = None
    idle_seconds: float | None = None
    """How long a ready engine has been at no sentence; None: it is not loaded, or at work."""
    voices: int | None = None
    """How many it offers; None: it was not loaded yet."""
    memory_bytes: int | None = None
    """What its process holds in main memory; None: it is not loaded, or does not tell."""
    vram_bytes: int | None = None
    """What its process holds on graphics cards, as torch counts it; None: nothing, or nobody knows."""
    passed_over: int = 0
    """Sentences in which it failed since ttsd runs, and the next engine of the chain was asked."""
    stopping: bool = False
    """It is still at a sentence that was cancelled, and takes the next one when it has stopped or was replaced."""


class Engine(Protocol):
    """Something that turns sentences into chunks."""

    name: EngineName

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Yield the sentence's sound as it is made, loading the engine first if need be.

        Blocking; one synthesis at a time. Closing the iterator cancels. Raises EngineError.
        """
        ...

    def cancel(self) -> None:
        """From any thread: end the running synthesis soon; its iterator raises EngineCancelled."""
        ...

    def load(self) -> None:
        """Start and warm up now rather than at the first sentence. Raises EngineError."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """Voices offered; loads the engine if that is the only way to know. Raises EngineError."""
        ...

    def status(self) -> EngineStatus:
        """A snapshot; never blocks."""
        ...

    def unload(self, idle: float = 0.0) -> bool:
        """End its process if it was at no sentence for *idle* seconds; the next sentence starts a new one.

        False: there was nothing to end, or it is at work.
        """
        ...

    def close(self) -> None:
        """End it and give its memory back; idempotent."""
        ...
