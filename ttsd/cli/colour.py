"""Colours, where somebody sees them: on a terminal, unless NO_COLOR (https://no-color.org) says otherwise."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO


class Paint(NamedTuple):
    """Marks text by what it means; plain where nobody would see it."""

    coloured: bool = False

    def good(self, text: str) -> str:
        """As it should be."""
        return self._in("32", text)

    def warn(self, text: str) -> str:
        """Worth a look."""
        return self._in("33", text)

    def bad(self, text: str) -> str:
        """Wrong."""
        return self._in("31", text)

    def strong(self, text: str) -> str:
        """What is looked for first."""
        return self._in("1", text)

    def faint(self, text: str) -> str:
        """What is there for completeness."""
        return self._in("2", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured and text else text


PLAIN = Paint()


def declined(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody wants no colours, on whatever is there."""
    return bool(environ.get("NO_COLOR"))


def paint_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Paint:
    """The paint for what is printed to *stream*."""
    wanted = not declined(environ) and environ.get("TERM") != "dumb"
    # An old Windows console shows the codes themselves; the new ones, and those of ports, name themselves.
    shown = sys.platform != "win32" or any(name in environ for name in ("WT_SESSION", "ANSICON", "TERM"))
    return Paint(wanted and shown and stream.isatty())
