"""Probes of the other files and the port that the configuration names: lists of words, the HTTP API's token."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ttsd.doctor.check import Check
from ttsd.errors import ConfigError, ControlError, HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.settings import Settings
    from ttsd.settings.http import HttpSettings


def words(settings: Settings) -> Iterable[Check]:
    """A line for what is wrong with the dictionary or with a list of words; their words are missing then."""
    if settings.dictionary is None and not any(blocklist.file for blocklist in settings.blocklist):
        return
    from ttsd.text import files

    found = files.read(settings)
    for problem in found.problems:
        yield Check("words", "warn", problem, "mend it; it is read when it is saved")
    if not found.problems:
        yield Check("words", "ok", ", ".join(map(str, found.paths)))


def http(settings: Settings) -> Iterable[Check]:
    """Can the API be served as the configuration says? `ttsd run` ends with 78 where it cannot."""
    asked = settings.http
    if not asked.enabled:
        return
    from ttsd.http.server import missing_packages, read_token

    if missing := missing_packages():
        yield Check(
            "http",
            "broken",
            f"the Python package {' and '.join(missing)} is missing",
            'pip install "ttsd[http]"',
        )
        return
    if asked.token_file is not None:
        try:
            read_token(asked.token_file)
        except ConfigError as error:
            step = f"python3 -c 'import secrets; print(secrets.token_urlsafe())' > {asked.token_file}"
            yield Check("http", "broken", str(error), step)
            return
    yield _served(settings) if _runs(settings) else _can_listen(asked)


def _runs(settings: Settings) -> bool:
    from ttsd.control.client import Client

    assert settings.control.socket is not None, "config.load fills it in"
    try:
        Client.connect(settings.control.socket, timeout=5).close()
    except ControlError:
        return False
    return True


def _served(settings: Settings) -> Check:
    host, port = settings.http.host, settings.http.port
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        step = "ttsd reload says why; so does its log"
        return Check("http", "broken", f"the daemon does not listen at {host}:{port}: {error.strerror}", step)
    return Check("http", "ok", f"listens at {host}:{port}")


def _can_listen(asked: HttpSettings) -> Check:
    from ttsd.http.server import listen

    try:
        listen(asked.host, asked.port).close()
    except (ConfigError, HttpError) as error:
        return Check("http", "broken", str(error), error.next_step)
    return Check("http", "ok", f"{asked.host}:{asked.port} is free")
