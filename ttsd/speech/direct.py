"""A text turned into sound without the queue: the rules, chain and loudness that it would have there.

Invariants: what is said has the pauses between its sentences and one rate from its first sample to its
last; nothing is learnt of the voices here, so that only what people hear decides how loud they are.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.audio.gap import Gap
from ttsd.engines.engine import Request
from ttsd.errors import UsageError
from ttsd.frozen import frozen
from ttsd.model import SAY, WordTime
from ttsd.speech.convert import Converters
from ttsd.speech.finish import Finish
from ttsd.speech.levels import Levels
from ttsd.speech.presets import Presets
from ttsd.speech.script import script_of
from ttsd.text import files
from ttsd.text.blocklist import BEEP
from ttsd.text.rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ttsd.engines.chain import Chain
    from ttsd.model import EngineName, Samples, SourceName
    from ttsd.settings import Settings
    from ttsd.speech.script import Script


class Reader:
    """Says what is spoken of a text; the files that the rules name are read once, when it is made."""

    def __init__(self, settings: Settings, detect: Callable[[str], str | None] | None = None) -> None:
        """*detect*: see rules.Extras. Raises PatternError for rules that `ttsd check` refuses."""
        self._book = RuleBook(settings, files.read(settings, detect).extras)
        self._presets = Presets(settings)

    def read(
        self,
        text: str,
        *,
        source: SourceName = SAY,
        voice: str | None = None,
        engine: EngineName | None = None,
        language: str | None = None,
    ) -> Script:
        """What is said of *text* by the rules of *source*. *voice*, *engine*, *language*: asked for; they win.

        Raises UsageError if nothing is.
        """
        rules = self._book.of(source)
        verdict = rules.apply(text, voice=voice, language=language)
        if verdict.reason is not None:
            raise UsageError(f"it would not be spoken: {verdict.reason}")
        return script_of(rules, verdict, self._presets, engine)


@frozen
class Piece:
    """A piece of a text's sound."""

    samples: Samples
    rate: int
    """Frames per second."""
    engine: EngineName
    voice: str | None
    words: tuple[WordTime, ...] = ()
    """Words that became known with it; seconds from the text's first sample."""


def speak(
    chain: Chain, script: Script, settings: Settings, converters: Converters
) -> Generator[Piece, None, None]:
    """The sound of all of *script*, as it is made; closing it cancels. Raises EngineError.

    From another thread, the chain's and the converters' `cancel` end it.
    """
    pieces = _pieces(chain, script, settings, converters)
    with closing(pieces):
        yield from _at_one_rate(pieces)


def _pieces(
    chain: Chain, script: Script, settings: Settings, converters: Converters
) -> Generator[Piece, None, None]:
    """The sound of all sentences with the pauses between them, levelled as the daemon does."""
    from ttsd.audio.dsp import BEEP_RATE, silence

    levels, gap = _levels(settings), Gap()
    last: Piece | None = None
    seconds = 0.0
    for sentence in script.sentences:
        if sentence == BEEP:
            pause = 0.0
            sound = _beep(last or Piece(silence(0), BEEP_RATE, chain.names[0], None))
        else:
            pause = settings.speech.sentence_pause_ms / 1000 if last is not None else 0.0
            sound = _sentence(chain, script, sentence, levels, converters)
        start: float | None = None
        words: tuple[WordTime, ...] = ()
        with closing(sound):
            for last in sound:
                words += last.words
                if not len(last.samples):
                    yield replace(last, words=())
                    continue
                if start is None:
                    missing = round(gap.begin(last.samples, last.rate, pause) * last.rate)
                    yield replace(last, samples=silence(missing), words=())
                    start = seconds = seconds + missing / last.rate
                gap.passed(last.samples, last.rate)
                seconds += len(last.samples) / last.rate
                yield replace(last, words=_moved(words, start))
                words = ()


def _beep(last: Piece) -> Generator[Piece, None, None]:
    """A beep at the rate of *last* and in its name."""
    from ttsd.audio.dsp import beep

    yield replace(last, samples=beep(last.rate), words=())


def _sentence(
    chain: Chain, script: Script, sentence: str, levels: Levels, converters: Converters
) -> Generator[Piece, None, None]:
    """The sound of one sentence; the words' times are counted from its first sample."""
    request = Request(sentence, voice=script.voice, language=script.language)
    finish: Finish | None = None
    last: Piece | None = None
    with (
        closing(chain.speak(request, script.engine, adapt=script.adapt)) as spoken,
        closing(converters.converted(spoken, chain.conversion(script.voice), script.voice)) as pieces,
    ):
        for heard in pieces:
            if finish is not None and last is not None and not finish.fits(heard):
                yield replace(last, samples=finish.flush(), words=())
                finish = None
            finish = finish or Finish(heard, levels, script.gain)
            samples, words = finish.push(heard.chunk.samples), finish.shifted(heard.chunk.words)
            last = Piece(samples, heard.chunk.rate, heard.engine, heard.voice, words)
            yield last
    if finish is not None and last is not None:
        yield replace(last, samples=finish.flush(), words=())


def _moved(words: tuple[WordTime, ...], by: float) -> tuple[WordTime, ...]:
    return tuple(replace(word, start=word.start + by, end=word.end + by) for word in words)


def _at_one_rate(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """All of it at the first piece's rate: a second engine may have another."""
    from ttsd.audio.dsp import Resampler

    first = last = next(pieces)
    resampler: Resampler | None = None
    yield first
    for piece in pieces:
        if piece.rate != last.rate and resampler is not None:
            yield replace(last, samples=resampler.flush(), rate=first.rate, words=())
            resampler = None
        if piece.rate != first.rate and resampler is None:
            resampler = Resampler(piece.rate, first.rate)
        samples = resampler.push(piece.samples) if resampler else piece.samples
        yield replace(piece, samples=samples, rate=first.rate)
        last = piece
    if resampler is not None:
        yield replace(last, samples=resampler.flush(), rate=first.rate, words=())


def _levels(settings: Settings) -> Levels:
    """What the daemon has learnt of the voices; nothing is written back."""
    path = settings.state.dir / "levels.json" if settings.state.dir else None
    levels = Levels(settings.speech.loudness if settings.speech.level else None, path)
    levels.path = None
    return levels
