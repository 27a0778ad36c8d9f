"""A text spoken into a sound file, without a daemon: the same rules, chain and loudness.

Invariant: the file appears when it is whole; whatever fails or interrupts leaves what was there before.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.engines.engine import Request
from ttsd.engines.roster import Roster
from ttsd.errors import OutputError, UsageError
from ttsd.model import SAY, Utterance, UtteranceId
from ttsd.speech.finish import Finish
from ttsd.speech.levels import Levels
from ttsd.speech.reading import Reading, Refusal
from ttsd.text import files
from ttsd.text.blocklist import BEEP

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from ttsd.engines.chain import Chain
    from ttsd.model import EngineName, Samples
    from ttsd.settings import Settings
    from ttsd.speech.reading import Script


@dataclass(frozen=True, slots=True)
class Written:
    """A sound file that was made."""

    file: str
    seconds: float
    rate: int
    """Frames per second."""
    engine: EngineName
    """Who spoke the last sentence."""
    voice: str | None


@dataclass(frozen=True, slots=True)
class _Piece:
    samples: Samples
    rate: int
    engine: EngineName
    voice: str | None


def write(
    settings: Settings, text: str, path: Path, *, engine: EngineName | None = None, voice: str | None = None
) -> Written:
    """Speak *text* into *path*; its ending says the format. *engine*: to try before the chain.

    Raises UsageError, EngineError, OutputError.
    """
    import soundfile

    kind = path.suffix.removeprefix(".").upper()
    if kind not in soundfile.available_formats():
        raise UsageError(
            f"{path.name} has no ending that tells a sound format", next_step="such as hello.wav"
        )
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", next_step=f"mkdir -p {path.parent}")
    script = _script(settings, text, engine, voice)
    if engine is not None:
        settings = replace(settings, engines=(engine, *(n for n in settings.engines if n != engine)))
    roster = Roster()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pieces = _pieces(roster.build(settings), script, settings)
        with closing(pieces):
            written = _write(pieces, draft, kind, path)
        draft.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise OutputError(f"cannot be written: {error}", where=str(path)) from error
    finally:
        draft.unlink(missing_ok=True)
        roster.close()
    return written


def _write(pieces: Iterator[_Piece], draft: Path, kind: str, path: Path) -> Written:
    import soundfile

    first = next(pieces)
    last, frames = first, 0
    with soundfile.SoundFile(draft, "w", samplerate=first.rate, channels=1, format=kind) as file:
        for samples, piece in _at_rate(first, pieces):
            file.write(samples)
            last, frames = piece, frames + len(samples)
    return Written(str(path), round(frames / first.rate, 3), first.rate, last.engine, last.voice)


def _at_rate(first: _Piece, pieces: Iterator[_Piece]) -> Iterator[tuple[Samples, _Piece]]:
    """All of it at the first piece's rate: a second engine may have another."""
    from ttsd.audio.dsp import Resampler

    yield first.samples, first
    last, resampler = first, None
    for piece in pieces:
        if piece.rate != last.rate and resampler is not None:
            yield resampler.flush(), last
            resampler = None
        if piece.rate != first.rate and resampler is None:
            resampler = Resampler(piece.rate, first.rate)
        yield (resampler.push(piece.samples) if resampler else piece.samples), piece
        last = piece
    if resampler is not None:
        yield resampler.flush(), last


def _script(settings: Settings, text: str, engine: EngineName | None, voice: str | None) -> Script:
    """What is said of *text*, by the rules that hold for what is said directly. Raises UsageError."""
    clock = SystemClock()
    reading = Reading(settings, files.read(settings).extras, clock, waiting=lambda _: ())
    said = reading.read(Utterance(UtteranceId(0), text, SAY, clock.time(), voice=voice, engine=engine))
    if isinstance(said, Refusal):
        raise UsageError(f"it would not be spoken: {said.reason}")
    return said


def _pieces(chain: Chain, script: Script, settings: Settings) -> Generator[_Piece, None, None]:
    """The sound of all sentences with the pauses between them, levelled as the daemon does."""
    from ttsd.audio.dsp import BEEP_RATE, beep, silence

    speech = settings.speech
    levels = _levels(settings)
    last: _Piece | None = None
    for sentence in script.sentences:
        if sentence == BEEP:
            last = last or _Piece(silence(0), BEEP_RATE, chain.names[0], None)
            yield replace(last, samples=beep(last.rate))
            continue
        if last is not None:
            yield replace(last, samples=silence(int(last.rate * speech.sentence_pause_ms / 1000)))
        request = Request(sentence, voice=script.voice, language=script.language)
        finish: Finish | None = None
        with closing(chain.speak(request, script.engine, adapt=script.adapt)) as heard_pieces:
            for heard in heard_pieces:
                if finish is not None and last is not None and not finish.fits(heard):
                    yield replace(last, samples=finish.flush())
                    finish = None
                finish = finish or Finish(heard, levels)
                samples = finish.push(heard.chunk.samples)
                last = _Piece(samples, heard.chunk.rate, heard.engine, heard.voice)
                yield last
        if finish is not None and last is not None:
            yield replace(last, samples=finish.flush())


def _levels(settings: Settings) -> Levels:
    """What the daemon has learnt of the voices; nothing is written back."""
    path = settings.state.dir / "levels.json" if settings.state.dir else None
    levels = Levels(settings.speech.loudness if settings.speech.level else None, path)
    levels.path = None
    return levels
