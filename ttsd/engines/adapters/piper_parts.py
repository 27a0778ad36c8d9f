"""A split Piper voice on disk: made once for each model, checked with numbers, used without onnx.

Invariants: a folder of parts appears whole or not at all, under the model's SHA-256 and what else
the result depends on; parts exist only if they gave the same sound as the whole, piece by piece.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines.adapters.piper_graphs import LoadedGraph, feed
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1
"""Changes when the parts are made differently."""
CLOSE = 1e-5
"""Largest difference of a sample between pieces and whole."""
_ENCODER, _DECODER, _NOTE = "encoder.onnx", "decoder.onnx", "cut.json"
_STALE = 3600.0
"""Seconds after which an unfinished folder is litter."""


class CannotSplit(Exception):
    """The voice is not built as expected, or its parts do not sound like the whole; it is used whole."""


@frozen
class Cut:
    """Where a voice is cut, and what its pieces need."""

    latent: str
    """The tensor at the cut: shape (1, channels, frames)."""
    sides: tuple[str, ...]
    """Tensors that the decoder takes beside it: shape (1, channels, 1), the speaker's."""
    durations: str | None
    """The encoder's output of frames for each phoneme id; None: not found."""
    hop: int
    """Samples for each frame."""
    left: int
    """Frames before a piece that make its beginning exact."""
    right: int
    """Frames behind a piece that make its end exact."""


@frozen
class Parts:
    """A split voice's files."""

    encoder: Path
    """Optimised already: loading it takes a tenth of the time."""
    decoder: Path
    cut: Cut


def folder_for(cache: Path, sha256: str) -> Path:
    """Where the parts of a model lie. The optimised graph belongs to one version of onnxruntime."""
    import onnxruntime

    return cache / "piper" / f"{sha256}-{FORMAT}-{onnxruntime.__version__}"


def find(folder: Path) -> Parts | None:
    """The parts in *folder*, or None if they were not made (or not to be read)."""
    try:
        note = json.loads((folder / _NOTE).read_text("utf-8"))
        cut = Cut(**{**note["cut"], "sides": tuple(note["cut"]["sides"])})
        sizes = [(folder / name).stat().st_size for name in (_ENCODER, _DECODER)]
        if sizes != note["sizes"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Parts(folder / _ENCODER, folder / _DECODER, cut)


def make(model: Path, folder: Path, progress: Callable[[str], None]) -> Parts:
    """Split *model* into *folder*. Needs onnx and some 350 MB.

    Raises CannotSplit, GraphError, ImportError, OSError.
    """
    import onnx

    from ttsd.engines.adapters import piper_cut

    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder)
    progress(f"splitting {model.name}, once")
    whole = onnx.load(str(model))
    split = piper_cut.split(whole)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        plain = draft / "plain.onnx"
        onnx.save(split.encoder, str(plain))
        onnx.save(split.decoder, str(draft / _DECODER))
        LoadedGraph(plain, write_optimised=draft / _ENCODER)
        plain.unlink()
        parts = Parts(draft / _ENCODER, draft / _DECODER, split.cut)
        _check(model, parts)
        sizes = [path.stat().st_size for path in (parts.encoder, parts.decoder)]
        (draft / _NOTE).write_text(json.dumps({"cut": asdict(split.cut), "sizes": sizes}), "utf-8")
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    found = find(folder)
    if found is None:
        raise OSError(f"{folder} cannot be read back")
    return found


def forget(parts: Parts) -> None:
    """Remove parts that cannot be loaded."""
    shutil.rmtree(parts.encoder.parent, ignore_errors=True)


def _check(model: Path, parts: Parts) -> None:
    """Let whole and parts say the same, without chance. Raises CannotSplit, GraphError."""
    import numpy as np

    cut = parts.cut
    whole, encoder = LoadedGraph(model), LoadedGraph(parts.encoder, optimised=True)
    decoder = LoadedGraph(parts.decoder)
    # A pad behind each, as the voice has learnt it.
    ids = [n for phoneme in (1, *range(14, 60), 2) for n in (phoneme, 0)]
    for speaker in (0, 1) if whole.several_speakers else (None,):
        fed = feed(ids, (0.0, 1.0, 0.0), speaker)
        expected = whole.sound(fed)
        encoded = encoder.run(fed)
        latent, sides = encoded[cut.latent], {name: encoded[name] for name in cut.sides}
        frames = latent.shape[2]
        pieces = []
        for start, end in pairwise([0, *(edge for edge in (7, 40) if edge < frames), frames]):
            low, high = max(0, start - cut.left), min(frames, end + cut.right)
            sound = decoder.sound({cut.latent: np.ascontiguousarray(latent[:, :, low:high]), **sides})
            pieces.append(sound[(start - low) * cut.hop : (end - low) * cut.hop])
        got = np.concatenate(pieces)
        if got.size != expected.size or not np.abs(got - expected).max() <= CLOSE:
            raise CannotSplit("its parts do not sound like the whole")
        if cut.durations and encoded[cut.durations].sum() != frames:
            raise CannotSplit("the lengths of its phonemes do not make up the whole")


def _put(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if find(folder) is None:  # not another process's, finished before ours: something broken
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)


def _tidy(folder: Path) -> None:
    """Remove what was made of the same model for another version, and what was never finished."""
    model = folder.name.partition("-")[0]
    for other in folder.parent.iterdir():
        with suppress(OSError):
            stale = other.name.startswith(".draft-") and time.time() - other.stat().st_mtime > _STALE
            if stale or (other.name.startswith(f"{model}-") and other != folder):
                shutil.rmtree(other, ignore_errors=True)
