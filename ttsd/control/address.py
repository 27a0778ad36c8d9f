"""Where the daemon of a configuration listens: as `config.load` says, without building all settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ttsd.paths import absolute, default_socket_path, find_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "TTSD_CONTROL__SOCKET"


def control_address(config: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The control socket's path for `Client.connect`.

    A file that cannot be read or is not TOML counts as one that does not name the socket: its daemon
    may well run on what it was before, and be asked about it.
    """
    from pathlib import Path

    config = find_config(config, environ)
    named = environ.get(VARIABLE) or (config and _named_in(config))
    return absolute(named or default_socket_path(), config.parent if config else Path())


def _named_in(config: Path) -> str | None:
    import tomllib

    try:
        table = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("control")
    except (OSError, ValueError, RecursionError):
        return None
    named = table.get("socket") if isinstance(table, dict) else None
    return named if isinstance(named, str) else None
