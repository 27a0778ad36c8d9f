"""How an engine is reached: as a child process that is started when needed, or at an address."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ttsd.engines import installed
from ttsd.engines.child import Child
from ttsd.engines.cores import spare_cores
from ttsd.engines.dialled import Dialled
from ttsd.engines.uri import parse
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.engines.catalog import Entry
    from ttsd.engines.link import Link
    from ttsd.settings import EngineSettings

BOOT = Path(__file__).with_name("boot.py")
"""What any interpreter is started with to be a worker."""


@frozen
class Place:
    """Where an engine's process runs and what it may use."""

    base: Path
    """The configuration's folder: relative paths are relative to it."""
    data: Path
    """ttsd's data folder of the user."""
    cache: Path
    """ttsd's cache folder of the user."""
    python: Path | None = None
    """The interpreter to run engines with; None: that of the engine's own venv, or this one."""
    adapter: str | None = None
    """An adapter in place of the catalogue's: `module:Class` or `file.py:Class`."""


class Connector(Protocol):
    """Makes links to one engine."""

    elsewhere: str | None
    """The address it is reached at; None: a process of ours."""

    def missing(self) -> str | None:
        """Why it cannot be reached here at all ("is not installed: …"); None: it can. Never blocks."""
        ...

    def outdated(self) -> str | None:
        """Why it should be installed anew, and the command; None: no reason."""
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
        if self._place.adapter or self._place.python:  # told what to run
            return None
        return installed.missing(self._entry, self._place.data)

    def outdated(self) -> str | None:
        """See Connector."""
        found = None if self._place.python else installed.read(self._place.data, self._entry.name)
        why = None if found is None else installed.outdated(self._entry, found)
        return f"it {why}; ttsd engine upgrade {self._entry.name}" if why else None

    def connect(self, heard: Callable[[str], str | None]) -> Link:
        """See Connector."""
        # Looked for each time: an engine may have been installed, or renewed, since the last one.
        place = self._place
        python = place.python or installed.python_of(place.data, self._entry.name) or Path(sys.executable)
        return Child(self._name, self._command(python), self.environment(python), heard)

    def _command(self, python: Path) -> list[str]:
        settings, place = self._settings, self._place
        command = [str(python), str(BOOT), self._entry.name, "--parent", str(os.getpid())]
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

    def environment(self, python: Path) -> dict[str, str]:
        """The worker's variables: this process's, but for what would mislead the interpreter of another venv."""
        environment = dict(os.environ)
        if python != Path(sys.executable):
            # It would put this venv's libraries before those of the engine's.
            environment.pop("PYTHONPATH", None)
        threads = str(spare_cores())
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

    def outdated(self) -> str | None:
        """See Connector: the greeting tells."""
        return None

    def connect(self, heard: Callable[[str], str | None]) -> Link:
        """See Connector."""
        del heard  # what it prints stays there
        return Dialled(self._name, self._address)
