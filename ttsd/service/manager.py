"""A service manager of the system, as `ttsd service` sees it, and the way its own tools are called.

Installing and removing are idempotent: doing it twice is doing it once, and doing it again mends what
is missing. Removing leaves nothing of what installing made; configuration, queue and voices are the
user's and stay.
"""

from __future__ import annotations

import locale
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ttsd.errors import ServiceError
from ttsd.frozen import frozen
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ttsd.service.plan import Plan

PATIENCE = 120.0
"""Seconds that a tool has: a start waits until the daemon is ready."""


@frozen
class ServiceStatus:
    """How the service is."""

    manager: str
    """systemd, launchd, task or windows-service."""
    installed: bool
    enabled: bool
    """Whether it starts by itself, at login or at the first command."""
    running: bool
    pid: int | None
    detail: str
    """In a line, in the manager's or the daemon's words."""
    files: tuple[str, ...]
    """What installing made and is there."""


class Manager(Protocol):
    """What starts ttsd, keeps it alive and collects its log."""

    def install(self, plan: Plan) -> Iterable[str]:
        """Install or mend, and (re)start; tell each step. Raises ServiceError."""
        ...

    def uninstall(self) -> Iterable[str]:
        """Stop and remove; tell each step. Raises ServiceError."""
        ...

    def status(self) -> ServiceStatus:
        """Look. Raises ServiceError."""
        ...

    def logs(self, lines: int, *, follow: bool) -> int:
        """Print the newest lines of the log; the exit code. Raises ServiceError."""
        ...


@frozen
class Done:
    """How a tool ended."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs a tool of the system."""

    def __call__(self, words: Sequence[str]) -> Done:
        """Run it to its end. Raises ServiceError if it cannot be started or does not end."""
        ...


def run(words: Sequence[str]) -> Done:
    """See Run."""
    try:
        done = subprocess.run(
            words, check=False, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise ServiceError(f"{words[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"{' '.join(words)} did not end in {PATIENCE:.0f} s") from error
    return Done(done.returncode, _text(done.stdout), _text(done.stderr))


def must(run: Run, *words: str, next_step: str | None = None) -> str:
    """Run a tool that has to succeed; what it printed. Raises ServiceError."""
    done = run(words)
    if done.code:
        said = (done.err or done.out).strip() or f"exit code {done.code}"
        raise ServiceError(f"{' '.join(words)}: {said}", next_step=next_step)
    return done.out


def show(words: Sequence[str]) -> int:
    """Run a tool whose output is for the person; its exit code. Raises ServiceError."""
    try:
        return subprocess.run(words, check=False).returncode
    except FileNotFoundError as error:
        raise ServiceError(f"{words[0]} is not installed") from error
    except KeyboardInterrupt:  # how one ends following
        return 0


def put(path: Path, content: bytes) -> bool:
    """Have a file with this content; False: it is there already. Raises ServiceError."""
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise ServiceError(f"cannot be written: {error.strerror}", where=str(path)) from error
    return True


def take(path: Path) -> bool:
    """Have no such file, nor the folders that are empty without it; False: there was none. Raises ServiceError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ServiceError(f"cannot be removed: {error.strerror}", where=str(path)) from error
    for folder in path.parents:
        if folder == Path.home():
            break
        try:
            folder.rmdir()
        except OSError:  # something else is in it
            break
    return True


def _text(raw: bytes) -> str:
    return raw.decode(locale.getencoding(), errors="replace")
