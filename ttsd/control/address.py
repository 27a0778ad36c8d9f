"""Where the daemon of a configuration listens: as `config.load` says, without building all settings."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ttsd.errors import ConfigError
from ttsd.paths import absolute, default_socket_path, find_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "TTSD_CONTROL__SOCKET"
_SOCKET = re.compile(
    r"""^\s*(?:\[\s*control\s*\][^\[]*?^\s*|control\s*\.\s*|control\s*=\s*\{[^}\n]*?)"""
    r"""socket\s*=\s*(["'])([^"'\n]+)\1""",
    re.MULTILINE,
)
"""In a table, with a dotted key, or in an inline table."""


def control_address(config: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The control socket's path for `Client.connect`.

    A file that is not TOML, being edited just now, is searched for the line that names the socket: its
    daemon runs on what it was before, and can be asked about it. One that cannot be read tells of no daemon:
    asking another one, the default's, would do there what was meant here. Raises ConfigError.
    """
    from pathlib import Path

    config = find_config(config, environ)
    named = environ.get(VARIABLE) or (config and _named_in(config))
    return absolute(named or default_socket_path(), config.parent if config else Path())


def _named_in(config: Path) -> str | None:
    import tomllib

    try:
        text = config.read_bytes().decode("utf-8-sig", "replace")
    except FileNotFoundError:
        raise ConfigError([f"{config}: there is no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{config}: cannot be read: {error.strerror}"]) from error
    try:
        table = tomllib.loads(text).get("control")
    except (ValueError, RecursionError):
        line = _SOCKET.search(text)
        return line[2] if line else None
    named = table.get("socket") if isinstance(table, dict) else None
    return named if isinstance(named, str) else None
