"""Loads an XTTS model from a folder: its weights alone, nothing written, nothing downloaded.

The library reads a checkpoint with code that may rewrite the file; its reading is replaced by
`torch_parts.read_weights`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import torch_parts
from ttsd.errors import EngineMissing, EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.adapter import Setup

WEIGHTS = "model.pth"
"""The checkpoint where none is named."""
USUAL = "xtts"
"""The folder of the model where none is named, beside the configuration or in the data folder."""
_EXTRA = ("torch_mel_spectrogram_style_encoder", "torch_mel_spectrogram_dvae", "dvae")
"""What a training program saves beside the model."""


@frozen
class Library:
    """The classes of coqui-tts."""

    config: Any
    model: Any


@frozen
class Files:
    """A model on disk."""

    folder: Path
    weights: Path
    config: Path
    vocabulary: Path

    @property
    def speakers(self) -> Path:
        """The voices that came with it; may be missing."""
        return self.folder / "speakers_xtts.pth"

    @property
    def mark(self) -> str:
        """Tells these weights from others, without reading two gigabytes."""
        stat = self.weights.stat()
        return f"{self.weights.name} {stat.st_size} {stat.st_mtime_ns}"


def folder_of(given: str, base: Path, data: Path) -> Path:
    """The folder of the model, whether it is there or not. *given*: the option `model`."""
    if given:
        return base / Path(given).expanduser()
    return base / USUAL if (base / USUAL).is_dir() else data / USUAL


def find(setup: Setup) -> Files:
    """The model as configured. Raises EngineMissing, EngineRefused for a checkpoint outside its folder."""
    folder = folder_of(str(setup.options.get("model", "")), setup.base, setup.data)
    if not folder.is_dir():
        raise EngineMissing(
            f"has no model: there is no folder {folder}",
            next_step='put config.json, vocab.json and model.pth there, or set model = "…" in [engine.xtts]',
        )
    name = str(setup.options.get("checkpoint", "")) or WEIGHTS
    weights = folder / name
    if not weights.resolve().is_relative_to(folder.resolve()):
        raise EngineRefused(f"the checkpoint {name} is not in {folder}")
    # A run of training keeps its configuration beside its checkpoints.
    near = {
        file: next((p / file for p in (weights.parent, folder) if (p / file).is_file()), folder / file)
        for file in ("config.json", "vocab.json")
    }
    for path in (weights, *near.values()):
        if not path.is_file():
            raise EngineMissing(f"{path} is missing")
    return Files(folder, weights, near["config.json"], near["vocab.json"])


def library() -> Library:
    """coqui-tts. Raises EngineRefused."""
    try:
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts
    except ImportError as error:
        raise EngineRefused(f"coqui-tts cannot be imported: {error}") from error
    return Library(XttsConfig, Xtts)


def load(library: Library, files: Files, torch: Any, device: str, *, deepspeed: bool) -> Any:
    """A TTS.tts.models.xtts.Xtts, ready to speak. Raises EngineRefused."""
    weights = _model_of(torch_parts.read_weights(files.weights, torch))
    try:
        config = library.config()
        config.load_json(str(files.config))
        model = library.model.init_from_config(config)
        model.get_compatible_checkpoint_state_dict = lambda _path: weights
        model.load_checkpoint(
            config,
            checkpoint_path=str(files.weights),
            vocab_path=str(files.vocabulary),
            eval=True,
            strict=True,
            use_deepspeed=deepspeed,
            speaker_file_path="",  # read by us, as weights alone
        )
        return model.to(device)
    except torch.cuda.OutOfMemoryError as error:
        raise EngineRefused(f"{device} has too little memory for the model") from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise EngineRefused(f"{files.folder} cannot be loaded: {error}"[:300]) from error


def _model_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The weights as the class has them; those of a training run have other names, and more beside them."""
    found = checkpoint.get("model")
    if not isinstance(found, dict):
        raise EngineRefused("its checkpoint holds no model")
    plain = {name.removeprefix("xtts."): value for name, value in found.items()}
    return {name: value for name, value in plain.items() if name.partition(".")[0] not in _EXTRA}
