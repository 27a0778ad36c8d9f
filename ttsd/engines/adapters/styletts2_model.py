"""Loads a StyleTTS 2 model from a folder without what the library does beside it.

Kept out: downloads (of NLTK's data at import, of every file that is not where it is looked for),
the aligner and the pitch network (only training uses them), and reading checkpoints as programs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import sys
import types
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import reference, torch_parts
from ttsd.errors import EngineMissing, EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.reference import Reference
    from ttsd.model import Samples

NEEDED = (
    *("bert", "bert_encoder", "predictor", "decoder", "text_encoder"),
    *("predictor_encoder", "style_encoder", "diffusion"),
)
"""Networks that speaking takes; a checkpoint without one of them would speak with noise in its place."""
PLBERT = {
    "vocab_size": 178,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "intermediate_size": 2048,
    "max_position_embeddings": 512,
    "num_hidden_layers": 12,
    "dropout": 0.1,
}
"""The text network of the published models; another one tells its own in Utils/PLBERT/config.yml."""


@frozen
class Files:
    """A model on disk."""

    weights: Path
    config: Path

    @property
    def mark(self) -> str:
        """Tells these weights from others, without reading them; good for a file's name."""
        stat = self.weights.stat()
        return hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]


def find(setup: Setup) -> Files:
    """The model as configured: a file, or a folder with one .pth. Raises EngineMissing."""
    given = str(setup.options.get("model", ""))
    places = [setup.base / Path(given).expanduser()] if given else []
    places = places or [setup.base / "styletts2", setup.data / "styletts2"]
    place = next((place for place in places if place.exists()), None)
    if place is None:
        raise EngineMissing(
            f"has no model: there is no {places[-1]}",
            next_step='put a .pth and its config.yml there, or set model = "…" in [engine.styletts2]',
        )
    found = [place] if place.is_file() else sorted(place.glob("*.pth"))
    if len(found) != 1:
        raise EngineMissing(
            f"there is {'no' if not found else 'more than one'} .pth in {place}",
            next_step='name the file: model = "…" in [engine.styletts2]',
        )
    config = found[0].with_name("config.yml")
    if not config.is_file():
        raise EngineMissing(f"{config} is missing")
    return Files(found[0], config)


def library() -> Any:
    """The module styletts2.tts, with nothing fetched and chance as it was. Raises EngineRefused."""
    for module, parts in {
        "cached_path": {"cached_path": None},
        "langchain": {},
        "langchain.text_splitter": {"RecursiveCharacterTextSplitter": None},
    }.items():
        if module not in sys.modules and not _there(module):
            # Only for what we keep out: downloads, and its own cutting of long texts.
            sys.modules[module] = types.ModuleType(module)
            vars(sys.modules[module]).update(parts)
    try:
        import nltk
        from nltk.tokenize import NLTKWordTokenizer

        with _replaced(nltk, "download", lambda *_, **__: False):
            from styletts2 import tts
    except ImportError as error:
        raise EngineRefused(f"styletts2 cannot be imported: {error}") from error
    # Its own wants data that would have to be downloaded; phonemes need no knowledge of sentences.
    tts.word_tokenize = NLTKWordTokenizer().tokenize
    random.seed()
    return tts


def load(tts: Any, files: Files, torch: Any, device: str) -> Any:
    """A styletts2.tts.StyleTTS2, ready to speak; *tts*: see `library`. Raises EngineMissing, EngineRefused."""
    checkpoint = torch_parts.read_weights(files.weights, torch)
    networks = checkpoint.get("net")
    if not isinstance(networks, dict) or (missing := [name for name in NEEDED if name not in networks]):
        what = f"its {missing[0]} network" if isinstance(networks, dict) else "its networks"
        raise EngineRefused(f"{files.weights} lacks {what}")
    config, text_network = _read_config(files.config), _text_network(files)
    nothing = torch.nn.Identity
    instead = [
        (tts, "cached_path", lambda address: address),
        (tts.yaml, "safe_load", lambda _file: config),
        (tts, "load_plbert", lambda *_, **__: text_network),
        (tts.models, "load_ASR_models", lambda *_, **__: nothing()),
        (tts.models, "load_F0_models", lambda *_, **__: nothing()),
        (torch, "load", lambda *_, **__: checkpoint),
        (torch.cuda, "is_available", lambda: device != "cpu"),
    ]
    try:
        with ExitStack() as stack:
            for owner, name, value in instead:
                stack.enter_context(_replaced(owner, name, value))
            return tts.StyleTTS2(str(files.weights), str(files.config))
    except torch.cuda.OutOfMemoryError as error:
        raise EngineRefused(f"{device} has too little memory for the model") from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise EngineRefused(f"{files.weights} cannot be loaded: {error}"[:300]) from error


def style_of(model: Any, recording: Reference) -> Samples:
    """The style of a recording, shape (1, 256). Raises EngineRefused."""
    reference.read(recording)  # checked: the library would take silence
    try:
        style: Samples = model.compute_style(str(recording.path)).cpu().numpy()
    except (RuntimeError, ValueError) as error:
        raise EngineRefused(f"no style can be taken from {recording.path}: {error}"[:300]) from error
    return style


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _text_network(files: Files) -> Any:
    from styletts2.Utils.PLBERT.util import AlbertConfig, CustomAlbert

    folders = (files.weights.parent / "Utils" / "PLBERT", files.weights.parent / "PLBERT")
    known = next((folder / "config.yml" for folder in folders if (folder / "config.yml").is_file()), None)
    shape = _read_config(known)["model_params"] if known else PLBERT
    return CustomAlbert(AlbertConfig(**shape))


def _read_config(path: Path) -> dict[str, Any]:
    """A configuration, with a place for what we keep out: the library fails where there is none."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise EngineRefused(f"{path} cannot be read: {error}"[:300]) from error
    if not isinstance(found, dict) or not isinstance(found.get("model_params"), dict):
        raise EngineRefused(f"{path} describes no model")
    return {**found, "F0_path": "not wanted"}


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
