"""What commands answer with, as frozen values: their fields are the keys that scripts rely on.

`docs/control.md` describes each; `status` answers with `status.DaemonStatus`, `say --wait` with `model.Spoken`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.audio.devices import Device
    from ttsd.model import EngineName, SourceName, Spoken, State, Utterance, UtteranceId
    from ttsd.sources.status import SourceStatus


@dataclass(frozen=True, slots=True)
class VersionAnswer:
    """Which ttsd this is."""

    version: str


@dataclass(frozen=True, slots=True)
class Queued:
    """A text was queued."""

    id: UtteranceId


@dataclass(frozen=True, slots=True)
class Skipped:
    """What sounded was ended."""

    skipped: UtteranceId | None
    """None: there was nothing."""


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """What the daemon does from now on."""

    state: str
    """As in status."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What waited was dropped."""

    dropped: int


@dataclass(frozen=True, slots=True)
class Removed:
    """One utterance ended by hand."""

    id: UtteranceId
    state: State


@dataclass(frozen=True, slots=True)
class Moved:
    """One utterance has another place."""

    id: UtteranceId
    position: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Messages were taken back."""

    withdrawn: int
    ids: tuple[UtteranceId, ...]
    """At most a thousand of them."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The queue, next first."""

    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The history, newest first."""

    utterances: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """How loud."""

    volume: int
    """Per cent."""
    muted: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud it sounds."""

    levels: dict[str, float]
    """dB of full scale by output; empty: nothing sounds."""


@dataclass(frozen=True, slots=True)
class Switched:
    """Another engine is tried first."""

    engine: EngineName
    chain: tuple[EngineName, ...]
    saved: bool
    """The configuration file says so, too."""


@dataclass(frozen=True, slots=True)
class Unloaded:
    """An engine was to be let go."""

    engine: EngineName
    ended: bool
    """False: it was not loaded, or is at a sentence."""


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A voice that can be asked for."""

    engine: EngineName
    name: str
    language: str | None
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of engines that could tell."""

    voices: tuple[VoiceRow, ...]
    untold: dict[EngineName, str]
    """Engines that could not, and why."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Where sound can go."""

    devices: tuple[Device, ...]
    problems: tuple[str, ...]
    """Kinds of devices that could not be asked, and why."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is followed."""

    sources: tuple[SourceStatus, ...]


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """A source was enabled or disabled."""

    source: SourceName
    state: str


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles."""

    profile: str | None
    """The one in use; None: none."""
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileAnswer:
    """A profile is in use, or none."""

    profile: str | None
    changed: tuple[str, ...]
    """Tables that differ from before."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The configuration was read again."""

    changed: tuple[str, ...]
    """Tables that differ from before."""


@dataclass(frozen=True, slots=True)
class ShuttingDown:
    """The daemon ends."""

    stopping: bool = True
