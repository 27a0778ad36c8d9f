"""Texts made into sound files by several engines side by side, without a daemon, and measured.

Each engine speaks alone: no other one takes over, so that what is compared is what it says it is. Invariants:
a sound file appears when it is whole, and `render.json` names only files that are; so a run that was
interrupted goes on where it was, and one that is complete makes nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ttsd import to_file
from ttsd.clock import SystemClock
from ttsd.engines.chain import ChainFailed
from ttsd.engines.roster import Roster
from ttsd.errors import EngineError, OutputError, UsageError
from ttsd.frozen import frozen
from ttsd.replace_file import replace_file
from ttsd.speech import direct
from ttsd.speech.convert import Converters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.engines.chain import Chain
    from ttsd.model import EngineName, SourceName
    from ttsd.settings import Settings
    from ttsd.speech.script import Script

LISTING = "render.json"
SAVE_EVERY = 2.0
"""Seconds between two savings of the listing."""
GIVE_UP = 3
"""Failures in a row after which an engine is left alone."""


@frozen
class Text:
    """What is to be spoken, once by each take."""

    name: str
    """Of its sound files, without engine and ending."""
    text: str
    source: SourceName
    """Whose rules hold for it."""


@frozen
class Take:
    """Who speaks: an engine alone, in a voice."""

    engine: EngineName
    voice: str | None = None
    """A preset or one of its voices; None: as configured."""

    @property
    def folder(self) -> str:
        """Where its files lie."""
        return self.engine if self.voice is None else f"{self.engine}-{_as_name(self.voice)}"


@frozen
class Made:
    """A sound file and how it was made. Its names are the keys of `render.json`."""

    name: str
    digest: str
    """Of the text, as it was given, and of the settings that decide how it sounds."""
    engine: EngineName
    wanted: str | None
    """The voice that was asked for."""
    voice: str | None
    """The voice that spoke."""
    file: str | None
    """Relative to the folder; None: there is none."""
    seconds: float | None = None
    """Of sound."""
    first_audio_seconds: float | None = None
    """From asking to the first sound."""
    wall_seconds: float | None = None
    """From asking to the last."""
    real_time_factor: float | None = None
    """Wall time for a second of sound."""
    skipped: str | None = None
    """Why it is not to be spoken, by the rules."""
    error: str | None = None


@frozen
class Loaded:
    """What was measured of a take as a whole."""

    engine: EngineName
    wanted: str | None
    load_seconds: float | None
    """Until it was ready; None: it is not."""
    memory_bytes: int | None
    """Of its process, after it has spoken."""
    error: str | None = None


class Rendering:
    """One folder of sound files."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        kind: str = "wav",
        clock: Clock | None = None,
        detect: Callable[[str], str | None] | None = None,
    ) -> None:
        """*kind*: wav or flac; *detect*: see rules.Extras."""
        self._settings, self._folder, self._kind = settings, folder, kind
        self._clock = clock or SystemClock()
        self._reader = direct.Reader(settings, detect)
        self._made: dict[tuple[str, str, str | None], Made] = {}
        self._loaded: dict[tuple[str, str | None], Loaded] = {}
        self._saved_at = float("-inf")

    def run(
        self,
        texts: Sequence[Text],
        takes: Sequence[Take],
        progress: Callable[[float, str], None] = lambda *_: None,
    ) -> tuple[list[Made], list[Loaded]]:
        """Make what is not there yet; what there is then. *progress*: characters so far, and who is at it.

        What fails is told in the answer. Raises OutputError if nothing can be written.
        """
        self._begin()
        done = 0.0
        try:
            for take in takes:
                missing = [text for text in texts if not self._is_there(text, take)]
                done += sum(len(text.text) for text in texts) - sum(len(text.text) for text in missing)
                progress(done, take.folder)
                for text in self._take(take, missing):
                    done += len(text.text)
                    progress(done, take.folder)
        finally:
            self._save()
        wanted = [(text.name, take.engine, take.voice) for take in takes for text in texts]
        loaded = [self._loaded.get((take.engine, take.voice)) for take in takes]
        return [self._made[key] for key in wanted if key in self._made], [one for one in loaded if one]

    # ---- one engine

    def _take(self, take: Take, texts: Iterable[Text]) -> Iterator[Text]:
        """Speak *texts*; each is yielded when it is done."""
        texts = list(texts)
        if not texts:
            return
        # Lines with languages would bring a last resort into the chain.
        alone = replace(self._settings, engines=(take.engine,), sources=(), language={})
        roster = Roster(self._clock)
        try:
            chain = roster.build(alone)
            engine = chain.engines[0]
            began = self._clock.monotonic()
            engine.load()
            load_seconds = round(self._clock.monotonic() - began, 3)
            in_a_row = 0
            for text in texts:
                made = self._one(chain, take, text)
                in_a_row = in_a_row + 1 if made.error else 0
                self._note(made)
                yield text
                if in_a_row >= GIVE_UP:
                    break
            memory = engine.status().memory_bytes
            self._loaded[take.engine, take.voice] = Loaded(take.engine, take.voice, load_seconds, memory)
        except EngineError as error:
            self._loaded[take.engine, take.voice] = Loaded(take.engine, take.voice, None, None, _told(error))
        finally:
            roster.close()

    def _one(self, chain: Chain, take: Take, text: Text) -> Made:
        failed = Made(text.name, self._digest(text, take), take.engine, take.voice, None, None)
        path = self._folder / take.folder / f"{text.name}.{self._kind}"
        try:
            script = self._reader.read(text.text, source=text.source, voice=take.voice)
            path.parent.mkdir(parents=True, exist_ok=True)
            timed = _Timed(self._clock)
            with closing(timed.of(chain, script, self._settings)) as pieces:
                written = to_file.save(pieces, path)
        except UsageError as error:
            return replace(failed, skipped=error.what)
        except EngineError as error:
            return replace(failed, error=_told(error))
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error
        return replace(
            failed,
            voice=written.voice,
            file=path.relative_to(self._folder).as_posix(),
            seconds=written.seconds,
            first_audio_seconds=round(timed.first, 4),
            wall_seconds=round(timed.wall, 4),
            real_time_factor=round(timed.wall / written.seconds, 4) if written.seconds else None,
        )

    # ---- what is there

    def _is_there(self, text: Text, take: Take) -> bool:
        made = self._made.get((text.name, take.engine, take.voice))
        if made is None or made.digest != self._digest(text, take):
            return False
        if made.file is None:
            return made.skipped is not None
        return made.file.endswith(f".{self._kind}") and (self._folder / made.file).is_file()

    def _digest(self, text: Text, take: Take) -> str:
        known = f"{text.text}\0{_decides(self._settings, take)}"
        return hashlib.sha256(known.encode("utf-8", "replace")).hexdigest()[:16]

    def _note(self, made: Made) -> None:
        self._made[made.name, made.engine, made.wanted] = made
        now = self._clock.monotonic()
        if now - self._saved_at >= SAVE_EVERY:
            self._saved_at = now
            self._save()

    def _begin(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made: {error.strerror}", where=str(self._folder)) from error
        try:
            listing = json.loads((self._folder / LISTING).read_bytes())
            for entry in listing["files"]:
                made = Made(**entry)
                self._made[made.name, made.engine, made.wanted] = made
            for entry in listing["engines"]:
                self._loaded[entry["engine"], entry["wanted"]] = Loaded(**entry)
        except (OSError, ValueError, TypeError, KeyError):  # there is none, or it is not ours: all is made
            self._made.clear()

    def _save(self) -> None:
        listing: dict[str, Any] = {
            "saved_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock.time())),
            "engines": [asdict(one) for one in self._loaded.values()],
            "files": [asdict(one) for one in self._made.values()],
        }
        path = self._folder / LISTING
        try:
            replace_file(path, json.dumps(listing, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error


class _Timed:
    """Pieces of sound, and when they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.first = self.wall = 0.0

    def of(self, chain: Chain, script: Script, settings: Settings) -> Generator[direct.Piece, None, None]:
        began = self._clock.monotonic()
        with closing(direct.speak(chain, script, settings, Converters())) as pieces:
            for piece in pieces:
                if not self.first and len(piece.samples):
                    self.first = self._clock.monotonic() - began
                self.wall = self._clock.monotonic() - began
                yield piece
        self.wall = self._clock.monotonic() - began


def _told(error: EngineError) -> str:
    """In a sentence, with what to do; an engine that is alone needs no chain to be told of."""
    what = next(iter(error.reasons.values()), error.what) if isinstance(error, ChainFailed) else error.what
    return f"{what} ({error.next_step})" if error.next_step else what


def _decides(settings: Settings, take: Take) -> str:
    """What of the configuration decides how a text sounds: if it changes, the text is spoken anew."""
    engine = settings.engine.get(take.engine)
    rules = (settings.sources, settings.clean, settings.pronounce, settings.blocklist, settings.dictionary)
    return repr((engine, settings.voice, settings.route, settings.language, settings.speech, rules))


def _as_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)[:60]
