"""A request into its sound, batch by batch, whichever library runs Kokoro's model.

The model leaves 0.15 to 0.45 s of silence before each batch and up to 0.7 s behind it, also where the text
has no pause. That is cut; between two batches stands the pause that the first one's last mark asks for.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.kokoro_symbols import Symbols, batches, pause_after
from ttsd.engines.adapters.kokoro_voices import blend, chosen, offered
from ttsd.engines.engine import Request
from ttsd.errors import EngineRefused
from ttsd.frozen import frozen
from ttsd.model import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ttsd.model import Samples, Voice

RATE = 24000
QUIET = 1e-3
"""Of a batch's peak: what never rises above it, before or behind the voice, is silence."""
MARGIN = 0.03
"""Seconds of that silence that are kept: voices begin and end softly."""


@frozen
class Reader:
    """Reads with one model, in one thread."""

    default: str
    """The voice where none is asked for; may be a blend."""
    names: Collection[str]
    """The voices that there are."""
    known: Collection[str]
    """The symbols that the model takes."""
    style: Callable[[str], Any]
    """A voice's styles, shape (numbers of symbols, 1, 256), as an array of the library's."""
    make: Callable[[str, Any, float], Samples]
    """The sound of a batch of symbols in such styles at a pace: one voice, 24 kHz, any shape."""
    symbols: Symbols = field(default_factory=Symbols)

    def warm_up(self) -> None:
        """Speak a word: espeak reads its data, and the model allocates, at the first text."""
        for _ in self.read(Request("Ready.")):
            pass

    def voices(self) -> tuple[Voice, ...]:
        """All of them, the default one first."""
        return offered(self.default, self.names)

    def read(self, request: Request) -> Iterator[Chunk]:
        """A chunk for each batch. Raises UnknownVoice, EngineMissing, EngineRefused, and what `make` raises."""
        import numpy as np

        voice, language = chosen(request, self.default, self.names)
        symbols = self.symbols.of(request.text, language)
        styles = sum(self.style(name) * share for name, share in blend(voice, self.names))
        pieces = batches(symbols, self.known)
        if not pieces:
            raise EngineRefused("there is nothing in the text that it can pronounce")
        speed = float(request.options.get("speed", 1.0))
        for index, piece in enumerate(pieces):
            sound = _cut(np.asarray(self.make(piece, styles, speed), np.float32).reshape(-1))
            pause = pause_after(piece) / speed if index < len(pieces) - 1 else 0.0
            yield Chunk(np.pad(sound, (0, int(pause * RATE))), RATE, voice=voice)


def _cut(sound: Samples) -> Samples:
    """*sound* without the silence at its ends; whole if all of it is silence, or it holds what is no number."""
    import numpy as np

    level = np.abs(sound)
    heard = np.flatnonzero(~(level < level.max() * QUIET))  # NaN compares false
    margin = int(MARGIN * RATE)
    return sound[max(0, int(heard[0]) - margin) : int(heard[-1]) + 1 + margin]
