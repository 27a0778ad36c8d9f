"""pip of an engine's own venv, run as `python -m pip`: its progress as phrases, its failures as sentences.

Where packages come from is pip's configuration and the user's options; nothing is said of it here. What pip
unpacks on its way lies in a folder of ours, so that its growth can be watched and a small /tmp is no hindrance.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
from collections import deque
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

QUIET = 600.0
"""Seconds without a line and without a byte after which pip is given up."""
TICK = 0.5
"""Seconds between two looks at what grows."""
LAST_LINES = 200
"""Lines of output that are kept to explain a failure."""
_CLEAN = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT")
"""Variables that would send packages to, or bring them from, somewhere else."""
_CUDA = re.compile(r"nvidia-|cuda-|triton$")


class Pip:
    """pip of one venv."""

    def __init__(self, python: Path, scratch: Path, say: Callable[[str], None]) -> None:
        """*scratch*: a folder for what it unpacks; *say* gets what it does, several times a second at most."""
        self._python = python
        self._scratch = scratch
        self._say = say

    def install(
        self, requirements: Sequence[str], *, bare: bool = False, options: Sequence[str] = ()
    ) -> None:
        """Put them into the venv; quick where they are there. Raises InstallError."""
        words = ["install", "--progress-bar", "off", *(["--no-deps"] if bare else []), *options]
        self._run([*words, "--", *requirements], f"{_first(requirements)} was not installed")

    def would_bring_cuda(self, requirements: Sequence[str], options: Sequence[str] = ()) -> tuple[str, ...]:
        """Names of CUDA's packages that these would bring, found without installing. Raises InstallError."""
        report = self._scratch / "report.json"
        words = ["install", "--dry-run", "--quiet", "--report", str(report), *options, "--", *requirements]
        self._run(words, f"{_first(requirements)} cannot be looked up")
        found = json.loads(report.read_bytes())
        names = (re.sub(r"[-_.]+", "-", str(one["metadata"]["name"]).lower()) for one in found["install"])
        return tuple(sorted(name for name in names if _CUDA.match(name)))

    def packages(self) -> dict[str, str]:
        """All that is in the venv, with versions. Raises InstallError."""
        lines = self._run(["list", "--format", "json"], "what was installed cannot be listed")
        text = next((line for line in reversed(lines) if line.startswith("[")), "[]")
        return {str(one["name"]): str(one["version"]) for one in json.loads(text)}

    def works(self) -> bool:
        """Whether this venv has a pip that answers: one whose making was broken off may have none."""
        try:
            self._run(["--version"], "")
        except InstallError:
            return False
        return True

    def _run(self, words: Sequence[str], otherwise: str) -> list[str]:
        lines: deque[str] = deque(maxlen=LAST_LINES)
        doing = Doing()

        def hear(line: str) -> None:
            lines.append(line)
            doing.hear(line)

        try:
            status = run(
                [str(self._python), "-m", "pip", "--disable-pip-version-check", "--no-input", *words],
                environment(self._scratch),
                hear,
                lambda: self._look(doing),
            )
        except OSError as error:
            raise InstallError(f"{otherwise}: its Python cannot be run: {error}") from error
        if status != 0:
            what, next_step = explain(lines)
            raise InstallError(f"{otherwise}: {what}", next_step=next_step)
        return list(lines)

    def _look(self, doing: Doing) -> int:
        size = size_of(self._scratch)
        if phrase := doing.phrase(size):
            self._say(phrase)
        return size


class Doing:
    """What pip is at, from its lines and from what grows. Pure."""

    def __init__(self) -> None:
        self._what = ""
        self._total: str | None = None
        self._before = 0
        """Bytes that were there when this download began."""
        self._size = 0

    def hear(self, line: str) -> None:
        """A line of pip's."""
        words = line.split()
        if line.lstrip().startswith("Downloading ") and len(words) > 1:
            name = " ".join(words[1].rpartition("/")[2].split("-")[:2])  # the rest of a wheel's name is tags
            total = re.search(r"\(([\d.]+ [kMG]?B)\)", line)
            self._what, self._total = f"downloading {name}", total[1] if total else None
            self._before = self._size
        elif line.startswith("Collecting ") and len(words) > 1:
            self._what, self._total = f"looking for {words[1]}", None
        elif line.startswith("Installing collected packages"):
            self._what, self._total = f"unpacking {len(line.split(','))} packages", None
        elif "Building wheel for" in line or "Preparing metadata" in line:
            self._what, self._total = "building a package", None

    def phrase(self, size: int) -> str:
        """What to show. *size*: bytes of pip's own folder."""
        self._size = size
        if self._total is None:
            return self._what
        return f"{self._what}, {max(0, size - self._before) / 1e6:.0f} MB of {self._total}"


def explain(lines: Iterable[str]) -> tuple[str, str | None]:
    """What pip's last lines say of its failure, and what to do. Pure."""
    told = [line.strip() for line in lines if line.strip()]
    text = "\n".join(told)
    if re.search(r"No space left on device|Errno 28|not enough space", text):
        return "no space left on the device", "make room, and run the same command again: it goes on"
    unmatched = re.search(r"No matching distribution found for (.+)", text)
    if re.search(
        r"NewConnectionError|ConnectTimeout|name resolution|ProxyError|Read timed out|Connection reset"
        r"|Connection broken|ReadTimeoutError|Max retries exceeded|getaddrinfo failed",
        text,
    ):
        return (
            "the package index cannot be reached",
            "look at the network or pip's configuration, and run it again",
        )
    if "SSLError" in text or "CERTIFICATE_VERIFY_FAILED" in text:
        return "the package index cannot be trusted: its certificate", "see `pip config` and PIP_CERT"
    if unmatched:
        return (
            f"{unmatched[1]} is not to be had for this Python and machine from pip's package index",
            "another Python: --python; another index: --index-url, or pip's configuration",
        )
    errors = [line.removeprefix("ERROR:").strip() for line in told if line.startswith("ERROR:")]
    return (errors or told or ["pip said nothing"])[-1][:300], None


def environment(scratch: Path) -> dict[str, str]:
    """This process's, without what would mislead pip or venv; what they unpack goes to *scratch*."""
    found = {key: value for key, value in os.environ.items() if key not in _CLEAN}
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    return {**found, **places, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"}


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    hear: Callable[[str], None],
    look: Callable[[], int],
) -> int:
    """Run a program to its end; its status. *hear* gets its lines, *look* is called while it runs.

    *look* returns a number that changes as long as something happens. Raises OSError if it cannot be
    started, InstallError if nothing happens for QUIET seconds. Interrupted, it takes the program with it.
    """
    clock = SystemClock()
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        encoding="utf-8",
        errors="replace",
    ) as program:
        assert program.stdout is not None
        stdout = program.stdout

        def read() -> None:
            for line in stdout:
                lines.put(line.rstrip("\n"))
            lines.put(None)

        reader = threading.Thread(target=read, name="pip", daemon=True)
        reader.start()
        try:
            seen, changed = -1, clock.monotonic()
            while True:
                try:
                    line = lines.get(timeout=TICK)
                except queue.Empty:
                    pass
                else:
                    if line is None:
                        break
                    hear(line)
                    changed = clock.monotonic()
                if (now := look()) != seen:
                    seen, changed = now, clock.monotonic()
                elif clock.monotonic() - changed > QUIET:
                    raise InstallError(
                        f"nothing happened for {QUIET:.0f} s", next_step="run it again: it goes on"
                    )
            return program.wait(QUIET)
        except BaseException:
            program.kill()
            raise
        finally:
            reader.join()


def size_of(folder: Path) -> int:
    """Bytes of all files below *folder*; what vanishes meanwhile does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size  # noqa: PTH116, PTH118  # often, and many
            except OSError:
                continue
    return total


def _first(requirements: Sequence[str]) -> str:
    return requirements[0] if len(requirements) == 1 else f"{requirements[0]} (or what goes with it)"
