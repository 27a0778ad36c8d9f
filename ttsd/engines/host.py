"""The daemon's side of an engine that runs in a process of its own, here or elsewhere.

Invariants
- The link exists from the first sentence (or `load`) until `close`; whatever happens to it, the next
  sentence makes a new one if the old is of no use.
- What belongs to a cancelled sentence is drained and dropped by its id; a worker that does not stop
  within its grace time is replaced in the background. A foreign server gets a connection for each
  sentence, which is closed when the sentence is over or cancelled.
- After `close` nothing is left: no process, no thread, no descriptor.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ttsd.clock import SystemClock
from ttsd.engines import protocol
from ttsd.engines.engine import EngineStatus, check_speakable
from ttsd.engines.figures import Figures
from ttsd.engines.inbox import Closed
from ttsd.engines.link import tell
from ttsd.engines.privacy import withhold
from ttsd.engines.soundcheck import SoundCheck
from ttsd.engines.talk import Patience, Talk
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineExhausted,
    EngineMissing,
    EngineRefused,
    EngineTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.clock import Clock
    from ttsd.engines.catalog import Entry
    from ttsd.engines.connect import Connector
    from ttsd.engines.engine import Request
    from ttsd.engines.link import Link
    from ttsd.engines.protocol import Info
    from ttsd.model import Chunk, EngineName, Voice
    from ttsd.settings import EngineSettings

log = structlog.get_logger("ttsd.engines")

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
        self._loading = threading.Lock()
        """Held while a link is made and the engine gets ready."""
        self._speaking = threading.Lock()
        """Held while a sentence is synthesised."""
        self._state = threading.Lock()
        """Guards what follows; never held while waiting."""
        self._link: Link | None = None
        self._guest: Link | None = None
        """A connection to a foreign server, for the sentence that it speaks."""
        self._info: Info | None = None
        self._draining: threading.Thread | None = None
        self._job = 0
        self._running: int | None = None
        self._cancelled = False
        self._closed = False
        self._used = self._clock.monotonic()
        """When it was at a sentence last, or got ready: who had it loaded is given time to use it."""
        self._warm = False
        """It has spoken: what it loads at its first sentence is loaded."""
        self._text = ""
        """What is being spoken: kept out of the log."""
        self._missing = connector.missing()
        self._detail: str | None = None
        self._figures = Figures()
        self._last_error: str | None = None

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
            error.what = self._last_error = withhold(error.what, request.text)
            raise
        finally:
            with self._state:
                self._running = None
                self._text = ""
            self._used = self._clock.monotonic()
            self._speaking.release()

    def cancel(self) -> None:
        """See Engine."""
        with self._state:
            self._cancelled = self._speaking.locked()
            link, guest, running = self._link, self._guest, self._running
        if guest is not None:
            guest.wake()
        if link is not None:
            if running is not None:
                tell(link, protocol.cancel(running))
            link.wake()

    def load(self) -> None:
        """See Engine."""
        try:
            self._ready()
        except EngineError as error:
            self._last_error = error.what
            raise

    def voices(self) -> tuple[Voice, ...]:
        """See Engine."""
        self.load()
        return self._info.voices if self._info is not None else ()

    def status(self) -> EngineStatus:
        """See Engine."""
        with self._state:
            link, info = self._link, self._info
            state, detail = self._state_now(link, info)
            voice = self._settings.voice if info is None else info.default or self._settings.voice
            idle = round(self._clock.monotonic() - self._used, 1) if state == "ready" else None
            pid, fault = None if link is None else link.pid, self._last_error
            stopping = self._draining is not None and self._draining.is_alive()
        status = EngineStatus(self.name, state, detail, pid, voice, last_error=fault, idle_seconds=idle)
        return self._figures.in_status(replace(status, stopping=stopping))

    def unload(self, idle: float = 0.0) -> bool:
        """See Engine."""
        idle_for = self._clock.monotonic() - self._used
        if self._missing is not None:
            self._missing = self._connector.missing()  # it may have been installed since
        if self._link is None or idle_for < idle or not self._speaking.acquire(blocking=False):
            return False
        ends = self._detach()
        self._speaking.release()
        ends()
        return True

    def _detach(self) -> Callable[[], None]:
        """Let go of what runs, so that the next sentence starts anew; what is returned ends it."""
        with self._state:
            links = [link for link in (self._link, self._guest) if link is not None]
            self._link = self._info = None
            draining = self._draining

        def end() -> None:
            for link in links:
                link.end()
            if draining is not None:
                draining.join()

        return end

    def close(self) -> None:
        """See Engine."""
        with self._state:
            self._closed = True
        self.cancel()
        self._detach()()

    # How it is done

    def _state_now(self, link: Link | None, info: Info | None) -> tuple[str, str | None]:
        if self._closed:
            return "closed", None
        if self._missing is not None:
            remedy = f"; {self._entry.install}" if self._entry.install else ""
            return "missing", f"{self._entry.label} {self._missing}{remedy}"
        if link is not None and info is not None and not link.alive:
            return "failed", "its process has ended; the next sentence starts it anew"
        if info is not None:
            return ("ready" if self._running is None else "busy"), self._detail or self._connector.elsewhere
        if link is not None:
            return "loading", self._detail
        return ("failed", self._last_error) if self._last_error else ("installed", self._connector.elsewhere)

    def _speak(self, request: Request) -> Iterator[Chunk]:
        link, info = self._ready()
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
        talk = self._talk(link)
        over = False
        try:
            tell(link, protocol.synthesize(request, job))
            yield from talk.sentence(job)
            over = True
        except Closed:
            over = True
            raise self._ended(link) from None
        except (EngineTimeout, EngineExhausted):
            # It hangs, or has no room left: no use in it, and its memory is given back.
            over = True
            self._drop(link)
            raise
        except EngineError as error:
            over = not isinstance(error, EngineCancelled)
            raise
        finally:
            self._figures.spoke(talk)
            if talk.finished is not None and talk.finished.clipped:
                log.debug("engine_clips", engine=self.name, samples=talk.finished.clipped)
            if not over:
                tell(link, protocol.cancel(job))
                self._drain(link, talk, job)

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
        talk = self._talk(guest, replace(self._patience, first=first))
        check = SoundCheck(request.text, self._entry.fastest_pace)
        try:
            tell(guest, protocol.synthesize_plainly(request))
            for chunk in talk.sentence(None):
                yield from check.feed(chunk)
            check.finish()
        except Closed:
            raise self._ended(guest) from None
        except EngineError as error:
            if isinstance(error, EngineTimeout):
                self._info, self._warm = None, False  # ask it anew what it is
            error.where = self.name
            raise
        finally:
            self._figures.spoke(talk)
            with self._state:
                self._guest = None
            guest.end()

    def _talk(self, link: Link, patience: Patience | None = None) -> Talk:
        return Talk(
            link,
            self.name,
            patience or self._patience,
            self._clock,
            lambda: self._cancelled or self._closed,
            self._note,
        )

    def _note(self, text: str) -> None:
        self._detail = text
        log.info("engine_progress", engine=self.name, doing=text)

    def _ended(self, link: Link) -> EngineError:
        """What to say of a link that is closed."""
        if self._cancelled or self._closed:
            return EngineCancelled("cancelled", where=self.name)
        words = link.last_words()
        self._drop(link)
        if self._link is None:
            self._info, self._warm = None, False
        log.warning("engine_ended", engine=self.name, reason=words)
        return EngineCrashed(words, where=self.name)

    # The link

    def _ready(self) -> tuple[Link | None, Info]:
        """A link that has nothing left to do, to an engine that is ready; None for a foreign server."""
        with self._loading:
            with self._state:
                draining, self._draining = self._draining, None
            if draining is not None:
                draining.join()  # bounded by the grace time
            with self._state:
                if self._closed:
                    raise EngineCancelled("it was closed", where=self.name)
                link, info = self._link, self._info
            if link is not None and not link.alive:
                # It ended while nobody asked anything of it.
                log.warning("engine_ended", engine=self.name, reason=link.last_words())
                self._drop(link)
                link = info = None
            if info is not None:
                return link, info
            began = self._clock.monotonic()
            link = link or self._connect()
            try:
                info = self._talk(link).info()
            except Closed:
                raise self._ended(link) from None
            except EngineCancelled:
                raise  # it goes on loading; the next sentence waits for the same process
            except EngineError:
                self._drop(link)
                raise
            with self._state:
                self._info, self._detail = info, self._connector.outdated()
                self._link = link if info.familiar else None
            took, self._used = self._clock.monotonic() - began, self._clock.monotonic()
            self._figures.loaded(took, info)
            self._last_error = None
            log.info(
                "engine_ready", engine=self.name, seconds=round(took, 2), pid=link.pid, detail=self._detail
            )
            if info.familiar:
                return link, info
            link.end()
            return None, info

    def _connect(self) -> Link:
        self._missing = self._connector.missing()
        if self._missing is not None:
            what = f"{self._entry.label} {self._missing}"
            raise EngineMissing(what, where=self.name, next_step=self._entry.install)
        link = self._connector.connect(self._heard)
        with self._state:
            self._link, self._info = link, None
            closed = self._closed
        if closed:
            self._detach()()
            raise EngineCancelled("it was closed", where=self.name)
        tell(link, protocol.describe())
        return link

    def _drop(self, link: Link) -> None:
        """Have nothing more to do with it: it is killed, and cleared away in the background."""
        link.kill()
        with self._state:
            if self._link is link:
                self._link = self._info = None

    def _drain(self, link: Link, talk: Talk, job: int) -> None:
        """Read away what a cancelled sentence still sends; replace a worker that does not stop."""

        def drain() -> None:
            try:
                stopped = talk.drain(job, self._entry.cancel_grace)
            except Closed:
                return
            if not stopped:
                log.info("engine_replaced", engine=self.name, reason="it did not stop when cancelled")
                self._drop(link)

        thread = threading.Thread(target=drain, name=f"engine-{self.name}-drain", daemon=True)
        with self._state:  # started before anybody can see it: nobody joins a thread that does not run
            self._draining = thread
            thread.start()

    def _heard(self, line: str) -> str | None:
        with self._state:
            text = self._text
        kept = withhold(line, text)
        log.debug("engine_says", engine=self.name, line=kept)
        return kept
