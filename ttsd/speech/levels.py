"""One loudness for every voice: a fixed gain per voice, learnt once from its first sentences and kept.

A gain that followed each sentence would flatten what a voice means to stress; so a voice is measured
over `SENTENCES` sentences, and from then on its gain never changes. Until then the mean of what was
measured so far holds, or what is known of the voices that ttsd brings with it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsd.audio.loudness import gain_to, integrated
from ttsd.logger import Logger
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.model import EngineName, Samples

log = Logger("ttsd.speech")

SENTENCES = 10
"""After so many sentences a voice's loudness is known for good."""
SHORTEST = 0.4
"""Seconds; a shorter sound is no measure of a voice."""
_KNOWN = {"piper/en_US-joe-medium": -25.6, "hibari/heart": -25.8, "tone/tone": -14.1}
"""LUFS over the ten sentences of tests/end_to_end/test_one_loudness.py, as the engines give them."""


@dataclass(slots=True)
class _Voice:
    """What was measured of a voice."""

    power: float = 0.0
    """Mean square, K-weighted, times seconds; summed over its sentences."""
    seconds: float = 0.0
    sentences: int = 0

    @property
    def lufs(self) -> float:
        return 10 * math.log10(self.power / self.seconds)


@dataclass(slots=True)
class Levels:
    """The gain of each voice. Used by one thread."""

    target: float | None
    """LUFS that every voice is brought to; None: voices are left as they are."""
    path: Path | None = None
    """Where what was learnt is kept; None: it is forgotten at the end."""
    _learnt: dict[str, float] = field(default_factory=dict)
    _learning: dict[str, _Voice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            try:
                kept = json.loads(self.path.read_text(encoding="utf-8"))
                self._learnt = {str(voice): float(lufs) for voice, lufs in kept.items()}
            except (OSError, ValueError, AttributeError, TypeError) as error:
                log.warning("levels_not_read", path=str(self.path), error=str(error))

    def gain(self, engine: EngineName, voice: str | None) -> float:
        """The linear factor for this voice now."""
        if self.target is None:
            return 1.0
        key = _key(engine, voice)
        if key in self._learnt:
            return gain_to(self._learnt[key], self.target)
        so_far = self._learning.get(key)
        return gain_to(so_far.lufs if so_far else _KNOWN.get(key, self.target), self.target)

    def wants(self, engine: EngineName, voice: str | None) -> bool:
        """Whether the loudness of this voice is still to be learnt."""
        return self.target is not None and _key(engine, voice) not in self._learnt

    def learn(self, engine: EngineName, voice: str | None, sentence: Samples, rate: int) -> None:
        """Take a whole sentence of the voice, as the engine gave it, into account."""
        lufs, seconds, key = integrated(sentence, rate), len(sentence) / rate, _key(engine, voice)
        if seconds < SHORTEST or not math.isfinite(lufs):
            return
        measured = self._learning.setdefault(key, _Voice())
        measured.power += 10 ** (lufs / 10) * seconds
        measured.seconds += seconds
        measured.sentences += 1
        if measured.sentences >= SENTENCES:
            self._learnt[key] = round(measured.lufs, 2)
            del self._learning[key]
            log.info("voice_levelled", engine=engine, voice=voice, lufs=self._learnt[key])
            self._keep()

    def _keep(self) -> None:
        if self.path is None:
            return
        try:
            replace_file(self.path, json.dumps(self._learnt, indent=1, sort_keys=True).encode())
        except OSError as error:  # it will be learnt again; speech goes on
            log.warning("levels_not_kept", path=str(self.path), error=str(error))


def _key(engine: EngineName, voice: str | None) -> str:
    return f"{engine}/{voice or ''}"
