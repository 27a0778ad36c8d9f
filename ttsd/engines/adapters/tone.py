"""A beep for each sentence, as long as its text: an engine that needs nothing and is always right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines.catalog import defaults
from ttsd.errors import UnknownVoice
from ttsd.model import Chunk, Voice, WordTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request

_VOICE = "tone"
_SECONDS = 0.25
"""Length of a chunk."""
_FADE = 0.005
"""Seconds in which it begins and ends, so that it does not click."""
_LOUD = 0.3


class Tone:
    """See ttsd.engines.adapter.Adapter."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        del progress  # there is nothing to tell
        if setup.voice not in (None, _VOICE):
            raise UnknownVoice(f"has no voice {setup.voice}", next_step=f"it has {_VOICE}")

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return (Voice(_VOICE),)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        import numpy as np

        options = {**defaults(_VOICE), **request.options}
        rate = int(options["rate"])
        pace = float(options["characters_per_second"])
        total = max(1, round(rate * len(request.text) / pace))
        step = round(rate * _SECONDS)
        words = _words(request.text, pace)
        for start in range(0, total, step):
            at = np.arange(start, min(total, start + step))
            edge = np.minimum(at, total - 1 - at) / (rate * _FADE)
            sound = (
                np.sin(at * (2 * np.pi * float(options["frequency"]) / rate)) * np.minimum(edge, 1) * _LOUD
            )
            known = tuple(w for w in words if start <= w.start * rate < start + step)
            yield Chunk(sound.astype(np.float32), rate, known)

    def cancel(self) -> None:
        """See Adapter: the worker stops between two chunks."""

    def close(self) -> None:
        """See Adapter."""


def _words(text: str, pace: float) -> list[WordTime]:
    words, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        words.append(WordTime(word, at / pace, (at + len(word)) / pace))
        at += len(word)
    return words
