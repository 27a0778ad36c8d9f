"""Everything a running daemon can be asked, as frozen values, and the methods' names.

Shared by the control socket, HTTP and the daemon's mailbox; `schema.py` builds them from JSON.
Pure data: what a command does is the daemon's affair. docs/control.md describes each.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from ttsd.frozen import frozen
from ttsd.model import EngineName, Priority, SourceName, UtteranceId
from ttsd.settings import Duration, Help, Range

MAX_TEXT = 200_000
"""Characters of one `say`: about four hours of speech."""


@frozen
class Command:
    """Base of every command."""


@frozen(kw_only=True)
class Ping(Command):
    """Is the daemon's main loop alive?"""


@frozen(kw_only=True)
class Version(Command):
    """Which ttsd this is."""


@frozen(kw_only=True)
class Status(Command):
    """What it is doing, and how well."""


@frozen(kw_only=True)
class Say(Command):
    """Speak a text that is in no file."""

    text: Annotated[str, Range(1, MAX_TEXT), Help("What to speak.")]
    source: Annotated[str | None, Range(1, 200), Help("The source it counts for; default: say.")] = None
    priority: Annotated[Priority, Help("Who goes first.")] = Priority.NORMAL
    voice: Annotated[str | None, Range(1, 1000), Help("A voice by name.")] = None
    engine: Annotated[EngineName | None, Range(1, 100), Help("An engine to try before the chain.")] = None
    key: Annotated[str | None, Range(1, 200), Help("Replaces a waiting utterance with the same key.")] = None
    max_age: Annotated[Duration | None, Range(0, None), Help("Not worth saying when it is older.")] = None
    wait: Annotated[bool, Help("Answer when it has ended rather than when it is queued.")] = False


@frozen(kw_only=True)
class Skip(Command):
    """End what sounds now and go on with the next."""


@frozen(kw_only=True)
class Stop(Command):
    """End what sounds now and pause."""


@frozen(kw_only=True)
class Pause(Command):
    """Fall silent; the queue is kept and goes on growing."""


@frozen(kw_only=True)
class Resume(Command):
    """Go on where `pause` or `stop` ended."""


@frozen(kw_only=True)
class Clear(Command):
    """Drop what waits; what sounds goes on."""

    source: Annotated[SourceName | None, Help("Only what came from this source.")] = None


@frozen(kw_only=True)
class QueueList(Command):
    """What waits, in the order in which it will be spoken."""

    limit: Annotated[int, Range(1, 1000), Help("At most so many.")] = 100


@frozen(kw_only=True)
class QueueRemove(Command):
    """Drop one waiting utterance."""

    id: Annotated[UtteranceId, Range(1, None), Help("Its id.")]


@frozen(kw_only=True)
class QueueMove(Command):
    """Move one waiting utterance."""

    id: Annotated[UtteranceId, Range(1, None), Help("Its id.")]
    position: Annotated[int, Range(0, None), Help("Its new place; 0 is next.")] = 0


@frozen(kw_only=True)
class Withdraw(Command):
    """Take messages back: what sounds, what waits, and what is in the history."""

    id: Annotated[UtteranceId | None, Range(1, None), Help("Its id.")] = None
    key: Annotated[str | None, Range(1, 200), Help("Those with this key.")] = None
    speaker: Annotated[str | None, Range(1, 200), Help("Those of this speaker.")] = None
    source: Annotated[SourceName | None, Help("Only what came from this source.")] = None


@frozen(kw_only=True)
class HistoryList(Command):
    """What ended, newest first."""

    limit: Annotated[int, Range(1, 1000), Help("At most so many.")] = 20


@frozen(kw_only=True)
class HistoryReplay(Command):
    """Speak again what was spoken."""

    id: Annotated[UtteranceId | None, Range(1, None), Help("Its id; default: the last one.")] = None


@frozen(kw_only=True)
class VolumeGet(Command):
    """How loud."""


@frozen(kw_only=True)
class VolumeSet(Command):
    """Make it louder or softer."""

    volume: Annotated[int, Range(0, 150), Help("Per cent; 100 is as the engine made it.")]


@frozen(kw_only=True)
class LevelGet(Command):
    """How loud it sounds just now: for meters, which ask often."""


@frozen(kw_only=True)
class Mute(Command):
    """Speak without a sound, or be heard again."""

    on: Annotated[bool | None, Help("Default: the other way round.")] = None


@frozen(kw_only=True)
class EngineList(Command):
    """The engines, and how each is."""


@frozen(kw_only=True)
class EngineFacts(Command):
    """All that is known of every engine: declared, installed, running, measured."""


@frozen(kw_only=True)
class EngineUnload(Command):
    """End an engine's process now; the next sentence starts a new one."""

    engine: Annotated[EngineName, Range(1, 100), Help("Its name.")]


@frozen(kw_only=True)
class SwitchEngine(Command):
    """Put an engine at the head of the chain, at once and in the configuration file."""

    engine: Annotated[EngineName, Range(1, 100), Help("Its name.")]


@frozen(kw_only=True)
class VoiceList(Command):
    """The voices that can be asked for."""

    engine: Annotated[EngineName | None, Help("Only this engine's.")] = None


@frozen(kw_only=True)
class DeviceList(Command):
    """The devices sound can go to."""


@frozen(kw_only=True)
class SourceList(Command):
    """What is followed."""


@frozen(kw_only=True)
class SourceEnable(Command):
    """Follow a source again, from where it was left."""

    source: Annotated[SourceName, Help("Its name.")]


@frozen(kw_only=True)
class SourceDisable(Command):
    """Leave a source alone until it is enabled; its offset is kept."""

    source: Annotated[SourceName, Help("Its name.")]


@frozen(kw_only=True)
class ProfileList(Command):
    """The profiles, and which is in use."""


@frozen(kw_only=True)
class ProfileUse(Command):
    """Put a profile's settings in force, now and at the next start."""

    profile: Annotated[str | None, Range(1, 64), Help("Its name; default: none.")] = None


@frozen(kw_only=True)
class Reload(Command):
    """Read the configuration file again."""


@frozen(kw_only=True)
class Shutdown(Command):
    """End the daemon in an orderly way."""


EventName = Literal[
    "queued",
    "begin",
    "sentence",
    "word",
    "end",
    "skipped",
    "failed",
    "expired",
    "dropped",
    "withdrawn",
    "paused",
    "resumed",
    "engine",
    "conversion",
    "device",
    "source",
    "config",
]


@frozen(kw_only=True)
class Subscribe(Command):
    """Send events over this connection from now on. Handled by whoever holds the connection."""

    events: Annotated[tuple[EventName, ...], Help("Only these; default: all.")] = ()


@frozen(kw_only=True)
class Borrow(Command):
    """The next utterance of a source, to be spoken elsewhere. For who sees that it comes back: no method."""

    source: SourceName


@frozen(kw_only=True)
class Return(Command):
    """What became of what was borrowed; neither spoken nor a reason: it waits in its old place. No method."""

    id: UtteranceId
    spoken: bool = False
    """It was heard to its end."""
    reason: str | None = None
    """Why it is not to be spoken at all."""
    seconds: float = 0.0
    engine: EngineName | None = None
    voice: str | None = None


METHODS: Mapping[str, type[Command]] = MappingProxyType(
    {
        "ping": Ping,
        "version": Version,
        "status": Status,
        "say": Say,
        "skip": Skip,
        "stop": Stop,
        "pause": Pause,
        "resume": Resume,
        "clear": Clear,
        "queue.list": QueueList,
        "queue.remove": QueueRemove,
        "queue.move": QueueMove,
        "withdraw": Withdraw,
        "history.list": HistoryList,
        "history.replay": HistoryReplay,
        "volume.get": VolumeGet,
        "volume.set": VolumeSet,
        "level.get": LevelGet,
        "mute": Mute,
        "engine.list": EngineList,
        "engine.facts": EngineFacts,
        "engine.unload": EngineUnload,
        "engine.switch": SwitchEngine,
        "voice.list": VoiceList,
        "device.list": DeviceList,
        "source.list": SourceList,
        "source.enable": SourceEnable,
        "source.disable": SourceDisable,
        "profile.list": ProfileList,
        "profile.use": ProfileUse,
        "reload": Reload,
        "shutdown": Shutdown,
        "subscribe": Subscribe,
    }
)
"""Every method by the name it has in JSON-RPC."""
