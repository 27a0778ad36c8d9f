"""Where ttsd's files are on each platform, unless the configuration says otherwise.

Light: the client computes the control socket's path at every start. On Linux the XDG rules are
followed here; elsewhere platformdirs is imported when asked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = "ttsd.toml"
CONFIG_VARIABLE = "TTSD_CONFIG"
"""The environment variable that names the configuration file."""


def find_config(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration to read: *path*, what TTSD_CONFIG names, the user's file; None: there is none."""
    if path is not None:
        return path
    if named := environ.get(CONFIG_VARIABLE):
        return Path(named)
    default = default_config_path()
    return default if default.exists() else None


def absolute(path: Path | str, folder: Path) -> Path:
    """*path* with ~ and $VAR expanded, relative to *folder*; an unknown ~user stays as it is."""
    return folder.absolute() / os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - see above


def default_config_path() -> Path:
    """The user's ttsd.toml; it need not exist."""
    if sys.platform == "linux":
        folder = _xdg("XDG_CONFIG_HOME", ".config")
    else:
        from platformdirs import user_config_path

        folder = user_config_path("ttsd", appauthor=False, roaming=True)
    return folder / CONFIG_NAME


def default_state_dir() -> Path:
    """The folder for the queue and what must outlive a restart; it need not exist."""
    if sys.platform == "linux":
        folder = _xdg("XDG_STATE_HOME", ".local/state")
    else:
        from platformdirs import user_state_path

        folder = user_state_path("ttsd", appauthor=False)
    return folder


def default_data_dir() -> Path:
    """The folder for voices and engines; it need not exist."""
    if sys.platform == "linux":
        folder = _xdg("XDG_DATA_HOME", ".local/share")
    else:
        from platformdirs import user_data_path

        folder = user_data_path("ttsd", appauthor=False)
    return folder


def default_socket_path() -> Path:
    """The control socket, or, on Windows, the file that holds its port and token.

    Without a runtime folder (cron, `su`, containers) it lies in the state folder rather than in a
    folder that everybody may write to.
    """
    if sys.platform == "linux":
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
        if runtime.is_absolute() and runtime.is_dir():
            return runtime / "ttsd" / "control.sock"
    return default_state_dir() / "control.sock"


def _xdg(variable: str, below_home: str) -> Path:
    folder = Path(os.environ.get(variable, ""))
    # A relative path is to be ignored, says the XDG specification.
    return (folder if folder.is_absolute() else Path.home() / below_home) / "ttsd"
