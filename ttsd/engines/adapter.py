"""What an engine adapter is, on the worker's side of the wire.

Adapters run in any engine's venv: standard library, numpy and their one library. Heavy imports belong
inside `open`. They raise EngineMissing (a model or library is not here), UnknownVoice, EngineRefused
(a text or option it cannot take); whatever else a library raises is reported by the worker.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ttsd.errors import EngineMissing
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import Chunk, Voice


@frozen
class Setup:
    """What an adapter is opened with."""

    voice: str | None = None
    """The default voice: a name or a path; None: the engine's own."""
    options: Mapping[str, Scalar] = field(default_factory=dict)
    """The engine's options as configured."""
    base: Path = Path()
    """The configuration's folder; relative paths are relative to it."""
    data: Path = Path()
    """The user's data folder of ttsd (voices)."""
    cache: Path = Path()
    """The user's cache folder of ttsd: what is there can be made again."""
    threads: int = 1
    """Threads a synthesis should use where the options say nothing."""


class Adapter(Protocol):
    """One engine. All calls but `cancel` come from one thread."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Import, load and warm up; *progress* takes phrases for people, from any thread, later too."""
        ...

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """In a process of its own: make once what lets later starts be fast; may do nothing."""
        ...

    def voices(self) -> Sequence[Voice]:
        """Voices offered, the default one first. At least one."""
        ...

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Yield the sentence's sound; request.options holds everything that is set, defaults included."""
        ...

    def cancel(self) -> None:
        """From any thread: make the running synthesis stop soon if the library can; may do nothing."""
        ...

    def close(self) -> None:
        """Give back what is not memory; the process ends afterwards."""
        ...


def load_adapter(reference: str) -> Adapter:
    """An adapter from `package.module:Class` or `path/to/file.py:Class`. Raises EngineMissing."""
    place, _, name = reference.rpartition(":")
    try:
        module = _from_file(place) if place.endswith(".py") else importlib.import_module(place)
        adapter: Adapter = getattr(module, name)()
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise EngineMissing(f"its adapter {reference} cannot be loaded: {error}") from error
    return adapter


def _from_file(path: str) -> object:
    name = f"ttsd_adapter_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
