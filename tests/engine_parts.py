"""Parts that tests of engines share: hosts over real worker processes, with adapters of the tests' own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttsd.engines import catalog
from ttsd.engines.catalog import Entry
from ttsd.engines.connect import Place, Process
from ttsd.engines.engine import EngineStatus, Request
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled
from ttsd.model import Chunk, EngineName, Voice
from ttsd.settings import Duration, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.clock import Clock

BAD_ADAPTERS = Path(__file__).parent / "engines" / "bad_adapters.py"


def entry(**changes: object) -> Entry:
    """A catalogue entry of an engine that exists in the tests alone, with the options of xtts."""
    xtts = catalog.find("xtts")
    assert xtts is not None
    known = replace(xtts, modules=(), cancel_grace=0.3, load_timeout=20.0)
    return replace(known, **changes)  # type: ignore[arg-type]  # the tests name real fields


def host(
    adapter: str,
    folder: Path,
    *,
    name: str = "xtts",
    load: float = 20.0,
    first: float = 10.0,
    idle: float = 10.0,
    known: Entry | None = None,
    clock: Clock | None = None,
    **settings: object,
) -> EngineHost:
    """A host whose worker runs *adapter*, a class of bad_adapters.py."""
    wanted = EngineSettings(
        load_timeout=Duration(load),
        first_chunk_timeout=Duration(first),
        idle_timeout=Duration(idle),
        **settings,  # type: ignore[arg-type]  # the tests name real fields
    )
    place = Place(folder, folder / "data", folder / "cache", adapter=f"{BAD_ADAPTERS}:{adapter}")
    entry_used = known or entry()
    process = Process(name, entry_used, wanted, place)
    return EngineHost(EngineName(name), entry_used, wanted, process, clock)


def host_at(place: Place, known: Entry | None = None) -> EngineHost:
    """A host of the engine xtts whose worker is whatever *place* says."""
    used, settings = known or entry(), EngineSettings()
    return EngineHost(EngineName("xtts"), used, settings, Process("xtts", used, settings, place))


def seconds(chunks: Sequence[Chunk]) -> float:
    """Length of the sound."""
    return sum(chunk.samples.size / chunk.rate for chunk in chunks)


def silences(chunks: Sequence[Chunk], level: float = 0.0) -> list[float]:
    """Seconds of each time, from 0.04 s on, in which the sound stays within *level*."""
    sound = np.concatenate([chunk.samples for chunk in chunks])
    turns = np.flatnonzero(np.diff(np.abs(sound) <= level, prepend=False, append=False))
    lengths = (turns[1::2] - turns[::2]) / chunks[0].rate
    return [float(length) for length in lengths if length >= 0.04]


class FakeEngine:
    """An Engine that does what its script says, a sentence at a time."""

    def __init__(
        self, name: str, script: Callable[[Request], Iterator[Chunk]], *, voices: Sequence[str] = ()
    ) -> None:
        self.name = EngineName(name)
        self.script = script
        self.requests: list[Request] = []
        self.closed = False
        self._voices = tuple(voices) or (f"{name}'s own",)
        self._cancelled = False

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Engine."""
        self._cancelled = False
        self.requests.append(request)
        for chunk in self.script(request):
            if self._cancelled:
                raise EngineCancelled("cancelled")
            yield chunk

    def cancel(self) -> None:
        """See Engine."""
        self._cancelled = True

    def load(self) -> None:
        """See Engine."""

    def voices(self) -> tuple[Voice, ...]:
        """See Engine."""
        return tuple(Voice(voice) for voice in self._voices)

    def status(self) -> EngineStatus:
        """See Engine."""
        return EngineStatus(self.name, "closed" if self.closed else "ready", voice=self._voices[0])

    def unload(self, idle: float = 0.0) -> bool:
        return False

    def close(self) -> None:
        """See Engine."""
        self.closed = True
