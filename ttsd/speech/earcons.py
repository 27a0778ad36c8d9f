"""Tones that say something by themselves. They need no engine: so they can tell that one has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.audio.dsp import BEEP_RATE, beep, join
from ttsd.model import SourceName
from ttsd.speech.script import Script
from ttsd.text.blocklist import BEEP

if TYPE_CHECKING:
    from ttsd.engines.engine import Request
    from ttsd.model import EngineName, Samples

FAILED = SourceName("ttsd:failed")
"""The source of utterances that are two falling tones, whatever their text says."""
BACK = SourceName("ttsd:back")
"""And of those that are two rising ones."""
_PITCHES = {BEEP: (1000.0,), f"{BEEP}-": (880.0, 587.3), f"{BEEP}+": (587.3, 880.0)}
"""Hz of the tones of a sentence that is an earcon."""
_OF = {FAILED: f"{BEEP}-", BACK: f"{BEEP}+"}


def script_of(source: SourceName) -> Script | None:
    """What is to be heard of an utterance of *source* instead of its text; None: its text."""
    sentence = _OF.get(source)
    return None if sentence is None else Script((sentence,), None, None, None, _as_it_is)


def sound_of(sentence: str, rate: int) -> tuple[Samples, int] | None:
    """The sound of a sentence that is an earcon, at *rate* if that is not 0, and its rate; None: it is none."""
    pitches = _PITCHES.get(sentence)
    if pitches is None:
        return None
    rate = rate or BEEP_RATE
    seconds = 0.3 / len(pitches)
    return join([beep(rate, seconds=seconds, pitch=pitch) for pitch in pitches]), rate


def _as_it_is(request: Request, _: EngineName) -> Request:
    return request
