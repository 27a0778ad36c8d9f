"""The house in use: its rooms built in order, changed where a new configuration differs, closed in reverse.

Build new, swap, then close old: what fails to be built leaves the old in force. The main thread alone
calls these; slow endings (an engine's process, a voice that finishes its sentence) run beside it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import log
from ttsd.audio.portaudio import PortAudio
from ttsd.daemon.arrivals import Arrivals
from ttsd.daemon.beside import Beside
from ttsd.daemon.caption_places import CaptionPlaces
from ttsd.daemon.captions import Captions
from ttsd.daemon.engines_in_use import EnginesInUse
from ttsd.daemon.lending import Lending
from ttsd.daemon.mailbox import Died, Done, Ended, Gone, Mailbox
from ttsd.daemon.manners import Manners
from ttsd.daemon.mode import ModeFile
from ttsd.daemon.notices import Notices
from ttsd.daemon.restraints import Restraints
from ttsd.daemon.rules_in_force import TABLES, RulesInForce
from ttsd.daemon.skipped_lines import SkippedLines
from ttsd.daemon.sources_in_use import SourcesInUse
from ttsd.daemon.speaker_in_use import SpeakerInUse
from ttsd.daemon.waiting_list import WaitingList
from ttsd.daemon.withdrawals import Withdrawals
from ttsd.errors import StoreError, TtsdError, UsageError
from ttsd.logger import Logger, log_lines
from ttsd.model import SourceName
from ttsd.sources.status import SourceStatus
from ttsd.speech.right_of_way import RightOfWay
from ttsd.speech.stage import Stage
from ttsd.store import Store

if TYPE_CHECKING:
    from ttsd.clock import Clock
    from ttsd.daemon.audience import Audience
    from ttsd.daemon.mode import Mode
    from ttsd.model import EngineName, Spoken
    from ttsd.settings import Settings
    from ttsd.speech.reading import Reading
    from ttsd.speech.speaker import Speaker
    from ttsd.text.withdraw import Target

logger = Logger("ttsd.daemon.house")

DATABASE = "ttsd.db"
_CHAIN = frozenset({"engines", "engine", "language", "sources", "voice"})
"""Tables that say who speaks; where lines have languages, there is a last resort."""
_FIXED = frozenset({"state", "control"})
"""Tables that a running daemon cannot change under itself."""
_NO_TABLES = frozenset({"path", "profile", "profiles"})
"""Fields of the settings that are none of their own."""


class House:
    """Store, engines, speaker and sources of one daemon."""

    def __init__(self, base: Settings, clock: Clock, mailbox: Mailbox, audience: Audience) -> None:
        """Open the store and recover it. *base*: the settings without a profile. Raises StoreError, EngineError."""
        self._modes = ModeFile(_state_dir(base) / "mode.json")
        self.settings = settings = self.in_force(base)
        self.clock, self._mailbox, self._audience = clock, mailbox, audience
        self.beside = Beside()
        self.portaudio = PortAudio()
        """One for the process: to list devices anew it must know whether anybody plays."""
        self.way = RightOfWay()
        """Who synthesises without the queue lets it go first."""
        self.engines = EnginesInUse(settings, clock, self.beside)
        self.store = Store.open(
            _state_dir(settings) / DATABASE, clock=clock, wake=self._wake, retention=settings.retention
        )
        for decision in self.store.recover(settings.speech.on_crash):
            logger.info(
                "recovered", id=decision.id, source=decision.source, state=str(decision.new), why=decision.why
            )
        self._rules = RulesInForce(self.store, clock, self._withdraw)
        self.voice = SpeakerInUse(
            *(self._make_speaker, clock, self.beside, mailbox, audience.publish, self._free_engines),
            prepare=_import_speaker,
        )
        self.restraints = Restraints(settings, clock, self.voice.restrain, muted=self.mode.muted)
        self.queue = WaitingList(
            self.store, self._speaker, clock, audience, gone=lambda *what: mailbox.put(Gone(*what))
        )
        self.lending = Lending(
            *(self.store, self._speaker, clock, audience, self.queue), ended=self._ended, wake=self._wake
        )
        self._withdrawals = Withdrawals(
            self.store, self.queue, self._speaker, self._rules.book, clock, audience
        )
        self._arrivals = Arrivals(
            *(self.store, self.queue, self._speaker, self._rules.book, self.restraints, self._withdraw)
        )
        self._skipped = SkippedLines(self.store, self.queue, lambda: self._rules.reading, clock)
        self._sources = SourcesInUse(self.store, clock, self._modes, self.queue, audience, self._died)
        self.manners = Manners(
            *(settings.duck, settings.hold, _state_dir(settings) / "lowered.json", clock),
            keep_back=self.restraints.hold,
            died=self._died,
        )
        places = CaptionPlaces(_state_dir(settings) / "captions.jsonl", self.store.last_id())
        self.captions = Captions(settings.captions, clock, self._rules.speaker_of, self._died, places)
        self.notices = Notices(
            lambda: self.settings,
            self.queue,
            lambda: self.voice.trouble is not None or self.engines.helpless,
            self._rules.own_language,
            clock,
            later=lambda work: mailbox.put(Done(work)),
        )
        for notice in (self.manners.notice, self.captions.notice, self.notices.notice):
            audience.join(notice)

    def start(self) -> None:
        """Begin to speak and to follow. Raises TtsdError."""
        self.engines.load()  # first: their processes get ready while this one does
        self.manners.stage.start()
        self.captions.stage.start()
        self._sources.start(self.settings)
        self.voice.start(lambda: self.settings)

    def change(self, new: Settings) -> tuple[str, ...]:
        """Put *new* in force where it differs; return the tables that differed. Raises TtsdError."""
        old = self.settings
        changed = {f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)} - _NO_TABLES
        for name in changed & _FIXED:
            logger.warning("needs_a_restart", table=name)
            new = replace(new, **{name: getattr(old, name)})
        if changed & _CHAIN:
            self.engines.use(new)
        reading = self._rules.make(new) if changed & TABLES else None
        if "outputs" in changed:
            self.voice.succeed(new, old.speech.stop_timeout)
        elif changed & _CHAIN:
            self.voice.use_chain(self.engines.chain)
        if "speech" in changed:
            self.voice.adopt(new.speech)
        if reading is not None:
            self.voice.use_reading(reading)
        self.settings = new
        self.restraints.use(new, muted=self.mode.muted)
        if changed & {"sources", "speech"}:
            self._sources.update(new)
        if "retention" in changed:
            self.store.retain(new.retention)
        if changed & {"duck", "hold"}:
            self.manners.use(new.duck, new.hold)
        if "captions" in changed:
            self.captions.use(new.captions)
        if "log" in changed:
            log.configure(new.log)
        if changed & _CHAIN:
            self.engines.load()
        return tuple(sorted(changed))

    def in_force(self, base: Settings) -> Settings:
        """*base* with the profile in use."""
        name = self.mode.profile
        if name is not None and name not in base.profiles:
            logger.warning("no_such_profile", profile=name, in_force="the settings without it")
            return base
        return _with_profile(base, name)

    def with_profile(self, base: Settings, name: str | None) -> Settings:
        """*base* with this profile (None: without any). Raises UsageError."""
        if name is not None and name not in base.profiles:
            known = ", ".join(base.profiles) or "there are none"
            raise UsageError(f"there is no profile {name}", next_step=f"the profiles: {known}")
        return _with_profile(base, name)

    def use_profile(self, name: str | None, new: Settings) -> tuple[str, ...]:
        """Put *new*, the settings with this profile, in force, now and at the next start. Raises TtsdError."""
        before = self.mode.profile
        self._modes.change(profile=name)
        try:
            return self.change(new)
        except TtsdError:
            self._modes.change(profile=before)
            raise

    def key_of(self, key: str) -> str:
        """Where in the file *key* is set: in the profile in use, if that sets it."""
        name = self.mode.profile
        return f"profile.{name}.{key}" if name and key in self.settings.profile.get(name, ()) else key

    def look_at_rule_files(self) -> None:
        """Read lines by the dictionary and the lists of words as they are now, if one of them was saved."""
        if self._rules.saved():
            self.voice.use_reading(self._rules.make(self.settings))

    def look(self) -> None:
        """See now and then what the time has changed."""
        self.look_at_rule_files()
        self.restraints.look()
        self._skipped.look()
        self.engines.look()

    def use_engines(self, engines: tuple[EngineName, ...]) -> None:
        """Speak with this chain from the next utterance on. Raises EngineError."""
        new = replace(self.settings, engines=engines)
        self.engines.use(new)
        self.settings = new
        self.voice.use_chain(self.engines.chain)
        self.engines.load()

    def close(self) -> None:
        """Stop following, finish or cut the voice, end the engines, close the store. Idempotent."""
        with ExitStack() as ends:  # in reverse; one that fails keeps none of the others from its end
            ends.callback(self.store.close)
            ends.callback(self.beside.join)
            ends.callback(self.engines.close)
            ends.callback(self._rules.close)
            ends.callback(self.manners.close)
            ends.callback(self.captions.close)
            ends.callback(lambda: self.voice.stop(self.settings.speech))
            ends.callback(self._sources.stop)

    # ---- the voice

    def set_volume(self, *, volume: int | None = None, muted: bool | None = None) -> Mode:
        """Change what is given, by a ramp, and keep it for the next start."""
        mode = self._modes.mode
        mode = self._modes.change(
            volume=mode.volume if volume is None else volume, muted=mode.muted if muted is None else muted
        )
        self.voice.set_volume(mode.gain)
        self.restraints.use(self.settings, muted=mode.muted)
        return mode

    def enable(self, source: SourceName, *, enabled: bool) -> None:
        """Follow a source (again, from where it was left), or leave it alone. Raises UsageError."""
        self._sources.enable(source, self.settings, enabled=enabled)

    # ---- what it does

    @property
    def withdrawals(self) -> Withdrawals:
        """What takes messages back. Raises PatternError, StoreError."""
        self._reading(self.settings)  # it tells whose they are
        return self._withdrawals

    @property
    def mode(self) -> Mode:
        """What people set."""
        return self._modes.mode

    def stages(self) -> tuple[Stage, ...]:
        """The threads that must make progress."""
        return (*self._sources.stages, self.manners.stage, self.captions.stage, *self.voice.stages)

    def settled(self) -> bool:
        """Whether the sources are followed, and every output stands or is known to be gone and looked for."""
        return self._sources.settled and self.voice.settled

    def trouble(self) -> str | None:
        """Why the queue does not move; None: it does."""
        waits = self.store.counts().queued > 0
        return self.voice.trouble or ((self.restraints.why or self.manners.holding) if waits else None)

    def sources(self) -> tuple[SourceStatus, ...]:
        """How each source is, those that are disabled included."""
        return self._sources.status(self.settings)

    # ---- inside

    def _make_speaker(self, settings: Settings) -> Speaker:
        from ttsd.audio.build import make_all
        from ttsd.speech.players import Outlet
        from ttsd.speech.speaker import Speaker

        outputs = make_all(settings.outputs, folder=_state_dir(settings) / "spoken", library=self.portaudio)
        volumes = [output.volume / 100 for output in settings.outputs]
        speaker = Speaker(
            self.store,
            self.engines.chain,
            [Outlet(*each) for each in zip(outputs, _required(settings), volumes, strict=True)],
            settings.speech,
            self._reading(settings),
            self.clock,
            publish=self._audience.publish,
            died=self._died,
            levels_path=_state_dir(settings) / "levels.json",
            ended=self._ended,
            announce=self.queue.announce,
            way=self.way,
        )
        speaker.set_volume(self.mode.gain)
        return speaker

    def _reading(self, settings: Settings) -> Reading:
        """The one in force; the first is made when it is needed: commands are answered before that."""
        if self._rules.reading is not None:
            return self._rules.reading
        reading = self._rules.make(settings)
        self._arrivals.look()  # at what came meanwhile
        return reading

    def _speaker(self) -> Speaker | None:
        return self.voice.speaker

    def _withdraw(self, target: Target) -> None:
        """From any thread: what sounds is silent when this returns, the rest follows."""
        self.withdrawals.now(target)

        def rest() -> None:
            try:
                self._withdrawals.rest(target)
            except StoreError as error:
                logger.error("not_withdrawn", error=str(error))

        self._mailbox.put(Done(lambda: self.beside.run("withdraw", rest)))

    def _free_engines(self) -> None:
        """From any thread: the old chain is in use no longer."""
        self._mailbox.put(Done(self.engines.free))

    def _wake(self) -> None:
        """Something was queued; called by whoever committed it."""
        try:
            self.queue.announce()
            self._arrivals.look()
            if self.voice.speaker is not None:
                self.voice.speaker.wake()
        except StoreError as error:  # it is committed; the synthesis thread meets the same trouble and tells
            logger.warning("cannot_look_at_the_queue", error=str(error))

    def _ended(self, spoken: Spoken) -> None:
        self._mailbox.put(Ended(spoken))

    def _died(self, stage: str, error: BaseException) -> None:
        self._mailbox.put(Died(stage, error))


def _import_speaker() -> None:
    """What it takes to read, to speak and to log, and nothing else: numpy is most of it."""
    import ttsd.audio.build
    import ttsd.speech.detect
    import ttsd.speech.reading
    import ttsd.speech.speaker
    import ttsd.text.files  # noqa: F401

    log_lines()


def _state_dir(settings: Settings) -> Path:
    assert settings.state.dir is not None, "config.load fills it in"
    return settings.state.dir


def _with_profile(base: Settings, name: str | None) -> Settings:
    if name is None:
        return base
    return replace(base.profiles[name], profile=base.profile, profiles=base.profiles)


def _required(settings: Settings) -> tuple[bool, ...]:
    """Which outputs speech waits for: the first, unless it is told otherwise; one at least, or it would be lost."""
    first, *others = (
        index == 0 if output.required is None else output.required
        for index, output in enumerate(settings.outputs)
    )
    return first or not any(others), *others
