"""One text at a time, spoken by engines of its own in a thread of the pool.

A desk has its own engine processes, which stand back for the queue's (`nice`), and asks for the right of way
before each piece of sound: so what is read aloud is never kept waiting by a request, nor its engine taken.
Engines are made when they are asked for, and end when they were idle for long, or their settings changed.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd import paths
from ttsd.engines import catalog, installed
from ttsd.engines.roster import Roster, user_place
from ttsd.errors import EngineError, TtsdError, UnknownVoice, UsageError
from ttsd.http import finetuned, wishes
from ttsd.http.encode import encoder
from ttsd.http.order import Part
from ttsd.http.pipe import Left
from ttsd.http.problems import Refused
from ttsd.logger import Logger
from ttsd.model import EngineName
from ttsd.settings import EngineSettings
from ttsd.speakers import Speakers
from ttsd.speech import direct
from ttsd.speech.convert import Converters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ttsd.engines.chain import Chain
    from ttsd.engines.engine import Engine, Request
    from ttsd.http.backstage import Backstage
    from ttsd.http.order import Order
    from ttsd.http.pipe import Pipe
    from ttsd.http.wishes import Cast
    from ttsd.settings import Settings
    from ttsd.speech.script import Script

log = Logger("ttsd.http")

NICE = 10
"""How far its processes stand back for others."""
MID_PATIENCE = 5.0
"""Longest pause inside a text to give way; then it goes on, standing back as its processes do."""
LOOK_SECONDS = 0.25
"""How often it is looked whether anybody still reads, while it gives way."""


class Desk:
    """See the module. One thread speaks; `cancel` may be called from any."""

    def __init__(self, backstage: Backstage) -> None:
        """Starts nothing."""
        self._backstage = backstage
        self._roster = Roster()
        self._engines: set[Engine] = set()
        self._settings: Settings | None = None
        self._reader: tuple[object, direct.Reader] | None = None
        self._chain: Chain | None = None
        self._converters = Converters()

    def speak(self, order: Order, pipe: Pipe[Part]) -> None:
        """Speak into *pipe*, which is told the end, whatever it is."""
        try:
            self._speak(order, pipe)
        except Left:
            pipe.end()
        except TtsdError as error:
            pipe.end(error)
        except BaseException as error:  # a fault of ours: who waits must not wait for ever
            log.exception("synthesis_failed")
            pipe.end(error)
        else:
            pipe.end()
        finally:
            self._chain = None

    def cancel(self) -> None:
        """End what is spoken soon."""
        chain = self._chain
        if chain is not None:
            chain.cancel()
            self._converters.cancel()

    def unload(self, idle: float) -> None:
        """End the processes of engines that were idle for so many seconds. Only while nothing is spoken."""
        for engine in self._engines:
            if engine.unload(idle):
                log.info("engine_unloaded", engine=engine.name, idle_seconds=idle)

    def close(self) -> None:
        """End them all. Only while nothing is spoken; idempotent."""
        self._roster.close()
        self._engines.clear()

    # ---- the thread's side

    def _speak(self, order: Order, pipe: Pipe[Part]) -> None:
        settings = self._adopt(self._backstage.settings())
        script, chain = self._prepare(order, settings)
        self._chain = chain
        seconds = 0.0
        sink = None
        patience = settings.http.patience
        with closing(direct.speak(chain, script, settings, self._converters)) as pieces:
            while True:
                self._give_way(pipe, patience, begun=sink is not None)
                try:
                    piece = next(pieces, None)
                except UnknownVoice as error:
                    raise _unspoken(order, error) from error
                if piece is None:
                    break
                if not len(piece.samples) and not piece.words:
                    continue
                sink = sink or encoder(order.form, piece.rate)
                seconds += len(piece.samples) / piece.rate
                rate = order.form.rate_for(piece.rate)
                data = sink.push(piece.samples)
                last = Part(data, piece.engine, piece.voice, rate, seconds, piece.words)
                if data or piece.words:
                    pipe.put(last)
        if sink is None:
            raise UsageError("there is nothing to speak in the text", where="text")
        pipe.put(replace(last, data=sink.finish(), words=()))

    def _adopt(self, settings: Settings) -> Settings:
        """Let go of engines that are configured otherwise now."""
        old, self._settings = self._settings, settings
        if old is not None and (old.engine, old.voice, old.path) != (
            settings.engine,
            settings.voice,
            settings.path,
        ):
            self.close()
        return settings

    def _prepare(self, order: Order, settings: Settings) -> tuple[Script, Chain]:
        """What is said, and by whom. Raises TtsdError."""
        names = (_known(order.engine, settings),) if order.engine is not None else settings.engines
        if order.language is not None:
            wishes.check_language(order.language, names)
        recordings: tuple[str, ...] = ()
        if "speaker" in order.wishes:
            recordings = tuple(one.name for one in Speakers(paths.default_data_dir()).listed())
        casts = wishes.casts(names, order.wishes, settings, recordings)
        if "checkpoint" in order.wishes:
            finetuned.check(settings, str(order.wishes["checkpoint"]))
        script = self._read(settings).read(
            order.text, source=order.source, voice=order.voice, language=order.language
        )
        chain = self._build(tuple(casts), settings)
        for engine in chain.engines:
            if casts[engine.name].speaker is not None:
                _check_speaker(engine, order.voice)
        return _wishful(script, casts), chain

    def _build(self, names: tuple[EngineName, ...], settings: Settings) -> Chain:
        modest = {
            name: replace(own, nice=max(own.nice, NICE), workers=1)
            for name in names
            for own in (settings.engine.get(name, EngineSettings()),)
        }
        chain = self._roster.build(replace(settings, engines=names, engine={**settings.engine, **modest}))
        self._engines.update(chain.engines, chain.converters)
        return chain

    def _read(self, settings: Settings) -> direct.Reader:
        """The rules in force; made anew when a file of theirs was saved."""
        files = [settings.dictionary, *(blocklist.file for blocklist in settings.blocklist)]
        key = (settings, tuple(_stamp(file) for file in files if file is not None))
        if self._reader is None or self._reader[0] != key:
            self._reader = (key, direct.Reader(settings))
        return self._reader[1]

    def _give_way(self, pipe: Pipe[Part], patience: float, *, begun: bool) -> None:
        """Wait while the queue needs an engine. Raises Left, Refused."""
        deadline = time.monotonic() + (MID_PATIENCE if begun else patience)
        while not self._backstage.way.wait(LOOK_SECONDS):
            if pipe.left:
                raise Left
            if time.monotonic() >= deadline:
                if begun:
                    return
                raise Refused(503, "what waits in the queue is spoken first", code="busy")
        if pipe.left:
            raise Left


def _known(name: EngineName, settings: Settings) -> EngineName:
    """The engine's own name. Raises Refused if it cannot be used."""
    configured = settings.engine.get(name)
    if configured is not None and configured.uri is not None:
        return name
    entry = catalog.find(name)
    if entry is None:
        raise Refused(404, f"no engine {name} is known{catalog.did_you_mean(name)}", where="engine")
    why = installed.missing(entry, user_place(settings).data)
    if why is not None:
        raise Refused(404, f"{entry.label} {why}", where="engine", next_step=entry.install)
    return EngineName(entry.name)


def _check_speaker(engine: Engine, voice: str | None) -> None:
    """Raises Refused if its voice has no speakers at all: it would pass the wish over. Raises EngineError."""
    entry = catalog.find(engine.name)
    if entry is None or entry.cloning:
        return
    known = {one.name: one for one in engine.voices()}  # it is loaded now, as it would be in a moment
    used = known.get(voice or engine.status().voice or "")
    if used is not None and not used.speakers:
        raise Refused(422, f"the voice {used.name} of {engine.name} has one speaker", where="speaker")


def _wishful(script: Script, casts: Mapping[EngineName, Cast]) -> Script:
    """*script* with what is wished of each engine."""

    def adapt(request: Request, engine: EngineName) -> Request:
        request, cast = script.adapt(request, engine), casts[engine]
        return replace(
            request,
            speaker=cast.speaker or request.speaker,
            language=request.language or cast.language,
            options={**request.options, **cast.options},
        )

    return replace(script, adapt=adapt)


def _unspoken(order: Order, error: EngineError) -> EngineError | Refused:
    """A voice that is not there because none speaks the language that was asked for."""
    if order.language is not None and order.voice is None and "speaker" not in order.wishes:
        return Refused(422, error.what, where="language", next_step=error.next_step)
    return error


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # it is missing, and will be told as such
        return 0
