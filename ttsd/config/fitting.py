"""What of a configuration fits although some of it does not, so that the rest is checked at once. Pure."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.shapes import Problem, Where


class Fitting:
    """A copy of a file's data, from which what does not fit is left out."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = copy.deepcopy(data)
        self._items: dict[Where, list[int]] = {}
        """Of which lists, as the file has them, the items that were left out."""

    def leave_out(self, problems: Iterable[Problem]) -> bool:
        """Leave out what *problems* are about, or the table in which something is missing.

        Whether anything was left out: if not, nothing of the file can be checked any further.
        """
        places = {place for problem in problems if (place := self._place(problem.where))}
        written = {place: self.as_written(place) for place in places}
        for place in sorted(places, key=lambda where: [str(part).zfill(9) for part in where], reverse=True):
            *_, last = place  # of a list the last one first, and what is in a table before the table
            del self._at(place[:-1])[last]
            *outer, number = written[place]
            if isinstance(number, int):
                self._items.setdefault(tuple(outer), []).append(number)
        return bool(places)

    def as_written(self, where: Where) -> Where:
        """Where that is in the file, if it is there in `data`: items that were left out before it count again."""
        found: Where = ()
        for part in where:
            if isinstance(part, int):
                for gone in sorted(self._items.get(found, ())):
                    part += gone <= part  # noqa: PLW2901 - one place further for each
            found = (*found, part)
        return found

    def _place(self, where: Where) -> Where:
        """*where*, or as much of it as there is."""
        while where:
            holder = self._at(where[:-1])
            keys = range(len(holder)) if isinstance(holder, list) else holder or ()
            if where[-1] in keys:
                break
            where = where[:-1]
        return where

    def _at(self, where: Where) -> Any:
        """The table or list there; None: there is none."""
        here: Any = self.data
        for part in where:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return None
        return here if isinstance(here, dict | list) else None
