"""What subscribers want to know of sources: which files are followed, gone or fail, and what was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.model import SourceName, Utterance
    from ttsd.sources.source import Source


@frozen
class SourceChange:
    """A file of a source, or the source itself, is not what it was."""

    source: SourceName
    state: Literal["following", "gone", "failed"]
    path: str | None
    """The file; None: the source itself."""
    detail: str | None = None
    """Why it failed."""


class Observer(Protocol):
    """Who is told. Called by the reader's thread; must not block."""

    def changed(self, change: SourceChange) -> None:
        """A file or a source is not what it was."""
        ...

    def dropped(self, gone: tuple[Utterance, ...]) -> None:
        """These were taken out of the queue, because their source had too many there."""
        ...


class Nobody:
    """An observer who does not care."""

    def changed(self, change: SourceChange) -> None:
        """See Observer."""

    def dropped(self, gone: tuple[Utterance, ...]) -> None:
        """See Observer."""


class News:
    """Compares each source with what was told of it last."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._told: dict[SourceName, dict[str | None, str | None]] = {}
        """For each source: its files, and None for itself, with why each fails."""

    def look(self, source: Source) -> None:
        """Tell what has changed since the last look."""
        now: dict[str | None, str | None] = {t.path: t.error for t in source.followed if t.departed is None}
        now[None] = source.error
        before = self._told.get(source.name, {None: None})
        for path, error in now.items():
            if path not in before or before[path] != error:
                state: Literal["following", "failed"] = "failed" if error else "following"
                self._observer.changed(SourceChange(source.name, state, path, error))
        for path in before.keys() - now.keys():
            self._observer.changed(SourceChange(source.name, "gone", path))
        self._told[source.name] = now

    def keep(self, names: frozenset[SourceName]) -> None:
        """Forget all other sources: they are followed no more."""
        self._told = {name: told for name, told in self._told.items() if name in names}
