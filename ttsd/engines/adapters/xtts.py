"""XTTS v2 by coqui-tts: expressive voices and cloning in 17 languages, from a model in a local folder.

Its class `Xtts` is used itself. A sentence is cut into what the model can take; on a graphics card each
part is heard while it is made. Texts without a letter never reach it: it would make sounds of them.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import reference, torch_parts, xtts_model, xtts_text, xtts_voices
from ttsd.engines.adapters.xtts_voices import Cloned, Conditioning, Latents
from ttsd.engines.catalog import defaults
from ttsd.errors import EngineCancelled, EngineRefused
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request, Scalar

RATE = 24000
_PASSED_ON = {
    "temperature": float,
    "top_k": int,
    "top_p": float,
    "repetition_penalty": float,
    "length_penalty": float,
    "speed": float,
}
"""Options that the model itself takes with each sentence."""


class Xtts:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._torch: Any = None
        self._model: Any = None
        self._languages: tuple[str, ...] = ()
        self._built_in: dict[str, Latents] = {}
        self._cloned: Cloned
        self._names: tuple[str, ...] = ()
        self._streams = False
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._setup = setup
        files = xtts_model.find(setup)
        progress("importing torch")
        self._torch = torch = torch_parts.import_torch(setup)
        torch_parts.import_torchaudio()
        library = xtts_model.library()
        where = torch_parts.device(setup, torch)
        progress(f"loading {files.weights.name} on {where}")
        fast = where.startswith("cuda") and importlib.util.find_spec("deepspeed") is not None
        deepspeed = bool(setup.options.get("use_deepspeed", fast))
        self._model = model = xtts_model.load(library, files, torch, where, deepspeed=deepspeed)
        model.gpt.gpt.register_forward_pre_hook(self._stop_if_cancelled)
        self._languages = tuple(model.config.languages)
        self._streams = bool(setup.options.get("stream", where != "cpu"))
        self._built_in = xtts_voices.built_in(files.speakers, torch)
        self._cloned = Cloned(model, torch, files.mark, setup.cache / "xtts")
        self._names = reference.offered(setup, list(self._built_in), "xtts")
        progress("warming up")
        options = {**defaults("xtts"), **setup.options}
        latents = self._latents(None, options)
        for _ in self._speak("Ready.", self._language(None, options), latents, options):
            pass

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter: each speaks every language."""
        return tuple(Voice(name) for name in self._names)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: a chunk for each part of the text, or several while it is made."""
        self._cancelled = False
        options = {**defaults("xtts"), **request.options}
        language = self._language(request.language, options)
        parts = xtts_text.pieces(request.text, language)
        latents = self._latents(request.voice or request.speaker, options)
        for part in parts:
            yield from self._speak(part, language, latents, options)

    def cancel(self) -> None:
        """See Adapter: the model stops at its next token."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _latents(self, voice: str | None, options: Mapping[str, Scalar]) -> Latents:
        who = reference.chosen(voice, options, self._setup, self._built_in, self._names)
        if isinstance(who, str):
            return self._built_in[who]
        length = int(options["gpt_cond_len"])
        return self._cloned.get(who, Conditioning(length, min(length, int(options["gpt_cond_chunk_len"]))))

    def _language(self, tag: str | None, options: Mapping[str, Scalar]) -> str:
        return xtts_text.code(tag or str(options["language"]), self._languages)

    def _speak(
        self, text: str, language: str, latents: Latents, options: Mapping[str, Scalar]
    ) -> Iterator[Chunk]:
        given = {name: kind(options[name]) for name, kind in _PASSED_ON.items() if name in options}
        given = {**self._own_defaults(), **given}
        asked = (text, language, latents.condition, latents.embedding)
        try:
            if not self._streams:
                yield _chunk(self._model.inference(*asked, **given)["wav"])
                return
            stream = self._model.inference_stream(
                *asked, stream_chunk_size=int(options["stream_chunk_size"]), **given
            )
            try:
                for piece in stream:
                    yield _chunk(piece.detach().cpu().numpy())
            finally:
                stream.close()
        except self._torch.cuda.OutOfMemoryError as error:
            self._torch.cuda.empty_cache()
            raise EngineRefused("the graphics card has too little memory left") from error
        except AssertionError as error:
            raise EngineRefused(f"the text is too much for it: {error}"[:300]) from error

    def _own_defaults(self) -> dict[str, float]:
        """What the model's configuration says of how to speak."""
        return {
            name: getattr(self._model.config, name)
            for name in _PASSED_ON
            if hasattr(self._model.config, name)
        }

    def _stop_if_cancelled(self, *_: object) -> None:
        if self._cancelled:
            raise EngineCancelled("cancelled")


def _chunk(samples: Any) -> Chunk:
    import numpy as np

    return Chunk(np.asarray(samples, np.float32).reshape(-1), RATE)
