"""Kokoro on torch: the model as its authors publish it, also for graphics cards.

Their library brings the networks. What it is fed are misaki's symbols, as in kokoro.py: its own way with
English wants a model that no package has, so that part of it is not imported. Nothing is downloaded.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import torch_parts
from ttsd.engines.adapters.kokoro_reader import Reader
from ttsd.engines.adapters.kokoro_voices import default_of
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request
    from ttsd.model import Chunk, Samples, Voice

USUAL_WEIGHTS = "kokoro-v1_0.pth"
SHAPE = (1, 256)
"""Of a voice's style for one number of symbols; a voice has one for each number."""


class KokoroTorch:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._torch: Any = None
        self._model: Any = None
        self._where = "cpu"
        self._styles: Path
        self._loaded: dict[str, Any] = {}
        self._reader: Reader
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        weights, config, voices = find(setup)
        progress("importing torch")
        self._torch = torch = torch_parts.import_torch(setup)
        kind = library()
        self._where = torch_parts.device(setup, torch)
        self._styles, names = voices[0].parent, tuple(voice.stem for voice in voices)
        default = default_of(setup.voice, names)
        progress(f"loading {weights.name} on {self._where}")
        self._model = load(kind, weights, config, torch).to(self._where)
        for network in self._model.modules():
            network.register_forward_pre_hook(self._stop_if_cancelled)
        progress("warming up")
        self._reader = Reader(default, names, self._model.vocab, self._style, self._make)
        self._reader.warm_up()

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return self._reader.voices()

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: a chunk for each batch of symbols."""
        self._cancelled = False
        yield from self._reader.read(request)

    def cancel(self) -> None:
        """See Adapter: it stops at the next layer."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _style(self, voice: str) -> Any:
        """A voice's styles, shape (numbers of symbols, 1, 256). Raises EngineRefused."""
        if voice not in self._loaded:
            path = self._styles / f"{voice}.pt"
            try:
                styles = self._torch.load(path, map_location=self._where, weights_only=True)
                right = styles.shape[1:] == SHAPE and len(styles)
            except Exception as error:  # torch raises classes of its own, and what is no tensor has no shape
                raise EngineRefused(f"{path} cannot be loaded: {error}"[:300]) from error
            if not right:
                raise EngineRefused(f"{path} is no voice of Kokoro's")
            self._loaded[voice] = styles.float()
        return self._loaded[voice]

    def _make(self, symbols: str, styles: Any, speed: float) -> Samples:
        sound: Samples = self._model(symbols, styles[min(len(symbols), len(styles)) - 1], speed).numpy()
        return sound

    def _stop_if_cancelled(self, *_: object) -> None:
        if self._cancelled:
            raise EngineCancelled("cancelled")


def library() -> Any:
    """Their class of the model. Raises EngineRefused."""
    without: Any = types.ModuleType("kokoro.pipeline")
    without.KPipeline = None  # it turns text into symbols, with spaCy
    sys.modules["kokoro.pipeline"] = without
    try:
        from kokoro import KModel
    except ImportError as error:
        raise EngineRefused(f"kokoro cannot be imported: {error}") from error
    return KModel


def find(setup: Setup) -> tuple[Path, Path, Sequence[Path]]:
    """The weights, their config.json and the files of the voices. Raises EngineMissing with where they belong."""
    given = str(setup.options.get("model", ""))
    places = [setup.base / Path(given).expanduser()] if given else []
    places = places or [setup.base / "kokoro-torch", setup.data / "kokoro-torch"]
    step = f"put config.json, {USUAL_WEIGHTS} and the folder voices (https://huggingface.co/hexgrad/Kokoro-82M) there"
    place = next((place for place in places if place.exists()), None)
    if place is None:
        raise EngineMissing(f"has no model: there is no {places[-1]}", next_step=step)
    folder = place.parent if place.is_file() else place
    found = [place] if place.is_file() else [folder / USUAL_WEIGHTS, *sorted(folder.glob("*.pth"))]
    weights = next((path for path in found if path.is_file()), None)
    if weights is None:
        raise EngineMissing(f"there is no .pth in {folder}", next_step=step)
    config = folder / "config.json"
    if not config.is_file():
        raise EngineMissing(f"{config} is missing", next_step=step)
    voices = sorted((folder / "voices").glob("*.pt"))
    if not voices:
        raise EngineMissing(f"has no voices: there is no .pt in {folder / 'voices'}", next_step=step)
    return weights, config, voices


def load(kind: Any, weights: Path, config: Path, torch: Any) -> Any:
    """The model, ready to speak. Raises EngineRefused for what is damaged, not whole, or more than weights."""
    try:
        told = json.loads(config.read_text("utf-8"))
        # Read as weights alone, here and by the library, which takes what fits and is silent about the rest.
        parts = torch.load(weights, map_location="cpu", weights_only=True, mmap=True)
        model = kind(repo_id="hexgrad/Kokoro-82M", config=told, model=str(weights)).eval()
        for name, network in model.named_children():
            wanted = set(network.state_dict())
            there = {key.removeprefix("module.") for key in parts.get(name, ())}
            if len(wanted & there) * 2 < len(wanted):
                raise EngineRefused(f"{weights} does not hold the network {name}")
    except EngineRefused:
        raise
    except Exception as error:  # json, torch and the library's assertions have no common class
        raise EngineRefused(f"{weights} cannot be loaded: {type(error).__name__}: {error}"[:300]) from error
    return model
