"""What onnxruntime makes of a graph is kept in the cache, sounds the same, and is never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piper_voices import phoneme_ids, unpack

from ttsd.engines.adapters import optimised
from ttsd.engines.adapters.graphs import GraphError, LoadedGraph
from ttsd.engines.adapters.piper_stages import feed

if TYPE_CHECKING:
    from ttsd.model import Samples


class Loader:
    """Loads graphs, and notes which files, and what was said."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.files: list[Path] = []
        self.said: list[str] = []

    def make(self, file: Path) -> LoadedGraph:
        self.files.append(file)
        return LoadedGraph(file)

    def load(self, model: Path) -> LoadedGraph:
        return optimised.load(model, self.cache, self.make, self.said.append)


def sound(graph: LoadedGraph, voice: Path) -> Samples:
    """A sentence without chance."""
    ids = phoneme_ids("the quick brown fox", voice.with_name(voice.name + ".json"))
    heard: Samples = graph.sound(feed(ids, (0.0, 1.0, 0.0), None))
    return heard


def test_it_is_made_once_and_sounds_the_same(tmp_path: Path) -> None:
    voice, loader = unpack("random-1", tmp_path), Loader(tmp_path / "cache")
    first, again = loader.load(voice), loader.load(voice)
    assert loader.said == []
    (kept,) = (tmp_path / "cache" / "graphs").iterdir()
    assert loader.files == [kept, kept]
    made = kept.stat().st_mtime_ns
    expected = sound(LoadedGraph(voice), voice)
    assert np.abs(expected).max() > 0.01
    for graph in (first, again):
        np.testing.assert_allclose(sound(graph, voice), expected, rtol=0, atol=1e-5)
    assert kept.stat().st_mtime_ns == made


def test_one_that_is_broken_is_told_and_made_anew(tmp_path: Path) -> None:
    voice, loader = unpack("random-1", tmp_path), Loader(tmp_path / "cache")
    loader.load(voice)
    (kept,) = (tmp_path / "cache" / "graphs").iterdir()
    kept.write_bytes(b"half of it")
    assert sound(loader.load(voice), voice).size
    assert loader.files[-1] == voice
    assert "random-1.onnx is loaded as it came" in loader.said[0]
    loader.load(voice)
    assert loader.files[-1] == kept
    assert len(loader.said) == 1


def test_that_of_another_onnxruntime_goes(tmp_path: Path) -> None:
    voice, loader = unpack("random-1", tmp_path), Loader(tmp_path / "cache")
    loader.load(voice)
    (kept,) = (tmp_path / "cache" / "graphs").iterdir()
    old = kept.rename(kept.with_name(f"{kept.name.partition('-')[0]}-1.0.onnx"))
    loader.load(voice)
    assert not old.exists()
    assert kept.exists()


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    voice, loader = unpack("random-1", tmp_path), Loader(tmp_path / "cache")
    loader.cache.write_text("a file where the folder should be")
    assert sound(loader.load(voice), voice).size
    assert loader.files == [voice]
    assert "as it came" in loader.said[0]


def test_a_model_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    broken, loader = tmp_path / "broken.onnx", Loader(tmp_path / "cache")
    broken.write_bytes(b"no graph")
    with pytest.raises(GraphError):
        loader.load(broken)
    assert list((tmp_path / "cache" / "graphs").iterdir()) == []
