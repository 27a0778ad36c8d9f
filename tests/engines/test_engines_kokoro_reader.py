"""What Kokoro's engines share between a request and its sound, with a model that makes a tone of each batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ttsd.engines.adapters.kokoro_reader import MARGIN, RATE, Reader
from ttsd.engines.adapters.kokoro_symbols import Symbols
from ttsd.engines.engine import Request
from ttsd.errors import EngineRefused, UnknownVoice

if TYPE_CHECKING:
    from ttsd.model import Samples

TWO = "abc abc abc abc abc abc abc, " + "abc " * 30 + "abc."
"""Symbols of two batches, the first of which ends with a comma."""


class AsWritten(Symbols):
    """The letters are the symbols."""

    def of(self, text: str, language: str) -> str:
        """The text."""
        del language
        return text.strip()


@dataclass
class Model:
    """Speaks one second, between half seconds in which it is as good as silent."""

    voiced: Samples = field(default_factory=lambda: np.full(RATE, 0.5, np.float32))
    fed: list[tuple[str, float, float]] = field(default_factory=list)
    """Symbols, the style's first number, pace."""

    def style(self, voice: str) -> Samples:
        """Ones for af_heart, fives for af_bella."""
        return np.full((510, 1, 256), 1.0 if voice == "af_heart" else 5.0, np.float32)

    def make(self, symbols: str, styles: Any, speed: float) -> Samples:
        """Shape (1, frames), as some models give it."""
        self.fed.append((symbols, float(styles[0, 0, 0]), speed))
        almost = np.full(RATE // 2, 0.0004, np.float32)
        return np.concatenate((almost, self.voiced, almost))[None]

    def reader(self) -> Reader:
        """What reads with it."""
        return Reader(
            "af_heart", ("af_heart", "af_bella"), set("abc ,.!"), self.style, self.make, AsWritten()
        )


@pytest.mark.parametrize("speed", [1.0, 2.0])
@pytest.mark.parametrize(("end", "pause"), [(",", 0.1), (".", 0.25), ("!", 0.25)])
def test_between_batches_is_the_pause_of_the_mark_and_none_of_the_models_silence(
    end: str, pause: float, speed: float
) -> None:
    model = Model()
    text = TWO.replace(",", end)
    heard = list(model.reader().read(Request(text, options={"speed": speed})))
    voiced, pause = 1.0 + 2 * MARGIN, pause / speed
    assert [chunk.samples.size / RATE for chunk in heard] == pytest.approx([voiced + pause, voiced], abs=1e-3)
    assert not heard[0].samples[-int(pause * RATE) :].any()
    assert [chunk.samples.dtype for chunk in heard] == [np.float32] * 2
    assert [chunk.rate for chunk in heard] == [RATE] * 2
    assert [fed[2] for fed in model.fed] == [speed] * 2
    assert " ".join(fed[0] for fed in model.fed) == text


def test_where_the_text_has_no_pause_none_is_made() -> None:
    heard = list(Model().reader().read(Request("abc " * 60)))
    assert [chunk.samples.size for chunk in heard] == [RATE + 2 * int(MARGIN * RATE)] * 2


@pytest.mark.parametrize("number", [0.0, np.nan])
def test_what_is_no_voice_is_passed_on_for_the_check_of_all_sound(number: float) -> None:
    model = Model(np.full(RATE, number, np.float32))
    (heard,) = model.reader().read(Request("abc"))
    assert heard.samples.size == 2 * RATE


def test_styles_are_blended_and_the_default_voice_warms_up() -> None:
    model = Model()
    reader = model.reader()
    assert [voice.name for voice in reader.voices()] == ["af_heart", "af_bella"]
    blended = "af_heart:3+af_bella:1"
    assert [chunk.voice for chunk in reader.read(Request("abc", blended))] == [blended]
    reader.warm_up()
    assert model.fed == [("abc", 2.0, 1.0), ("a.", 1.0, 1.0)], "of Ready. it knows two symbols"


def test_what_it_cannot_read_never_reaches_the_model() -> None:
    model = Model()
    for wrong, fault in ((Request("…"), EngineRefused), (Request("abc", "af_nobody"), UnknownVoice)):
        with pytest.raises(fault):
            list(model.reader().read(wrong))
    assert not model.fed
