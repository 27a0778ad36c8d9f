"""What commands answer with, as frozen values: their fields are the keys that scripts rely on.

`docs/control.md` describes each; `status` answers with `status.DaemonStatus`, `say --wait` with `model.Spoken`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.audio.devices import Device
    from ttsd.model import EngineName, SourceName, Spoken, State, Utterance, UtteranceId
    from ttsd.sources.status import SourceStatus


@frozen
class VersionAnswer:
    """Which ttsd this is."""

    version: str


@frozen
class Queued:
    """A text was queued."""

    id: UtteranceId


@frozen
class Skipped:
    """What sounded was ended."""

    skipped: UtteranceId | None
    """None: there was nothing."""


@frozen
class StateAnswer:
    """What the daemon does from now on."""

    state: str
    """As in status."""


@frozen
class Cleared:
    """What waited was dropped."""

    dropped: int


@frozen
class Removed:
    """One utterance ended by hand."""

    id: UtteranceId
    state: State


@frozen
class Moved:
    """One utterance has another place."""

    id: UtteranceId
    position: int


@frozen
class Withdrawn:
    """Messages were taken back."""

    withdrawn: int
    ids: tuple[UtteranceId, ...]
    """At most a thousand of them."""


@frozen
class Waiting:
    """The queue, next first."""

    utterances: tuple[Utterance, ...]


@frozen
class Past:
    """The history, newest first."""

    utterances: tuple[Spoken, ...]


@frozen
class Volume:
    """How loud."""

    volume: int
    """Per cent."""
    muted: bool


@frozen
class Levels:
    """How loud it sounds."""

    levels: dict[str, float]
    """dB of full scale by output; empty: nothing sounds."""


@frozen
class Switched:
    """Another engine is tried first."""

    engine: EngineName
    chain: tuple[EngineName, ...]
    saved: bool
    """The configuration file says so, too."""


@frozen
class Unloaded:
    """An engine was to be let go."""

    engine: EngineName
    ended: bool
    """False: it was not loaded, or is at a sentence."""


@frozen
class VoiceRow:
    """A voice that can be asked for."""

    engine: EngineName
    name: str
    language: str | None
    speakers: tuple[str, ...]


@frozen
class Voices:
    """The voices of engines that could tell."""

    voices: tuple[VoiceRow, ...]
    untold: dict[EngineName, str]
    """Engines that could not, and why."""


@frozen
class Devices:
    """Where sound can go."""

    devices: tuple[Device, ...]
    problems: tuple[str, ...]
    """Kinds of devices that could not be asked, and why."""


@frozen
class Sources:
    """What is followed."""

    sources: tuple[SourceStatus, ...]


@frozen
class SourceAnswer:
    """A source was enabled or disabled."""

    source: SourceName
    state: str


@frozen
class Profiles:
    """The profiles."""

    profile: str | None
    """The one in use; None: none."""
    profiles: tuple[str, ...]


@frozen
class ProfileAnswer:
    """A profile is in use, or none."""

    profile: str | None
    changed: tuple[str, ...]
    """Tables that differ from before."""


@frozen
class Reloaded:
    """The configuration was read again."""

    changed: tuple[str, ...]
    """Tables that differ from before."""


@frozen
class ShuttingDown:
    """The daemon ends."""

    stopping: bool = True
