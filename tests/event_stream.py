"""What a daemon tells its subscribers, for tests: read until something came, and everything kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ttsd.control.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PATIENCE = 30.0
"""Seconds: the machine may be busy."""


class Told(NamedTuple):
    """One event."""

    name: str
    fields: dict[str, Any]


class EventStream:
    """A subscription; use it as a context manager."""

    def __init__(self, socket: Path, *events: str) -> None:
        """*events*: only these; default: all."""
        self.seen: list[Told] = []
        self._client = Client.connect(socket)
        self._client.call("subscribe", {"events": list(events)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def until(self, name: str, timeout: float = PATIENCE, **fields: object) -> dict[str, Any]:
        """Read on until an event of that name with those fields comes; its fields."""
        deadline = time.monotonic() + timeout
        wanted = fields.items()
        while time.monotonic() < deadline:
            for told in self._read(max(0.01, deadline - time.monotonic())):
                if told.name == name and wanted <= told.fields.items():
                    return told.fields
                break
        last = [f"{one.name} {one.fields}" for one in self.seen[-20:]]
        raise AssertionError(f"no {name} {fields} came; the last were:\n" + "\n".join(last))

    def drain(self, quiet: float = 0.2) -> None:
        """Read on until nothing came for *quiet* seconds."""
        for _ in self._read(quiet):
            pass

    def _read(self, timeout: float) -> Iterable[Told]:
        for name, fields in self._client.events(timeout):
            self.seen.append(Told(name, fields))
            yield self.seen[-1]

    def of(self, *names: str) -> list[tuple[str, int]]:
        """What came so far of these events, each with its id."""
        return [(told.name, told.fields["id"]) for told in self.seen if told.name in names]
