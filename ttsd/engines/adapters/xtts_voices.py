"""XTTS's voices: those that come with a model, and those taken from a recording and kept in the cache.

What is kept is a pair of arrays in a file without pickles, named by the recording's content, the
model's file and what was asked for: the model's folder is never written to.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import reference, torch_parts
from ttsd.engines.voices import write_atomically
from ttsd.errors import EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.engines.adapters.reference import Reference

KEPT = 16
"""Cloned voices kept in memory; each takes some 130 KB."""


@frozen
class Latents:
    """What the model needs of a voice; tensors."""

    condition: Any
    """gpt_cond_latent, shape (1, 32, channels)."""
    embedding: Any
    """speaker_embedding, shape (1, 512, 1)."""


@frozen
class Conditioning:
    """How a recording is listened to: part of what its latents depend on."""

    length: int
    """Seconds of it."""
    chunk: int
    """Seconds at a time."""


def built_in(path: Path, torch: Any) -> dict[str, Latents]:
    """The voices of a model's speakers_xtts.pth; none if there is no such file. Raises EngineRefused."""
    if not path.is_file():
        return {}
    found = torch_parts.read_weights(path, torch)
    try:
        return {
            str(name): Latents(voice["gpt_cond_latent"], voice["speaker_embedding"])
            for name, voice in found.items()
        }
    except (KeyError, TypeError) as error:
        raise EngineRefused(f"{path} holds no voices") from error


class Cloned:
    """Voices taken from recordings with one model."""

    def __init__(self, model: Any, torch: Any, mark: str, folder: Path) -> None:
        """*mark*: what tells the model's weights from others; *folder*: where latents are kept."""
        self._model = model
        self._torch = torch
        self._mark = mark
        self._folder = folder
        self._loaded: dict[str, Latents] = {}

    def get(self, recording: Reference, conditioning: Conditioning) -> Latents:
        """From memory, the cache folder or the recording. Raises EngineRefused."""
        what = [recording.digest, self._mark, conditioning.length, conditioning.chunk]
        key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
        if key not in self._loaded:
            while len(self._loaded) >= KEPT:
                del self._loaded[next(iter(self._loaded))]
            self._loaded[key] = self._kept(key) or self._listen(recording, conditioning, key)
        return self._loaded[key]

    def _kept(self, key: str) -> Latents | None:
        import numpy as np

        try:
            with np.load(self._folder / f"{key}.npz", allow_pickle=False) as arrays:
                made = [self._torch.from_numpy(arrays[name]) for name in ("condition", "embedding")]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # not there, or damaged: made anew
            return None
        return Latents(*made)

    def _listen(self, recording: Reference, conditioning: Conditioning, key: str) -> Latents:
        import numpy as np

        samples, rate = reference.read(recording)
        sound = self._torch.from_numpy(samples[: conditioning.length * rate]).unsqueeze(0)
        try:
            condition = self._model.get_gpt_cond_latents(
                sound, rate, length=conditioning.length, chunk_length=conditioning.chunk
            )
            embedding = self._model.get_speaker_embedding(sound, rate)
        except RuntimeError as error:
            raise EngineRefused(f"no voice can be taken from {recording.path}: {error}"[:300]) from error
        found = Latents(condition.cpu(), embedding.cpu())
        file = BytesIO()
        np.savez(file, condition=found.condition.numpy(), embedding=found.embedding.numpy())
        try:
            write_atomically(self._folder / f"{key}.npz", file.getvalue())
        except OSError:  # a cache that cannot be written costs time, nothing else
            pass
        return found
