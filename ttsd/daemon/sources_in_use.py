"""The sources that are followed, those that are switched off, and what is told of them. The main thread's."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.errors import UsageError
from ttsd.model import SourceName
from ttsd.sources.status import SourceStatus
from ttsd.speech.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.audience import EventSink
    from ttsd.daemon.mode import ModeFile
    from ttsd.daemon.waiting_list import WaitingList
    from ttsd.model import Utterance
    from ttsd.settings import Settings, SourceSettings
    from ttsd.sources.news import SourceChange
    from ttsd.sources.reader import SourceReader
    from ttsd.store import Store


class SourcesInUse:
    """See the module; an Observer of ttsd.sources.news."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        modes: ModeFile,
        queue: WaitingList,
        sink: EventSink,
        died: Callable[[str, BaseException], None],
    ) -> None:
        """*modes*: knows what is switched off; *died*: told of a fault of ours."""
        self._store, self._clock, self._modes = store, clock, modes
        self._queue, self._sink, self._died = queue, sink, died
        self._reader: SourceReader | None = None
        self._stage: Stage | None = None

    # ---- their life

    def start(self, settings: Settings) -> None:
        """Follow them. Raises TtsdError."""
        from ttsd.sources.reader import SourceReader

        self._reader = reader = SourceReader(
            self._enabled(settings),
            _base(settings),
            self._store,
            self._clock,
            max_age=settings.speech.max_age,
            retention=settings.retention,
            observer=self,
        )
        # Before any command is answered: who hears that ttsd runs may append, and it counts as new.
        reader.step()
        self._stage = Stage(
            "sources",
            lambda: reader.wait(reader.step()),
            interrupt=reader.wake,
            died=self._died,
            prod=reader.wake,
        )
        self._stage.start()

    def update(self, settings: Settings) -> None:
        """Follow what *settings* name; those that stay keep their offsets. Raises SourceError."""
        if self._reader is not None:
            self._reader.update(self._enabled(settings), _base(settings), max_age=settings.speech.max_age)

    def stop(self) -> None:
        """Read what is there, and follow no more; idempotent."""
        reader, self._reader = self._reader, None
        if self._stage is not None:
            self._stage.stop()
        if reader is not None:
            with closing(reader):
                reader.finish()

    def enable(self, source: SourceName, settings: Settings, *, enabled: bool) -> None:
        """Follow a source (again, from where it was left), or leave it alone. Raises UsageError."""
        if source not in {s.name for s in settings.sources}:
            known = ", ".join(str(s.name) for s in settings.sources) or "there are none"
            raise UsageError(f"there is no source {source}", next_step=f"the sources: {known}")
        others = tuple(name for name in self._modes.mode.disabled if name != source)
        self._modes.change(disabled=others if enabled else (*others, source))
        self.update(settings)
        state = "enabled" if enabled else "disabled"
        self._sink.publish(events.SourceChanged(at=self._clock.time(), source=source, state=state))

    # ---- what is told of them

    def changed(self, change: SourceChange) -> None:
        """See ttsd.sources.news.Observer."""
        self._sink.publish(
            events.SourceChanged(
                at=self._clock.time(),
                source=change.source,
                state=change.state,
                path=change.path,
                detail=change.detail,
            )
        )

    def dropped(self, gone: tuple[Utterance, ...]) -> None:
        """See ttsd.sources.news.Observer."""
        self._queue.tell_dropped(gone, "the queue of its source was full")

    # ---- how they are

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The threads that must make progress."""
        return (self._stage,) if self._stage is not None else ()

    @property
    def settled(self) -> bool:
        """Whether all of them are followed, or known to be in trouble."""
        return self._reader is not None and self._reader.settled

    def status(self, settings: Settings) -> tuple[SourceStatus, ...]:
        """How each is, those that are disabled included."""
        followed = self._reader.status() if self._reader else ()
        disabled = tuple(
            SourceStatus(SourceName(str(source.name)), source.path, waiting="disabled")
            for source in settings.sources
            if source.name in self._modes.mode.disabled
        )
        return followed + disabled

    def _enabled(self, settings: Settings) -> tuple[SourceSettings, ...]:
        disabled = self._modes.mode.disabled
        return tuple(source for source in settings.sources if source.name not in disabled)


def _base(settings: Settings) -> Path:
    """The folder that relative paths belong to."""
    return settings.path.parent if settings.path else Path.cwd()
