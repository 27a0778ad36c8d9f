"""Commands carried out on the house: what each does, and what it answers.

The main thread calls these. What takes long (an engine that has to load to tell its voices) runs beside
it and answers later. Reload, switch and shutdown are the daemon's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd import __version__, commands
from ttsd.daemon import results
from ttsd.errors import EngineError, Fault, TtsdError, UsageError
from ttsd.logger import Logger
from ttsd.model import Spoken, State
from ttsd.text.withdraw import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.commands import Command
    from ttsd.daemon.house import House
    from ttsd.engines.engine import Engine
    from ttsd.model import EngineName, SourceName, Utterance, UtteranceId

    Reply = Callable[[object], None]


log = Logger("ttsd.daemon.execute")

MOST_IDS = 1000
"""Ids that are told of one withdrawal."""


class Later:
    """The answer: it will be given to the reply when it is known."""


LATER = Later()


class Executor:
    """Carries out commands on one house."""

    def __init__(self, house: House, state: Callable[[], str]) -> None:
        """*state*: what the daemon does, as in status."""
        self._house, self._state = house, state
        self._waiting: dict[UtteranceId, list[Reply]] = {}

    def execute(self, command: Command, reply: Reply) -> object:
        """The command's answer, or LATER. Raises TtsdError."""
        house = self._house
        match command:
            case commands.Ping():
                return "pong"
            case commands.Version():
                return results.VersionAnswer(__version__)
            case commands.Say():
                return self._say(command, reply)
            case commands.Skip():
                return results.Skipped(house.voice.skip())
            case commands.Stop():
                return results.Skipped(house.voice.give_up())
            case commands.Pause():
                house.voice.pause(paused=True)
                return results.StateAnswer(self._state())
            case commands.Resume():
                house.voice.pause(paused=False)
                return results.StateAnswer(self._state())
            case commands.Clear(source=source):
                return results.Cleared(len(house.queue.drop(source=source, reason="cleared")))
            case commands.QueueList(limit=limit):
                return results.Waiting(tuple(house.store.queued(limit)))
            case commands.QueueRemove(id=id):
                if not house.queue.drop(ids=[id], reason="removed"):
                    raise _waits_not(id)
                return results.Removed(id, State.DROPPED)
            case commands.QueueMove(id=id, position=position):
                found = house.store.get(id)
                if found is None or found.state is not State.QUEUED:
                    raise _waits_not(id)
                house.queue.move(id, position)
                return results.Moved(id, position)
            case commands.Withdraw():
                return self._withdraw(command, reply)
            case commands.HistoryList(limit=limit):
                return results.Past(tuple(house.store.history(limit)))
            case commands.HistoryReplay(id=wanted):
                return self._replay(wanted)
            case commands.VolumeGet():
                return self._volume()
            case commands.VolumeSet(volume=volume):
                house.set_volume(volume=volume)
                return self._volume()
            case commands.LevelGet():
                return results.Levels(house.voice.levels())
            case commands.Mute(on=on):
                house.set_volume(muted=not house.mode.muted if on is None else on)
                return self._volume()
            case commands.EngineList():
                return house.engines.chain.status()
            case commands.EngineFacts():
                return self._later("engine-facts", house.engines.facts(), reply)
            case commands.EngineUnload(engine=let_go):
                chain = house.engines.chain
                converters = [one for one in chain.converters if one.name == let_go]
                engines = converters or self._in_chain(let_go)
                chain.forgive(let_go)

                def unload() -> bool:
                    ended = [engine.unload() for engine in engines]
                    return any(ended)

                return self._later("unload", lambda: results.Unloaded(let_go, unload()), reply)
            case commands.VoiceList(engine=engine):
                return self._voices(engine, reply)
            case commands.DeviceList():
                return self._devices(reply)
            case commands.SourceList():
                return results.Sources(house.sources())
            case commands.SourceEnable(source=source):
                return self._enable(source, enabled=True)
            case commands.SourceDisable(source=source):
                return self._enable(source, enabled=False)
            case commands.Borrow(source=source):
                return house.lending.borrow(source)
            case commands.Return():
                house.lending.take_back(command)
                return None
            case commands.ProfileList():
                return results.Profiles(house.mode.profile, tuple(house.settings.profiles))
            case _:
                raise UsageError(f"this version does not carry out {type(command).__name__}")

    def ended(self, spoken: Spoken) -> None:
        """Answer who waits for this utterance. One that is queued again has not ended."""
        if spoken.state.final:
            for reply in self._waiting.pop(spoken.id, ()):
                reply(spoken)

    def gone(self, utterances: tuple[Utterance, ...], reason: str) -> None:
        """Answer who waits for one of these, which were dropped before anything was heard of them."""
        for one in utterances:
            if one.id in self._waiting:
                now = self._house.clock.time()
                self.ended(
                    Spoken(
                        one.id,
                        one.text,
                        one.source,
                        State.DROPPED,
                        None,
                        one.voice,
                        one.queued_at,
                        now,
                        reason=reason,
                    )
                )

    def _say(self, command: commands.Say, reply: Reply) -> object:
        names = self._house.engines.chain.names
        if command.engine is not None and command.engine not in names:
            raise UsageError(
                f"the engine {command.engine} is not in the chain",
                next_step=f"the chain is {', '.join(names)}",
            )
        utterance = self._house.queue.say(command)
        if command.wait:
            self._waiting.setdefault(utterance.id, []).append(reply)
            return LATER
        return results.Queued(utterance.id)

    def _withdraw(self, command: commands.Withdraw, reply: Reply) -> object:
        if command.id is None and command.key is None and command.speaker is None:
            raise UsageError("which messages?", next_step="give an id, a key or a speaker")
        target = Target(command.id, command.key, command.speaker, command.source)
        at_once = self._house.withdrawals.now(target)

        def rest() -> results.Withdrawn:
            ids = tuple(sorted({*at_once, *self._house.withdrawals.rest(target)}))
            return results.Withdrawn(len(ids), ids[:MOST_IDS])

        return self._later("withdraw", rest, reply)

    def _replay(self, wanted: UtteranceId | None) -> object:
        store = self._house.store
        if wanted is None:
            past = [one for one in store.history(100) if one.state is State.SPOKEN and one.text]
            if not past:
                raise UsageError("nothing was spoken yet")
            text, source = past[0].text, past[0].source
        else:
            found = store.get(wanted)
            if found is None:
                raise UsageError(
                    f"there is no utterance {wanted}", next_step="ttsd history lists the last ones"
                )
            if not found.text:
                raise UsageError(f"the utterance {wanted} was withdrawn")
            text, source = found.text, found.source
        return results.Queued(store.say(text, source=source).id)

    def _volume(self) -> results.Volume:
        mode = self._house.mode
        return results.Volume(mode.volume, mode.muted)

    def _enable(self, source: SourceName, *, enabled: bool) -> results.SourceAnswer:
        self._house.enable(source, enabled=enabled)
        return results.SourceAnswer(source, "enabled" if enabled else "disabled")

    def _later(self, name: str, work: Callable[[], object], reply: Reply) -> object:
        """Do what takes long beside the main thread; its result or error is the answer.

        A fault in it is the answer, too: nothing else waits for that thread, and the daemon goes on.
        """

        def run() -> None:
            try:
                answer = work()
            except TtsdError as error:
                answer = error
            except Exception as error:  # whatever it is, somebody waits for an answer
                log.exception("fault", command=name)
                answer = Fault(error)
            reply(answer)

        self._house.beside.run(name, run)
        return LATER

    def _voices(self, name: EngineName | None, reply: Reply) -> object:
        engines = self._in_chain(name)
        return self._later("voices", lambda: _tell_voices(engines), reply)

    def _in_chain(self, name: EngineName | None) -> list[Engine]:
        """The engine of that name, or all of them. Raises UsageError."""
        chain = self._house.engines.chain
        engines = [engine for engine in chain.engines if name in (None, engine.name)]
        if not engines:
            raise UsageError(
                f"the engine {name} is not in the chain", next_step=f"the chain is {', '.join(chain.names)}"
            )
        return engines

    def _devices(self, reply: Reply) -> object:
        from ttsd.audio.devices import list_devices

        def tell() -> object:
            listing = list_devices(library=self._house.portaudio)
            return results.Devices(listing.devices, tuple(str(problem) for problem in listing.problems))

        return self._later("devices", tell, reply)


def _waits_not(id: UtteranceId) -> UsageError:
    return UsageError(f"no utterance {id} waits in the queue", next_step="ttsd queue lists what does")


def _tell_voices(engines: list[Engine]) -> results.Voices:
    rows: list[results.VoiceRow] = []
    untold: dict[EngineName, str] = {}
    for engine in engines:
        try:
            rows += [
                results.VoiceRow(engine.name, voice.name, voice.language, voice.speakers)
                for voice in engine.voices()
            ]
        except EngineError as error:
            untold[engine.name] = str(error)
    return results.Voices(tuple(rows), untold)
