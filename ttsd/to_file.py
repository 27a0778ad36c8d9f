"""A text spoken into a sound file, without a daemon: the same rules, chain and loudness.

Invariant: the file appears when it is whole; whatever fails or interrupts leaves what was there before.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from ttsd.engines.roster import Roster
from ttsd.errors import OutputError, UsageError
from ttsd.frozen import frozen
from ttsd.speech import direct
from ttsd.speech.convert import Converters
from ttsd.speech.detect import Detector, detector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import EngineName
    from ttsd.settings import Settings


@frozen
class Written:
    """A sound file that was made."""

    file: str
    seconds: float
    rate: int
    """Frames per second."""
    engine: EngineName
    """Who spoke the last sentence."""
    voice: str | None


def write(
    settings: Settings, text: str, path: Path, *, engine: EngineName | None = None, voice: str | None = None
) -> Written:
    """Speak *text* into *path*; its ending says the format. *engine*: to try before the chain.

    Raises UsageError, EngineError, OutputError.
    """
    _check(path)
    with detector(settings) or Detector() as tells:
        script = direct.Reader(settings, tells).read(text, engine=engine, voice=voice)
    if engine is not None:
        settings = replace(settings, engines=(engine, *(n for n in settings.engines if n != engine)))
    roster = Roster()
    try:
        with closing(direct.speak(roster.build(settings), script, settings, Converters())) as pieces:
            return save(pieces, path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error}", where=str(path)) from error
    finally:
        roster.close()


def save(pieces: Iterator[direct.Piece], path: Path) -> Written:
    """Write *pieces*, of one rate, to *path*, whose ending says the format. Raises OSError, and what they raise."""
    import soundfile

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written = _write(pieces, draft, path.suffix.removeprefix(".").upper(), path)
        draft.replace(path)
    except soundfile.LibsndfileError as error:
        raise OSError(0, str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
    return written


def _check(path: Path) -> None:
    import soundfile

    if path.suffix.removeprefix(".").upper() not in soundfile.available_formats():
        raise UsageError(
            f"{path.name} has no ending that tells a sound format", next_step="such as hello.wav"
        )
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", next_step=f"mkdir -p {path.parent}")


def _write(pieces: Iterator[direct.Piece], draft: Path, kind: str, path: Path) -> Written:
    import soundfile

    last = first = next(pieces)
    frames = 0
    with soundfile.SoundFile(draft, "w", samplerate=first.rate, channels=1, format=kind) as file:
        for piece in chain((first,), pieces):
            file.write(piece.samples)
            last, frames = piece, frames + len(piece.samples)
    return Written(str(path), round(frames / first.rate, 3), first.rate, last.engine, last.voice)
