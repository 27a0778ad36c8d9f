"""A loaded Piper voice that speaks phoneme ids: whole, or in pieces while the rest is still to come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from ttsd.engines.adapters.graphs import LoadedGraph
from ttsd.engines.adapters.piper_pace import SMALLEST, Pace
from ttsd.engines.adapters.piper_stages import SplitVoice, feed
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ttsd.engines.adapters.piper_stages import Parts, Sentence
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
        """The sound of one sentence. *fed*: see `piper_stages.feed`; *options*: onnxruntime.RunOptions.

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
        self._voice = SplitVoice(parts, threads)
        self._clock = clock
        decoder = parts.cut.decoder
        self.hop: int | None = decoder.hop
        self._frame = decoder.hop / rate
        self._pace = Pace(self._frame, decoder.left + decoder.right)
        self._warm_up()

    def speak(self, fed: Mapping[str, Any], options: Any) -> Iterator[Piece]:
        """See Model."""
        sentence = self._voice.encode(fed, options)
        lengths = sentence.lengths
        total, at = sentence.frames, 0
        size = self._pace.first(total)
        began, given = None, 0.0
        while at < total:
            end = min(total, at + size)
            yield Piece(self._decode(sentence, at, end), lengths)
            now = self._clock()
            began = now if began is None else began
            lengths = None
            given += (end - at) * self._frame
            at = end
            size = self._pace.next(total - at, max(0.0, given - (now - began)))

    def _decode(self, sentence: Sentence, start: int, end: int) -> Samples:
        low, high = self._voice.cut.decoder.reach(start, end, sentence.frames)
        began = self._clock()
        sound = sentence.decode(start, end)
        self._pace.measured(high - low, self._clock() - began)
        return sound

    def _warm_up(self) -> None:
        """Two runs of a phrase: the first allocates, the second tells how fast this machine is."""
        speaker = 0 if self._voice.encoder.several_speakers else None
        fed = feed([1, *([0, 20] * SMALLEST), 0, 2], (0.0, 1.0, 0.0), speaker)
        for _ in range(2):
            self._pace.forget()
            sentence = self._voice.encode(fed)
            self._decode(sentence, 0, min(sentence.frames, 3 * SMALLEST))
