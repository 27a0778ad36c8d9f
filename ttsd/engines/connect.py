"""How an engine is reached: as a child process that is started when needed, or at an address."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ttsd.engines import catalog
from ttsd.engines.child import Child
from ttsd.engines.dialled import Dialled
from ttsd.engines.uri import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.engines.catalog import Entry
    from ttsd.engines.link import Link
    from ttsd.settings import EngineSettings

_BOOT = Path(__file__).with_name("boot.py")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine's process runs and what it may use."""

    base: Path
    """The configuration's folder: relative paths are relative to it."""
    data: Path
    """ttsd's data folder of the user."""
    cache: Path
    """ttsd's cache folder of the user."""
    python: Path = Path(sys.executable)
    """The interpreter of the engine's venv."""
    adapter: str | None = None
    """An adapter in place of the catalogue's: `module:Class` or `file.py:Class`."""


class Connector(Protocol):
    """Makes links to one engine."""

    elsewhere: str | None
    """The address it is reached at; None: a process of ours."""

    def missing(self) -> str | None:
        """Why it cannot be reached here at all ("is not installed: …"); None: it can. Never blocks."""
        ...

    def connect(self, heard: Callable[[str], str | None]) -> Link:
        """A new link. *heard* gets what the process prints, and returns what may be remembered of it.

        Raises EngineCrashed.
        """
        ...


class Process:
    """An engine as a child process."""

    elsewhere: str | None = None

    def __init__(self, name: str, entry: Entry, settings: EngineSettings, place: Place) -> None:
        self._name = name
        self._entry = entry
        self._settings = settings
        self._place = place

    def missing(self) -> str | None:
        """See Connector."""
        return None if self._place.adapter else catalog.missing(self._entry)

    def connect(self, heard: Callable[[str], str | None]) -> Link:
        """See Connector."""
        return Child(self._name, self._command(), self._environment(), heard)

    def _command(self) -> list[str]:
        settings, place = self._settings, self._place
        command = [str(place.python), str(_BOOT), self._entry.name, "--parent", str(os.getpid())]
        if place.adapter:
            command += ["--adapter", place.adapter]
        if settings.voice:
            command += ["--voice", settings.voice]
        if settings.options:
            command += ["--options", json.dumps(dict(settings.options))]
        if settings.nice:
            command += ["--nice", str(settings.nice)]
        for option, folder in (("--base", place.base), ("--data", place.data), ("--cache", place.cache)):
            command += [option, str(folder)]
        return command

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        if self._place.python != Path(sys.executable):
            # It would put this venv's libraries before those of the engine's.
            environment.pop("PYTHONPATH", None)
        threads = str(max(1, (os.cpu_count() or 2) - 1))
        for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
            environment.setdefault(f"{library}_NUM_THREADS", threads)
        return environment


class Server:
    """An engine at an address."""

    def __init__(self, name: str, uri: str) -> None:
        """Raises EngineRefused for what is no address."""
        self._name = name
        self._address = parse(uri)
        self.elsewhere: str | None = str(self._address)

    def missing(self) -> str | None:
        """See Connector."""
        return None

    def connect(self, heard: Callable[[str], str | None]) -> Link:
        """See Connector."""
        del heard  # what it prints stays there
        return Dialled(self._name, self._address)
