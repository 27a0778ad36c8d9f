"""What onnxruntime makes of a graph when it loads it, kept in the cache: the next load takes a fifth of the time.

Invariant: a graph appears there whole or not at all, under the model's SHA-256 and the version of onnxruntime.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ttsd.engines.adapters.graphs import GraphError, LoadedGraph, named_faults
from ttsd.engines.voices import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def load(model: Path, cache: Path, make: Callable[[Path], T], progress: Callable[[str], None]) -> T:
    """What *make* makes of the optimised graph; of *model* itself, with a word of *progress*, if there can be none.

    Raises GraphError if *model* cannot be loaded.
    """
    import onnxruntime

    kept = cache / "graphs" / f"{fingerprint(model, cache)}-{onnxruntime.__version__}.onnx"
    try:
        if not kept.is_file():
            _keep(model, kept)
        with named_faults():
            return make(kept)
    except (OSError, GraphError) as error:
        with suppress(OSError):
            kept.unlink(missing_ok=True)
        progress(f"{model.name} is loaded as it came, which takes longer: {error}"[:300])
    with named_faults():
        return make(model)


def _keep(model: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.glob(f"{kept.name.partition('-')[0]}-*"):  # of another onnxruntime
        old.unlink(missing_ok=True)
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        LoadedGraph(model, write_optimised=draft)
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)
