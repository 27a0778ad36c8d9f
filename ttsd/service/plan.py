"""What is to be installed: which command, on which configuration, and the folders it writes to.

Made from the configuration as it is now; a service whose configuration moves its folders later is
installed again (which changes what differs, and restarts it).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import config, paths
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttsd.settings import Settings

NAME = "ttsd"
"""Of the service, wherever it is installed."""


@frozen
class Plan:
    """A service to be."""

    command: tuple[str, ...]
    """Runs ttsd; a verb and its words follow."""
    config: Path | None
    """The configuration file; None: the user's, once there is one."""
    socket: Path
    """The control socket."""
    state: Path
    """The state folder."""
    writes: tuple[Path, ...]
    """Folders it must be able to write to, those of `socket` and `state` among them."""

    @property
    def run(self) -> tuple[str, ...]:
        """The command of the daemon itself."""
        return self.verb("run")

    def verb(self, verb: str) -> tuple[str, ...]:
        """The command of a verb on this configuration."""
        return (*self.command, verb, *(("--config", str(self.config)) if self.config else ()))


def plan(path: Path | None, environ: Mapping[str, str]) -> Plan:
    """Plan for this Python and the configuration at *path* (None: the one in use). Raises ConfigError."""
    settings = config.load(path, environ)
    socket = settings.control.socket or paths.default_socket_path()
    state = settings.state.dir or paths.default_state_dir()
    return Plan(
        # -P: the folder that a manager starts us in has no say in what "ttsd" is.
        command=(sys.executable, "-P", "-m", NAME),
        config=settings.path,
        socket=socket,
        state=state,
        writes=tuple(dict.fromkeys([state, socket.parent, *_written(settings)])),
    )


def _written(settings: Settings) -> Iterator[Path]:
    """`ttsd switch` writes the configuration, outputs of type file and captions their folders, in each profile."""
    if settings.path is not None:
        yield settings.path.parent
    for one in (settings, *settings.profiles.values()):
        yield from (output.path for output in one.outputs if output.type == "file" and output.path)
        captions = one.captions
        yield from (_fixed(file.parent) for file in (captions.text, captions.vtt, captions.srt) if file)
        if one.http.enabled:
            yield from _written_over_http(one)


def _fixed(folder: Path) -> Path:
    """*folder*, or that above it whose name has no date in it (%Y)."""
    return next(above for above in (folder, *folder.parents) if "%" not in str(above))


def _written_over_http(settings: Settings) -> Iterator[Path]:
    """Recordings are uploaded, checkpoints deleted."""
    from ttsd.http import finetuned
    from ttsd.speakers import FOLDER

    yield paths.default_data_dir() / FOLDER
    model, _ = finetuned.place(settings)
    if model.is_dir():  # one that is not there is not made
        yield model
