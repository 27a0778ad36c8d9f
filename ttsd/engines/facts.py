"""All that can be told of every engine: what is declared, installed, configured, running and measured.

One function for the daemon and for the command line without one; what nobody measured is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines import catalog, installed
from ttsd.engines.measured import Measured
from ttsd.engines.plugins import plugins
from ttsd.frozen import frozen
from ttsd.model import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ttsd.engines.engine import EngineStatus
    from ttsd.engines.entry import Entry
    from ttsd.engines.plugins import Broken
    from ttsd.settings import Settings

_WELL = ("ready", "busy")
_ILL = ("resting", "failed", "missing")


@frozen(kw_only=True)
class EngineFacts:
    """One engine. The measured ones are of this machine, None if nobody measured them yet."""

    name: EngineName
    label: str
    description: str
    in_chain: int | None
    """Its place in the chain, from 1; None: not in it."""
    installed: bool
    own_venv: bool
    """It was installed by `ttsd engine install`."""
    outdated: str | None
    """Why its venv should be made anew; None: no reason."""
    state: str
    """As in `status`; without a daemon: installed or missing."""
    loaded: bool
    """Its process runs and has loaded it."""
    healthy: bool | None
    """None: nobody knows, it was not used yet."""
    detail: str | None
    """Why it is as it is; None: nothing to tell."""
    next_step: str | None
    """The command that mends that."""
    languages: tuple[str, ...]
    """BCP 47 tags; ("*",): whatever its voices speak."""
    voices: int | None
    """How many it offers."""
    voice: str | None
    """The one it speaks with unless asked for another."""
    cloning: bool
    streaming: bool
    code_licence: str
    weights_licence: str
    memory_bytes: int | None
    """Of its process, when it was loaded or spoke last; it holds that now if it is loaded."""
    vram_bytes: int | None
    load_seconds: float | None
    first_audio_seconds: float | None
    real_time_factor: float | None
    """Seconds of computing for a second of sound."""
    measured_at: float | None
    """Unix seconds."""
    last_error: str | None


@frozen
class Listing:
    """Every engine."""

    chain: tuple[EngineName, ...]
    """Who is tried, in order."""
    engines: tuple[EngineFacts, ...]
    """The chain's first, in its order."""
    converters: tuple[EngineFacts, ...]
    """What makes another voice out of an engine's."""
    broken: tuple[Broken, ...]
    """Packages that would bring an engine, and why they do not."""


def gather(
    settings: Settings,
    data: Path,
    statuses: Sequence[EngineStatus],
    measured: Callable[[EngineName], Measured],
) -> Listing:
    """What is known now. *data*: the user's data folder; *statuses*: of the running chain and
    its converters, empty without one."""
    running = {status.name: status for status in statuses}
    chain = list(settings.engines)
    entries = {EngineName(entry.name): entry for entry in catalog.entries()}
    for name, wanted in settings.engine.items():
        if wanted.uri is not None and name not in entries:
            entries[name] = catalog.a_server(name)
    facts = [
        _facts(
            entry,
            chain.index(name) + 1 if name in chain else None,
            settings.engine[name].uri if name in settings.engine else None,
            data,
            running.get(name),
            measured(name),
        )
        for name, entry in entries.items()
    ]
    facts.sort(key=lambda one: one.in_chain or len(facts) + len(chain) + 1)
    converters = tuple(
        _facts(entry, None, None, data, running.get(EngineName(entry.name)), measured(EngineName(entry.name)))
        for entry in catalog.CONVERTERS
    )
    return Listing(settings.engines, tuple(facts), converters, plugins().broken)


def _facts(
    entry: Entry,
    place: int | None,
    uri: str | None,
    data: Path,
    status: EngineStatus | None,
    measured: Measured,
) -> EngineFacts:
    own = None if uri else installed.read(data, entry.name)
    missing = None if uri else installed.missing(entry, data)
    outdated = installed.outdated(entry, own) if own and not missing else None
    state = status.state if status else ("missing" if missing else "installed")
    loaded = status is not None and (status.idle_seconds is not None or status.state in _WELL)
    detail = missing or (status.detail if status else None) or outdated or uri
    step = entry.install if missing else f"ttsd engine upgrade {entry.name}" if outdated else None
    return EngineFacts(
        name=EngineName(entry.name),
        label=entry.label,
        description=entry.description,
        in_chain=place,
        installed=missing is None,
        own_venv=own is not None,
        outdated=outdated,
        state=state,
        loaded=loaded,
        healthy=True if state in _WELL else False if state in _ILL else None,
        detail=detail,
        next_step=step,
        languages=entry.languages,
        voices=_first(status.voices if status else None, measured.voices),
        voice=(status.voice if status else None) or measured.voice,
        cloning=entry.cloning,
        streaming=entry.streaming,
        code_licence=entry.code_licence,
        weights_licence=entry.weights_licence,
        memory_bytes=_first(status.memory_bytes if status else None, measured.memory_bytes),
        vram_bytes=_first(status.vram_bytes if status else None, measured.vram_bytes),
        load_seconds=measured.load_seconds,
        first_audio_seconds=measured.first_audio_seconds,
        real_time_factor=measured.real_time_factor,
        measured_at=measured.at,
        last_error=status.last_error if status else None,
    )


def _first(now: int | None, before: int | None) -> int | None:
    return before if now is None else now
