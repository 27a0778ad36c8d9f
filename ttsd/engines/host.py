"""The daemon's side of an engine that runs in a process of its own, here or elsewhere.

Invariants
- One sentence at a time. What belongs to a cancelled one is drained and dropped by its id; a worker that
  does not stop is replaced (see keeper.py, which makes and loses the links).
- A foreign server gets a connection for each sentence, which is closed when it is over or cancelled.
- After `close` nothing is left: no process, no thread, no descriptor.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.engines import protocol
from ttsd.engines.engine import EngineStatus, check_speakable
from ttsd.engines.inbox import Closed
from ttsd.engines.keeper import Keeper
from ttsd.engines.link import tell
from ttsd.engines.privacy import withhold
from ttsd.engines.soundcheck import SoundCheck
from ttsd.engines.talk import Patience
from ttsd.errors import (
    EngineCancelled,
    EngineError,
    EngineExhausted,
    EngineRefused,
    EngineTimeout,
)
from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.clock import Clock
    from ttsd.engines.catalog import Entry
    from ttsd.engines.connect import Connector
    from ttsd.engines.engine import Request
    from ttsd.engines.link import Link
    from ttsd.engines.protocol import Info
    from ttsd.model import Chunk, EngineName, Voice
    from ttsd.settings import EngineSettings

log = Logger("ttsd.engines")

SHORT_WAIT = 0.2
"""Seconds that a sentence waits for one that is just ending, or for an idle process that is let go."""


class EngineHost:
    """An Engine (see engine.py) behind a link."""

    def __init__(
        self,
        name: EngineName,
        entry: Entry,
        settings: EngineSettings,
        connector: Connector,
        clock: Clock | None = None,
    ) -> None:
        """*entry*: what the catalogue says of it; *settings* go before its defaults. Starts nothing."""
        self.name = name
        self._entry = entry
        self._settings = settings
        self._connector = connector
        self._clock = clock or SystemClock()
        self._patience = Patience.of(settings, entry)
        self._keeper = Keeper(
            name,
            entry,
            connector,
            self._patience,
            self._clock,
            cancelled=lambda: self._cancelled,
            heard=self._heard,
        )
        self._speaking = threading.Lock()
        """Held while a sentence is synthesised."""
        self._state = threading.Lock()
        """Guards what follows; never held while waiting."""
        self._guest: Link | None = None
        """A connection to a foreign server, for the sentence that it speaks."""
        self._job = 0
        self._running: int | None = None
        self._cancelled = False
        self._warm = False
        """A foreign server has spoken: what it loads at its first sentence is loaded."""
        self._text = ""
        """What is being spoken: kept out of the log."""

    # What is asked of an engine

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Engine."""
        check_speakable(request, self.name)
        if not self._speaking.acquire(timeout=SHORT_WAIT):
            raise EngineRefused("it is at another sentence", where=self.name)
        try:
            with self._state:
                self._cancelled = False
                self._text = request.text
            yield from self._speak(request)
            self._warm = True
        except EngineCancelled:
            raise
        except EngineError as error:
            error.what = self._keeper.last_error = withhold(error.what, request.text)
            raise
        finally:
            with self._state:
                self._running, self._cancelled = None, False
                self._text = ""
            self._keeper.used = self._clock.monotonic()
            self._speaking.release()

    def cancel(self) -> None:
        """See Engine."""
        with self._state:
            self._cancelled = self._speaking.locked()
            guest, running = self._guest, self._running
        if guest is not None:
            guest.wake()
        self._keeper.wake(running)

    def load(self) -> None:
        """See Engine."""
        try:
            self._keeper.ready()
        except EngineCancelled:
            raise
        except EngineError as error:
            self._keeper.last_error = error.what
            raise

    def voices(self) -> tuple[Voice, ...]:
        """See Engine."""
        self.load()
        _, info = self._keeper.current()
        return info.voices if info is not None else ()

    def status(self) -> EngineStatus:
        """See Engine."""
        keeper = self._keeper
        link, info = keeper.current()
        state, detail = self._state_now(link, info)
        status = EngineStatus(
            self.name,
            state,
            detail,
            pid=None if link is None else link.pid,
            voice=self._settings.voice if info is None else info.default or self._settings.voice,
            last_error=keeper.last_error,
            idle_seconds=round(self._clock.monotonic() - keeper.used, 1) if state == "ready" else None,
            stopping=keeper.stopping,
        )
        return keeper.figures.in_status(status)

    def unload(self, idle: float = 0.0) -> bool:
        """See Engine."""
        idle_for = self._clock.monotonic() - self._keeper.used
        if self._keeper.missing is not None:
            self._keeper.missing = self._connector.missing()  # it may have been installed since
        if idle_for < idle or not self._speaking.acquire(blocking=False):
            return False
        end = self._keeper.let_go()
        self._speaking.release()
        if end is not None:
            end()
        return end is not None

    def close(self) -> None:
        """See Engine."""
        self._keeper.close()
        self.cancel()
        with self._state:
            guest = self._guest
        if guest is not None:
            guest.end()

    # How it is done

    def _state_now(self, link: Link | None, info: Info | None) -> tuple[str, str | None]:
        keeper = self._keeper
        if keeper.closed:
            return "closed", None
        if keeper.missing is not None:
            remedy = f"; {self._entry.install}" if self._entry.install else ""
            return "missing", f"{self._entry.label} {keeper.missing}{remedy}"
        if link is not None and info is not None and not link.alive:
            return "failed", "its process has ended; the next sentence starts it anew"
        if info is not None:
            return ("ready" if self._running is None else "busy"), keeper.detail or self._connector.elsewhere
        if link is not None or keeper.stopping:
            return "loading", keeper.detail
        error = keeper.last_error
        return ("failed", error) if error else ("installed", self._connector.elsewhere)

    def _speak(self, request: Request) -> Iterator[Chunk]:
        link, info = self._keeper.ready()
        if self._connector.elsewhere:
            # Elsewhere nobody knows what is configured here.
            options = {**self._settings.options, **request.options}
            request = replace(request, voice=request.voice or self._settings.voice, options=options)
        if fault := protocol.unknown_voice(request, info.voices, self.name):
            raise fault
        with self._state:
            self._job += 1
            job = self._running = self._job
        if link is None:
            yield from self._ask_stranger(request)
        else:
            yield from self._ask(link, request, job)

    def _ask(self, link: Link, request: Request, job: int) -> Iterator[Chunk]:
        """Have it spoken by a worker of ttsd."""
        talk = self._keeper.talk(link)
        over = False
        try:
            tell(link, protocol.synthesize(request, job))
            yield from talk.sentence(job)
            over = True
        except Closed:
            over = True
            raise self._keeper.lost(link) from None
        except (EngineTimeout, EngineExhausted):
            # It hangs, or has no room left: no use in it, and its memory is given back.
            over = True
            self._keeper.drop(link)
            raise
        except EngineError as error:
            over = not isinstance(error, EngineCancelled)
            raise
        finally:
            self._keeper.figures.spoke(talk)
            if talk.finished is not None and talk.finished.clipped:
                log.debug("engine_clips", engine=self.name, samples=talk.finished.clipped)
            if not over:
                tell(link, protocol.cancel(job))
                self._keeper.hand_over(link, talk, job)

    def _ask_stranger(self, request: Request) -> Iterator[Chunk]:
        """Have it spoken by a foreign server, which takes one sentence for each connection."""
        request, ignored = protocol.without_options(request)
        if ignored:
            log.warning("options_ignored", engine=self.name, options=ignored, reason="its server takes none")
        guest = self._connector.connect(lambda _line: None)
        with self._state:
            self._guest = guest
        # It may load its model only now.
        first = self._patience.first + (0.0 if self._warm else self._patience.load)
        talk = self._keeper.talk(guest, replace(self._patience, first=first))
        check = SoundCheck(request.text, self._entry.fastest_pace)
        try:
            tell(guest, protocol.synthesize_plainly(request))
            for chunk in talk.sentence(None):
                yield from check.feed(chunk)
            check.finish()
        except Closed:
            if not self._keeper.stopped:
                self._forget_stranger()
            raise self._keeper.lost(guest) from None
        except EngineError as error:
            if isinstance(error, EngineTimeout):
                self._forget_stranger()
            error.where = self.name
            raise
        finally:
            self._keeper.figures.spoke(talk)
            with self._state:
                self._guest = None
            guest.end()

    def _forget_stranger(self) -> None:
        """It may be another one that answers next, or the same one started anew."""
        self._keeper.ask_anew()
        self._warm = False

    def _heard(self, line: str) -> str | None:
        with self._state:
            text = self._text
        kept = withhold(line, text)
        log.debug("engine_says", engine=self.name, line=kept)
        return kept
