"""A split Piper voice, loaded: it encodes a sentence at once and makes its sound piece by piece. numpy and onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.graphs import LoadedGraph
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ttsd.model import Samples


@frozen
class Stage:
    """A part of a voice that may run on overlapping pieces, because it is local in time."""

    given: tuple[str, ...]
    """What it turns into something else, and what is cut as that is: shape (1, channels, frames) each."""
    sides: tuple[str, ...]
    """What it takes beside, the same for every piece: the speaker's, shape (1, channels, 1)."""
    hop: int
    """Values of its output for each frame."""
    left: int
    """Frames before a piece that make its beginning exact."""
    right: int
    """Frames behind a piece that make its end exact."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Everything its graph is fed."""
        return self.given + self.sides

    def reach(self, start: int, end: int, frames: int) -> tuple[int, int]:
        """The frames, of so many, that it is fed for those from *start* to *end*."""
        return max(0, start - self.left), min(frames, end + self.right)


@frozen
class Cut:
    """Where a voice is cut, and what its pieces need."""

    flow: Stage | None
    """Latent with noise -> latent; None: the encoder's part of it."""
    decoder: Stage
    """Latent -> sound."""
    durations: str | None
    """The encoder's output of frames for each phoneme id; None: not found."""


@frozen
class Parts:
    """A split voice's files."""

    encoder: Path
    """Optimised already, as the flow is: loading it takes a tenth of the time."""
    flow: Path | None
    decoder: Path
    cut: Cut


class SplitVoice:
    """A split voice's graphs."""

    def __init__(self, parts: Parts, threads: int) -> None:
        """Raises GraphError."""
        self.cut = parts.cut
        self.encoder = LoadedGraph(parts.encoder, threads=threads, optimised=True)
        self.flow = LoadedGraph(parts.flow, threads=threads, optimised=True) if parts.flow else None
        self.decoder = LoadedGraph(parts.decoder, threads=threads, plan_memory=True)

    def encode(self, fed: Mapping[str, Any], options: Any = None) -> Sentence:
        """*fed*: see `feed`; *options*: onnxruntime.RunOptions, for all of it. Raises GraphError."""
        return Sentence(self, self.encoder.run(fed, options), options)


class Sentence:
    """An encoded sentence, to be decoded from left to right."""

    def __init__(self, voice: SplitVoice, encoded: dict[str, Any], options: Any) -> None:
        self._voice, self._encoded, self._options = voice, encoded, options
        cut = voice.cut
        self.lengths: tuple[float, ...] | None = None
        """Frames of each phoneme id; None: not known."""
        if cut.durations:
            self.lengths = tuple(encoded[cut.durations].reshape(-1).tolist())
        given = encoded[(cut.flow or cut.decoder).given[0]]
        self.frames = int(given.shape[2])
        self._latent = given if cut.flow is None else given.copy()
        self._made = self.frames if cut.flow is None else 0
        """Frames of the latent that have been through the flow."""

    def decode(self, start: int, end: int) -> Samples:
        """The sound of the frames from *start* to *end*, shape (frames * hop,), float32. Raises GraphError."""
        stage = self._voice.cut.decoder
        low, high = stage.reach(start, end, self.frames)
        self._flow_until(high)
        fed = _fed(stage, {**self._encoded, stage.given[0]: self._latent}, low, high)
        sound: Samples = self._voice.decoder.sound(fed, self._options)
        return sound[(start - low) * stage.hop : (end - low) * stage.hop]

    def _flow_until(self, end: int) -> None:
        stage, graph = self._voice.cut.flow, self._voice.flow
        if stage is None or graph is None or end <= self._made:
            return
        if self.frames - end <= stage.left + stage.right:
            end = self.frames  # another run's overlap would cost as much
        start, self._made = self._made, end
        low, high = stage.reach(start, end, self.frames)
        latent = graph.run(_fed(stage, self._encoded, low, high), self._options)[
            self._voice.cut.decoder.given[0]
        ]
        self._latent[:, :, start:end] = latent[:, :, start - low : end - low]


def _fed(stage: Stage, tensors: Mapping[str, Any], low: int, high: int) -> dict[str, Any]:
    """What *stage* is fed for the frames from *low* to *high*."""
    import numpy as np

    cut = {name: np.ascontiguousarray(tensors[name][:, :, low:high]) for name in stage.given}
    return cut | {name: tensors[name] for name in stage.sides}


def feed(ids: list[int], scales: tuple[float, float, float], speaker: int | None) -> dict[str, Any]:
    """A voice's inputs. *scales*: noise, length, noise of the lengths; *speaker*: None where there is one."""
    import numpy as np

    given = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array(scales, np.float32),
    }
    return given if speaker is None else given | {"sid": np.array([speaker], np.int64)}
