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
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.graphs import LoadedGraph
from ttsd.engines.adapters.piper_stages import Cut, Parts, SplitVoice, Stage, feed

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 2
"""Changes when the parts are made differently."""
CLOSE = 1e-5
"""Largest difference of a sample between pieces and whole."""
_ENCODER, _FLOW, _DECODER, _NOTE = "encoder.onnx", "flow.onnx", "decoder.onnx", "cut.json"
_STALE = 3600.0
"""Seconds after which an unfinished folder is litter."""


class CannotSplit(Exception):
    """The voice is not built as expected, or its parts do not sound like the whole; it is used whole."""


def folder_for(cache: Path, sha256: str) -> Path:
    """Where the parts of a model lie. The optimised graph belongs to one version of onnxruntime."""
    import onnxruntime

    return cache / "piper" / f"{sha256}-{FORMAT}-{onnxruntime.__version__}"


def find(folder: Path) -> Parts | None:
    """The parts in *folder*, or None if they were not made (or not to be read)."""
    try:
        note = json.loads((folder / _NOTE).read_text("utf-8"))
        flow = _stage(note["cut"]["flow"]) if note["cut"]["flow"] else None
        cut = Cut(flow, _stage(note["cut"]["decoder"]), note["cut"]["durations"])
        if any((folder / name).stat().st_size != size for name, size in note["sizes"].items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return _parts(folder, cut)


def make(model: Path, folder: Path, progress: Callable[[str], None]) -> Parts:
    """Split *model* into *folder*. Needs onnx and some 350 MB.

    Raises CannotSplit, GraphError, ImportError, OSError.
    """
    import onnx

    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder)
    progress(f"splitting {model.name}, once")
    whole = onnx.load(str(model))
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        try:
            parts = _write(whole, draft, with_flow=True)
            _check(model, parts)
        except CannotSplit:
            # What is known of flows is less than what is known of decoders: this one stays in the encoder.
            (draft / _FLOW).unlink(missing_ok=True)
            parts = _write(whole, draft, with_flow=False)
            _check(model, parts)
        sizes = {
            path.name: path.stat().st_size for path in (parts.encoder, parts.flow, parts.decoder) if path
        }
        (draft / _NOTE).write_text(json.dumps({"cut": asdict(parts.cut), "sizes": sizes}), "utf-8")
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    found = find(folder)
    if found is None:
        raise OSError(f"{folder} cannot be read back")
    return found


def _write(whole: Any, folder: Path, *, with_flow: bool) -> Parts:
    """The parts of an onnx.ModelProto. Raises CannotSplit, GraphError, OSError."""
    import onnx

    from ttsd.engines.adapters import piper_cut

    split = piper_cut.split(whole, with_flow=with_flow)
    parts = _parts(folder, split.cut)
    for graph, path in ((split.encoder, parts.encoder), (split.flow, parts.flow)):
        if graph is not None and path is not None:
            plain = folder / "plain.onnx"
            onnx.save(graph, str(plain))
            LoadedGraph(plain, write_optimised=path)
            plain.unlink()
    onnx.save(split.decoder, str(parts.decoder))
    return parts


def _parts(folder: Path, cut: Cut) -> Parts:
    return Parts(folder / _ENCODER, folder / _FLOW if cut.flow else None, folder / _DECODER, cut)


def _stage(noted: dict[str, Any]) -> Stage:
    return Stage(**{**noted, "given": tuple(noted["given"]), "sides": tuple(noted["sides"])})


def forget(parts: Parts) -> None:
    """Remove parts that cannot be loaded."""
    shutil.rmtree(parts.encoder.parent, ignore_errors=True)


def _check(model: Path, parts: Parts) -> None:
    """Let whole and parts say the same, without chance. Raises CannotSplit, GraphError."""
    import numpy as np

    whole, split = LoadedGraph(model), SplitVoice(parts, threads=1)
    # A pad behind each, as the voice has learnt it.
    ids = [n for phoneme in (1, *range(14, 60), 2) for n in (phoneme, 0)]
    for speaker in (0, 1) if whole.several_speakers else (None,):
        fed = feed(ids, (0.0, 1.0, 0.0), speaker)
        expected = whole.sound(fed)
        sentence = split.encode(fed)
        frames = sentence.frames
        edges = [0, *(edge for edge in (7, 40) if edge < frames), frames]
        got = np.concatenate([sentence.decode(start, end) for start, end in pairwise(edges)])
        if got.size != expected.size or not np.abs(got - expected).max() <= CLOSE:
            raise CannotSplit("its parts do not sound like the whole")
        if sentence.lengths is not None and sum(sentence.lengths) != frames:
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
