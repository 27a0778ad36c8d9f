"""`mode = "whole"`: a file is one message, spoken anew each time its text changes (labels of OBS, a title).

Such a file is known by its path: programs replace it as they like. Its checkpoint's marker is the hash of
the text that was spoken last. A change counts when the file has rested for `settle`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.errors import SourceError
from ttsd.model import Line, Offset
from ttsd.sources.content import encoding_in
from ttsd.sources.identity import PREFIX
from ttsd.sources.lines import partial_text
from ttsd.sources.source import Source, reason
from ttsd.sources.tail import Moved, Tail, Turn
from ttsd.store import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.sources.files import Seen


class _Message(Tail):
    """One such file."""

    def __init__(self, owner: Source, at: Checkpoint, *, silent: bool) -> None:
        """silent: what it says now counts as spoken."""
        super().__init__(owner, at)
        self._silent = silent
        self._stamp: tuple[int, int, int] | None = None
        self._read: tuple[int, int, int] | None = None
        self._since = 0.0

    def changed(self, seen: Seen) -> bool:
        self.seen = seen
        return self._read != (seen.inode, seen.size, seen.modified)

    def turn(self, now: float, limit: int | None = None) -> Turn:
        """See Tail.turn: the text, if it changed and has settled."""
        del limit
        settings = self.owner.settings
        try:
            file = self.owner.context.files.open(self.path)
        except FileNotFoundError:
            raise Moved from None
        try:
            seen = self.seen = file.seen()
            stamp = (seen.inode, seen.size, seen.modified)
            if stamp != self._stamp:
                self._stamp, self._since = stamp, now
            if now - self._since < settings.settle and not self._silent:
                return Turn((), self.at, more=False, again=self._since + settings.settle)
            encoding = encoding_in(file, settings.encoding)
            data = file.read_at(encoding.bom, settings.max_line_bytes)
        finally:
            file.close()
        self._read = stamp
        marker = hashlib.blake2b(data, digest_size=16).digest()
        if marker == self.at.marker and self.at.id is not None:
            return Turn((), self.at, more=False)
        checkpoint = replace(
            self.at, identity=seen.identity, offset=Offset(seen.size), prefix=data[:PREFIX], marker=marker
        )
        cut = seen.size - encoding.bom > len(data)
        lines = (Line(partial_text(data, encoding).strip(), checkpoint.offset, cut=cut),)
        silent, self._silent = self._silent, False
        return Turn(() if silent else lines, checkpoint, more=False, written_at=seen.modified / 1e9)


class WholeSource(Source):
    """See the module."""

    def look(self, entering: Callable[[str], None]) -> list[Tail]:
        """See Source.look."""
        context = self.context
        if self._met is None:
            self._met = context.store.met(self.pattern.key)
        waiting: dict[str, str] = {}
        placed: dict[str, Tail] = {}
        ready: list[Tail] = []
        for path in self.pattern.find(context.folders, entering):
            try:
                seen = context.files.look(path, closely=path not in self.placed)
            except (OSError, SourceError) as error:
                waiting[path] = reason(error)
                continue
            tail = self.placed.get(path)
            if seen is None:
                waiting[path] = "it is not there yet"
            elif tail is None:
                known = context.known.at_path(path)
                tail = _Message(
                    self,
                    known or Checkpoint(path, seen.identity),
                    silent=known is None and not self._met and self.settings.start == "end",
                )
            if tail is not None:
                placed[path] = tail
                if seen is not None and tail.changed(seen):
                    ready.append(tail)
        if not self._met:
            context.store.remember((), pattern=self.pattern.key)
            self._met = True
        for path in self.placed.keys() - placed.keys():
            context.known.put(self.placed[path].at)
        self.placed, self.waiting = placed, waiting
        self.show()
        return ready

    def glance(self, path: str) -> tuple[Tail | None, bool]:
        """See Source.glance."""
        return None, self.aliases.get(path, path) in self.placed or path in self.waiting
