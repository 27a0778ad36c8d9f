"""The house in use: its rooms built in order, changed where a new configuration differs, closed in reverse.

Build new, swap, then close old: what fails to be built leaves the old in force. The main thread alone
calls these; slow endings (an engine's process, a voice that finishes its sentence) run beside it.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ttsd import events, log
from ttsd.audio.portaudio import PortAudio
from ttsd.daemon.beside import Beside
from ttsd.daemon.engines_in_use import EnginesInUse
from ttsd.daemon.mailbox import Died, Done, Ended, Gone, Mailbox
from ttsd.daemon.manners import Manners
from ttsd.daemon.mode import ModeFile
from ttsd.daemon.rules_in_force import TABLES, RulesInForce
from ttsd.daemon.waiting_list import WaitingList
from ttsd.errors import StoreError, UsageError
from ttsd.model import SourceName
from ttsd.sources.status import SourceStatus
from ttsd.speech.stage import Stage
from ttsd.store import Store

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.daemon.mode import Mode
    from ttsd.daemon.waiting_list import EventSink
    from ttsd.events import Event
    from ttsd.model import EngineName, Utterance, UtteranceId
    from ttsd.settings import Settings, SourceSettings
    from ttsd.sources.news import SourceChange
    from ttsd.sources.reader import SourceReader
    from ttsd.speech.ledger import Now
    from ttsd.speech.reading import Reading
    from ttsd.speech.speaker import OutputStatus, Speaker

logger = structlog.get_logger("ttsd.daemon.house")

DATABASE = "ttsd.db"
_FIXED = frozenset({"state", "control"})
"""Tables that a running daemon cannot change under itself."""


class House:
    """Store, engines, speaker and sources of one daemon."""

    def __init__(self, settings: Settings, clock: Clock, mailbox: Mailbox, events: EventSink) -> None:
        """Open the store and recover it. Raises StoreError, EngineError."""
        self.settings = settings
        self.clock, self._mailbox, self._events = clock, mailbox, events
        self.beside = Beside()
        self.portaudio = PortAudio()
        """One for the process: to list devices anew it must know whether anybody plays."""
        self.engines = EnginesInUse(settings, clock, self.beside)
        self.store = Store.open(
            _state_dir(settings) / DATABASE, clock=clock, wake=self._wake, retention=settings.retention
        )
        for decision in self.store.recover(settings.speech.on_crash):
            logger.info(
                "recovered", id=decision.id, source=decision.source, state=str(decision.new), why=decision.why
            )
        self._modes = ModeFile(_state_dir(settings) / "mode.json")
        self.queue = WaitingList(
            self.store, lambda: self.speaker, clock, events, gone=lambda *what: mailbox.put(Gone(*what))
        )
        self.speaker: Speaker | None = None
        self.reader: SourceReader | None = None
        self._successor: Speaker | None = None
        self._source_stage: Stage | None = None
        self._rules = RulesInForce(self.store, clock)
        self.manners = Manners(
            *(settings.duck, settings.hold, _state_dir(settings) / "lowered.json", clock),
            keep_back=self._keep_back,
            died=self._died,
        )

    def start(self) -> None:
        """Begin to speak and to follow. Raises TtsdError."""
        # numpy, soxr and libpulse come with these: the control socket answers already.
        self.speaker = self._make_speaker(self.settings)
        self.speaker.start()
        self.manners.stage.start()
        self.engines.load()
        self._follow()

    def change(self, new: Settings) -> tuple[str, ...]:
        """Put *new* in force where it differs; return the tables that differed. Raises TtsdError."""
        old = self.settings
        changed = {f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)} - {"path"}
        for name in changed & _FIXED:
            logger.warning("needs_a_restart", table=name)
            new = replace(new, **{name: getattr(old, name)})
        if changed & {"engines", "engine"}:
            self.engines.use(new)
        reading = self._rules.make(new) if changed & TABLES else None
        if "outputs" in changed:
            self._succeed(self._make_speaker(new))
        elif changed & {"engines", "engine"}:
            self._use_chain()
        for speaker in self._speakers() if "speech" in changed else ():
            speaker.adopt(new.speech)
        if reading is not None:
            self._use_reading(reading)
        self.settings = new
        if changed & {"sources", "speech"}:
            self._update_sources()
        if "retention" in changed:
            self.store.retain(new.retention)
        if changed & {"duck", "hold"}:
            self.manners.use(new.duck, new.hold)
        if "log" in changed:
            log.configure(new.log)
        if changed & {"engines", "engine"}:
            self.engines.load()
        return tuple(sorted(changed))

    def look_at_rule_files(self) -> None:
        """Read lines by the dictionary and the lists of words as they are now, if one of them was saved."""
        if self._rules.saved():
            self._use_reading(self._rules.make(self.settings))

    def use_engines(self, engines: tuple[EngineName, ...]) -> None:
        """Speak with this chain from the next utterance on. Raises EngineError."""
        new = replace(self.settings, engines=engines)
        self.engines.use(new)
        self.settings = new
        self._use_chain()
        self.engines.load()

    def close(self) -> None:
        """Stop following, finish or cut the voice, end the engines, close the store. Idempotent."""
        with ExitStack() as ends:  # in reverse; one that fails keeps none of the others from its end
            ends.callback(self.store.close)
            ends.callback(self.beside.join)
            ends.callback(self.engines.close)
            ends.callback(self.manners.close)
            ends.callback(self._stop_speaking)
            ends.callback(self._stop_following)

    def _stop_following(self) -> None:
        reader, self.reader = self.reader, None
        if self._source_stage is not None:
            self._source_stage.stop()
        if reader is not None:
            with closing(reader):
                reader.finish()

    def _stop_speaking(self) -> None:
        speaker, self.speaker = self.speaker, None
        if speaker is not None:
            speech = self.settings.speech
            speaker.stop(finish=speech.on_stop == "finish", timeout=speech.stop_timeout)

    # ---- the voice

    def pause(self, *, paused: bool) -> None:
        """Fall silent, keeping the place, or go on."""
        if self.speaker is None or self.speaker.paused == paused:
            return
        if paused:
            self.speaker.pause()
        else:
            self.speaker.resume()
        kind = events.Paused if paused else events.Resumed
        self._publish(kind(at=self.clock.time()))

    def set_volume(self, *, volume: int | None = None, muted: bool | None = None) -> Mode:
        """Change what is given, by a ramp, and keep it for the next start."""
        mode = self._modes.mode
        mode = self._modes.change(
            volume=mode.volume if volume is None else volume, muted=mode.muted if muted is None else muted
        )
        if self.speaker:
            self.speaker.set_volume(mode.gain)
        return mode

    # ---- the sources

    def enable(self, source: SourceName, *, enabled: bool) -> None:
        """Follow a source (again, from where it was left), or leave it alone. Raises UsageError."""
        if source not in {s.name for s in self.settings.sources}:
            known = ", ".join(str(s.name) for s in self.settings.sources) or "there are none"
            raise UsageError(f"there is no source {source}", next_step=f"the sources: {known}")
        others = tuple(name for name in self._modes.mode.disabled if name != source)
        self._modes.change(disabled=others if enabled else (*others, source))
        self._update_sources()
        self._events.publish(
            events.SourceChanged(
                at=self.clock.time(), source=source, state="enabled" if enabled else "disabled"
            )
        )

    def changed(self, change: SourceChange) -> None:
        """See ttsd.sources.news.Observer."""
        self._events.publish(
            events.SourceChanged(
                at=self.clock.time(),
                source=change.source,
                state=change.state,
                path=change.path,
                detail=change.detail,
            )
        )

    def dropped(self, gone: tuple[Utterance, ...]) -> None:
        """See ttsd.sources.news.Observer."""
        self.queue.tell_dropped(gone, "the queue of its source was full")

    # ---- what it does

    @property
    def mode(self) -> Mode:
        """What people set."""
        return self._modes.mode

    def skip(self) -> UtteranceId | None:
        """End what is heard (or would be next) and go on; None: there was nothing."""
        return self.speaker.skip() if self.speaker else None

    def stop(self) -> UtteranceId | None:
        """Fall silent and end what is heard; None: there was nothing. What waits is kept."""
        self.pause(paused=True)  # first: nothing begins in between
        return self.speaker.skip(heard=True) if self.speaker else None

    def now(self) -> Now | None:
        """What is heard."""
        return self.speaker.now if self.speaker else None

    def stages(self) -> tuple[Stage, ...]:
        """The threads that must make progress."""
        sources = (self._source_stage,) if self._source_stage is not None else ()
        speaking = self.speaker.stages if self.speaker is not None else ()
        return (*sources, self.manners.stage, *speaking)

    def settled(self) -> bool:
        """Whether the sources are followed, and every output stands or is known to be gone and looked for."""
        return (
            self.reader is not None
            and self.reader.settled
            and self.speaker is not None
            and self.speaker.settled
        )

    def trouble(self) -> str | None:
        """Why the queue does not move; None: it does."""
        trouble = self.speaker.trouble if self.speaker else None
        return trouble or (self.manners.holding if self.store.counts().queued else None)

    def outputs(self) -> tuple[OutputStatus, ...]:
        """How each output is."""
        return self.speaker.outputs() if self.speaker else ()

    def sources(self) -> tuple[SourceStatus, ...]:
        """How each source is, those that are disabled included."""
        followed = self.reader.status() if self.reader else ()
        disabled = tuple(
            SourceStatus(SourceName(str(source.name)), source.path, waiting="disabled")
            for source in self.settings.sources
            if source.name in self.mode.disabled
        )
        return followed + disabled

    # ---- inside

    def _make_speaker(self, settings: Settings) -> Speaker:
        from ttsd.audio.build import make_all
        from ttsd.speech.speaker import Speaker

        outputs = make_all(settings.outputs, folder=_state_dir(settings) / "spoken", library=self.portaudio)
        speaker = Speaker(
            self.store,
            self.engines.chain,
            [(output, _required(settings, index)) for index, output in enumerate(outputs)],
            settings.speech,
            self._rules.make(settings),
            self.clock,
            publish=self._publish,
            died=self._died,
            levels_path=_state_dir(settings) / "levels.json",
            ended=lambda spoken: self._mailbox.put(Ended(spoken)),
            announce=self.queue.announce,
        )
        speaker.set_volume(self.mode.gain)
        speaker.keep_back(self.manners.live)
        return speaker

    def _publish(self, event: Event) -> None:
        self.manners.notice(event)
        self._events.publish(event)

    def _keep_back(self, kept: bool) -> None:
        for speaker in self._speakers():
            speaker.keep_back(kept)

    def _speakers(self) -> list[Speaker]:
        return [speaker for speaker in (self.speaker, self._successor) if speaker is not None]

    def _use_reading(self, reading: Reading) -> None:
        for speaker in self._speakers():
            speaker.use_reading(reading)

    def _use_chain(self) -> None:
        for speaker in self._speakers():
            speaker.use_chain(self.engines.chain, released=self._free_engines)

    def _succeed(self, successor: Speaker) -> None:
        """The speaker finishes what it says and gives its outputs back; then *successor* goes on."""
        old, speech = self.speaker, self.settings.speech
        waiting, self._successor = self._successor, successor
        if waiting is not None:
            return  # the old one is finishing already: it makes room for the newest

        def take_over() -> None:
            paused = old is not None and old.paused
            self.speaker, self._successor = self._successor, None
            if self.speaker is not None:
                if old is not None:
                    self.speaker.inherit(old)
                self.speaker.start()
                if paused:
                    self.speaker.pause()
            self._free_engines()

        def retire() -> None:
            if old is not None:
                old.stop(finish=True, timeout=speech.stop_timeout)
            self._mailbox.put(Done(take_over))

        self.beside.run("retire-speaker", retire)

    def _free_engines(self) -> None:
        """From any thread: the old chain is in use no longer."""
        self._mailbox.put(Done(self.engines.free))

    def _follow(self) -> None:
        from ttsd.sources.reader import SourceReader

        settings = self.settings
        self.reader = reader = SourceReader(
            self._enabled(settings),
            _base(settings),
            self.store,
            self.clock,
            max_age=settings.speech.max_age,
            retention=settings.retention,
            observer=self,
        )
        # Before any command is answered: who hears that ttsd runs may append, and it counts as new.
        reader.step()
        self._source_stage = Stage(
            "sources",
            lambda: reader.wait(reader.step()),
            interrupt=reader.wake,
            died=self._died,
            prod=reader.wake,
        )
        self._source_stage.start()

    def _wake(self) -> None:
        """Something was queued; called by whoever committed it."""
        try:
            self.queue.announce()
            if self.speaker is not None:
                self.speaker.wake()
        except StoreError as error:  # it is committed; the synthesis thread meets the same trouble and tells
            logger.warning("cannot_look_at_the_queue", error=str(error))

    def _enabled(self, settings: Settings) -> tuple[SourceSettings, ...]:
        return tuple(source for source in settings.sources if source.name not in self.mode.disabled)

    def _update_sources(self) -> None:
        if self.reader is not None:
            settings = self.settings
            self.reader.update(self._enabled(settings), _base(settings), max_age=settings.speech.max_age)

    def _died(self, stage: str, error: BaseException) -> None:
        self._mailbox.put(Died(stage, error))


def _state_dir(settings: Settings) -> Path:
    assert settings.state.dir is not None, "config.load fills it in"
    return settings.state.dir


def _base(settings: Settings) -> Path:
    """The folder that relative paths belong to."""
    return settings.path.parent if settings.path else Path.cwd()


def _required(settings: Settings, index: int) -> bool:
    """Speech waits for the first output, unless it is told otherwise."""
    required = settings.outputs[index].required
    return index == 0 if required is None else required
