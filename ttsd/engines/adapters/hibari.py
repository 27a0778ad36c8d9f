"""hibari: a small English voice whose wheel carries everything; a chunk for each sentence.

Its other voices are downloaded by the library itself when asked for: only those that are here
already are offered, because nothing goes to the network unless configured.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import optimised
from ttsd.engines.adapters.graphs import GraphError
from ttsd.engines.suit import suited
from ttsd.errors import EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request


class Hibari:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._tell: Callable[[str], None]
        self._default = ""
        self._voices: dict[str, Voice] = {}
        self._loaded: dict[str, Any] = {}

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        try:
            from hibari.voices import DEFAULT, VOICES, voice_path
        except ImportError as error:
            raise EngineMissing(f"hibari cannot be imported: {error}") from error
        progress("loading the voice")
        self._setup, self._tell = setup, progress
        for name, described in VOICES.items():
            try:
                voice_path(name, download_missing=False)
            except FileNotFoundError:
                continue
            self._voices[name] = Voice(name, described.get("language"))
        self._default = setup.voice or DEFAULT
        if self._default not in self._voices:
            raise EngineMissing(
                f"has no voice {self._default}", next_step=f"it has {', '.join(self._voices)}"
            )
        # The first sentence builds tables; better now than then.
        self._load(self._default)("Ready.")

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return tuple(sorted(self._voices.values(), key=lambda voice: voice.name != self._default))

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        import numpy as np

        voice = request.voice or suited(request.language, self._voices[self._default], self.voices)
        engine = self._load(voice)
        for sound in engine.stream(request.text, speed=float(request.options.get("speed", 1.0))):
            yield Chunk(np.asarray(sound, np.float32), engine.sample_rate, voice=voice)

    def cancel(self) -> None:
        """See Adapter: a sentence takes some ten milliseconds, the worker stops behind it."""

    def close(self) -> None:
        """See Adapter."""

    def _load(self, name: str) -> Any:
        if name not in self._voices:
            raise UnknownVoice(f"has no voice {name}", next_step=f"it has {', '.join(self._voices)}")
        if name not in self._loaded:
            from hibari import Hibari as Engine
            from hibari.voices import voice_path

            def engine(graph: Path) -> Any:
                return Engine(voice=name, model=str(graph), threads=1)

            model = Path(voice_path(name, download_missing=False))
            try:
                self._loaded[name] = optimised.load(model, self._setup.cache, engine, self._tell)
            except GraphError as error:
                raise EngineRefused(f"{model} cannot be loaded: {error}"[:300]) from error
        return self._loaded[name]
