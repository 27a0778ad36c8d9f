"""A loaded Piper voice that speaks phoneme ids: whole, or in pieces while the rest is still to come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from ttsd.engines.adapters.piper_graphs import LoadedGraph, feed
from ttsd.engines.adapters.piper_pace import SMALLEST, Pace
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ttsd.engines.adapters.piper_parts import Parts
    from ttsd.model import Samples


@frozen
class Piece:
    """Some of a sentence's sound."""

    samples: Samples
    frames: tuple[float, ...] | None = None
    """With the first piece: the length of each phoneme id in frames; None: not known, or not the first."""


class Model(Protocol):
    """A voice's graph."""

    hop: int | None
    """Samples for each frame; None: not known."""

    def speak(self, fed: Mapping[str, Any], options: Any) -> Iterator[Piece]:
        """The sound of one sentence. *fed*: see `piper_graphs.feed`; *options*: onnxruntime.RunOptions.

        Raises GraphError.
        """
        ...


class WholeModel:
    """A voice as it was published: a sentence is one piece."""

    hop: int | None = None

    def __init__(self, path: Path, threads: int) -> None:
        """Raises GraphError for what is no model."""
        self._graph = LoadedGraph(path, threads=threads)

    def speak(self, fed: Mapping[str, Any], options: Any) -> Iterator[Piece]:
        """See Model."""
        yield Piece(self._graph.sound(fed, options))


class SplitModel:
    """A voice in two parts: the first sound comes when a fraction of the sentence is decoded."""

    def __init__(
        self, parts: Parts, rate: int, threads: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """*rate*: frames per second of its sound. Measures the machine with a short run. Raises GraphError."""
        self._cut = parts.cut
        self.hop: int | None = parts.cut.hop
        self._clock = clock
        self._encoder = LoadedGraph(parts.encoder, threads=threads, optimised=True)
        self._decoder = LoadedGraph(parts.decoder, threads=threads, plan_memory=True)
        self._frame = parts.cut.hop / rate
        self._pace = Pace(self._frame, parts.cut.left + parts.cut.right)
        self._warm_up()

    def speak(self, fed: Mapping[str, Any], options: Any) -> Iterator[Piece]:
        """See Model."""
        encoded = self._encoder.run(fed, options)
        latent = encoded[self._cut.latent]
        sides = {name: encoded[name] for name in self._cut.sides}
        frames: tuple[float, ...] | None = None
        if self._cut.durations:
            frames = tuple(encoded[self._cut.durations].reshape(-1).tolist())
        total, at = latent.shape[2], 0
        size = self._pace.first(total)
        began, given = None, 0.0
        while at < total:
            end = min(total, at + size)
            yield Piece(self._decode(latent, sides, at, end, options), frames)
            now = self._clock()
            began = now if began is None else began
            frames = None
            given += (end - at) * self._frame
            at = end
            size = self._pace.next(total - at, max(0.0, given - (now - began)))

    def _decode(self, latent: Any, sides: Mapping[str, Any], start: int, end: int, options: Any) -> Samples:
        import numpy as np

        low, high = max(0, start - self._cut.left), min(latent.shape[2], end + self._cut.right)
        began = self._clock()
        piece = np.ascontiguousarray(latent[:, :, low:high])
        sound: Samples = self._decoder.sound({self._cut.latent: piece, **sides}, options)
        self._pace.measured(high - low, self._clock() - began)
        return sound[(start - low) * self._cut.hop : (end - low) * self._cut.hop]

    def _warm_up(self) -> None:
        """Two runs of a phrase: the first allocates, the second tells how fast this machine is."""
        import numpy as np

        speaker = 0 if self._encoder.several_speakers else None
        encoded = self._encoder.run(feed([1, *([0, 20] * SMALLEST), 0, 2], (0.0, 1.0, 0.0), speaker))
        latent = np.ascontiguousarray(encoded[self._cut.latent][:, :, : 3 * SMALLEST])
        sides = {name: encoded[name] for name in self._cut.sides}
        for _ in range(2):
            self._pace.forget()
            self._decode(latent, sides, 0, latent.shape[2], None)
