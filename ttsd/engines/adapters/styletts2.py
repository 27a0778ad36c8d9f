"""StyleTTS 2: English whose style comes from a recording, by diffusion.

The library is used for what it computes. What it does beside that is kept out: downloads at import and
at every missing file, networks that only training needs, and reading checkpoints as programs. A
recording's style is kept in the cache.
"""

from __future__ import annotations

import random
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import reference, styletts2_model, torch_parts
from ttsd.engines.adapters.portions import portions
from ttsd.engines.catalog import defaults
from ttsd.engines.engine import Request
from ttsd.engines.voices import write_atomically
from ttsd.errors import EngineCancelled, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.reference import Reference

RATE = 24000
LONGEST = 300
"""Characters at a time; its text network ends at some 450."""


class StyleTts2:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._torch: Any = None
        self._model: Any = None
        self._styles: Path
        self._mark = ""
        self._loaded: dict[str, Any] = {}
        self._names: tuple[str, ...] = ()
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._setup = setup
        files = styletts2_model.find(setup)
        progress("importing torch")
        self._torch = torch = torch_parts.import_torch(setup)
        torch_parts.import_torchaudio()
        library = styletts2_model.library()
        self._names = reference.offered(setup, (), "styletts2")
        where = torch_parts.device(setup, torch)
        progress(f"loading {files.weights.name} on {where}")
        self._model = styletts2_model.load(library, files, torch, where)
        self._styles, self._mark = setup.cache / "styletts2", files.mark
        # Its import makes chance the same at every start.
        random.seed()
        torch.seed()
        for network in self._model.model.values():
            network.register_forward_pre_hook(self._stop_if_cancelled)
        progress("warming up")
        for _ in self.synthesize(Request("Ready.", options=setup.options)):
            pass

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return tuple(Voice(name, "en") for name in self._names)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: a chunk for each part of the text."""
        import numpy as np

        self._cancelled = False
        if request.language and not request.language.lower().startswith("en"):
            raise UnknownVoice(f"does not speak {request.language}")
        options = {**defaults("styletts2"), **request.options}
        # What it cannot pronounce makes it fail.
        parts = [p for p in portions(request.text, LONGEST) if any(c.isascii() and c.isalnum() for c in p)]
        if not parts:
            raise EngineRefused("there is nothing in the text that it can pronounce")
        who = reference.chosen(request.voice or request.speaker, options, self._setup, (), self._names)
        assert not isinstance(who, str)  # it has no voices of its own
        style = self._style(who)
        for part in parts:
            try:
                sound = self._model.inference(
                    part,
                    ref_s=style,
                    alpha=float(options["alpha"]),
                    beta=float(options["beta"]),
                    diffusion_steps=int(options["diffusion_steps"]),
                    embedding_scale=float(options["embedding_scale"]),
                )
            except IndexError as error:
                raise EngineRefused("there is nothing in the text that it can pronounce") from error
            yield Chunk(np.asarray(sound, np.float32).reshape(-1), RATE)

    def cancel(self) -> None:
        """See Adapter: it stops at the next network, or the next step of the diffusion."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _style(self, recording: Reference) -> Any:
        """Of a recording: from memory, the cache folder, or computed. Raises EngineRefused."""
        import numpy as np

        if recording.digest in self._loaded:
            return self._loaded[recording.digest]
        kept = self._styles / f"{recording.digest[:32]}-{self._mark}.npy"
        try:
            style = np.load(kept, allow_pickle=False)
        except (OSError, ValueError):  # not there, or damaged: made anew
            style = styletts2_model.style_of(self._model, recording)
            file = BytesIO()
            np.save(file, style)
            try:
                write_atomically(kept, file.getvalue())
            except OSError:  # a cache that cannot be written costs time, nothing else
                pass
        self._loaded[recording.digest] = self._torch.from_numpy(style).to(self._model.device)
        return self._loaded[recording.digest]

    def _stop_if_cancelled(self, *_: object) -> None:
        if self._cancelled:
            raise EngineCancelled("cancelled")
