"""Chatterbox: expressive English that takes its voice from a recording, with a watermark in every sound.

The watermark stays. Long sentences are cut, because the model stops after some 40 seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import reference, torch_parts
from ttsd.engines.adapters.portions import portions
from ttsd.engines.catalog import defaults
from ttsd.engines.engine import Request
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.reference import Reference
    from ttsd.engines.engine import Scalar

BUILT_IN = "default"
"""The voice that a model brings."""
FILES = ("ve.safetensors", "t3_cfg.safetensors", "s3gen.safetensors", "tokenizer.json")
LONGEST = 300
"""Characters at a time: some 20 s of the 40 s that it can speak."""
KEPT = 16
"""Cloned voices kept in memory."""


class Chatterbox:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._torch: Any = None
        self._model: Any = None
        self._built_in: Any = None
        """The library's Conditionals of the model's own voice; None: it brings none."""
        self._cloned: dict[str, Any] = {}
        self._names: tuple[str, ...] = ()
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._setup = setup
        folder = _folder(setup)
        progress("importing torch")
        self._torch = torch = torch_parts.import_torch(setup)
        torch_parts.import_torchaudio()
        try:
            from chatterbox.tts import ChatterboxTTS
        except ImportError as error:
            raise EngineRefused(f"chatterbox cannot be imported: {error}") from error
        where = torch_parts.device(setup, torch)
        progress(f"loading {folder.name} on {where}")
        try:
            self._model = ChatterboxTTS.from_local(folder, where)
        except Exception as error:  # safetensors, tokenizers and torch raise classes of their own
            raise EngineRefused(f"{folder} cannot be loaded: {error}"[:300]) from error
        self._model.t3.tfmr.register_forward_pre_hook(self._stop_if_cancelled)
        self._built_in = self._model.conds
        self._names = reference.offered(setup, [BUILT_IN] if self._built_in else [], "chatterbox")
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
        options = {**defaults("chatterbox"), **request.options}
        parts = [part for part in portions(request.text, LONGEST) if any(map(str.isalnum, part))]
        if not parts:  # it would speak a sentence of its own
            raise EngineRefused("there is nothing to speak in the text")
        self._model.conds = self._voice(request.voice or request.speaker, options)
        for part in parts:
            sound = self._model.generate(
                part,
                exaggeration=float(options["exaggeration"]),
                cfg_weight=float(options["cfg_weight"]),
                temperature=float(options["temperature"]),
            )
            yield Chunk(np.asarray(sound.numpy(), np.float32).reshape(-1), int(self._model.sr))

    def cancel(self) -> None:
        """See Adapter: the model stops at its next token."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _voice(self, voice: str | None, options: Mapping[str, Scalar]) -> Any:
        """The library's Conditionals of who is to speak."""
        own = () if self._built_in is None else (BUILT_IN,)
        who = reference.chosen(voice, options, self._setup, own, self._names)
        return self._built_in if isinstance(who, str) else self._clone(who)

    def _clone(self, recording: Reference) -> Any:
        if recording.digest not in self._cloned:
            reference.read(recording)  # checked: the library would take silence
            while len(self._cloned) >= KEPT:
                del self._cloned[next(iter(self._cloned))]
            self._model.prepare_conditionals(str(recording.path))
            self._cloned[recording.digest] = self._model.conds
        return self._cloned[recording.digest]

    def _stop_if_cancelled(self, *_: object) -> None:
        if self._cancelled:
            raise EngineCancelled("cancelled")


def _folder(setup: Setup) -> Path:
    given = str(setup.options.get("model", ""))
    places = [setup.base / Path(given).expanduser()] if given else []
    places = places or [setup.base / "chatterbox", setup.data / "chatterbox"]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise EngineMissing(
            f"has no model: there is no folder {places[-1]}", next_step=f"put {', '.join(FILES)} there"
        )
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise EngineMissing(f"{folder / missing[0]} is missing")
    return folder
