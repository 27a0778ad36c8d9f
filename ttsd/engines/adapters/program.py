"""One run of a program: text in by stdin, sound out by stdout, the last line of stderr kept.

Invariants: the program leads a process group of its own, and the whole group is ended when the run is,
on every way out; if this process is killed first, the guard ends the group (not on Windows, where a
program ends when it next writes). There is no shell between us and the program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

from ttsd.errors import EngineCancelled, EngineRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

ENDING = 2.0
"""Seconds between the end of its output and being killed."""
PIECE = 16384
"""Bytes read at once; what is there is taken, nothing is waited for."""
LONGEST_LINE = 300
"""Characters of a line of stderr that are kept."""

# Each line names the group that runs now, an empty one says that none does. At the end of its stdin,
# which is the end of whoever holds the other end, the guard kills the last one named.
_GUARD = 'while read -r group; do last=$group; done; [ -z "$last" ] || kill -s KILL -- "-$last"'


class Guard:
    """Outlives this process by a moment, to end what it leaves. Does nothing on Windows."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform != "win32":
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # it must not be killed with us
            )

    def watch(self, group: int | None) -> None:
        """*group* is to end with us; None: nothing is."""
        if self._process is not None and self._process.stdin is not None:
            try:
                self._process.stdin.write(b"\n" if group is None else f"{group}\n".encode())
            except OSError:  # somebody ended it: what it guarded against may not happen at all
                pass

    def close(self) -> None:
        """End it; idempotent."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


class Run:
    """One run. `output` is for one thread, `kill` for any."""

    def __init__(self, argv: Sequence[str], text: str | None, folder: Path, guard: Guard) -> None:
        """Start it in *folder*; *text* (None: nothing) is its stdin. Raises EngineRefused."""
        self._guard = guard
        self._lock = threading.Lock()
        self._over = False
        self._killed = False
        self._last = ""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                bufsize=0,
                start_new_session=sys.platform != "win32",
                creationflags=flags,
            )
        except (OSError, ValueError) as error:
            # ValueError's text would show the arguments.
            why = error.strerror if isinstance(error, OSError) else "its arguments cannot be passed on"
            raise EngineRefused(f"its program cannot be started: {why}") from None
        guard.watch(self._process.pid)
        self._threads = [threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)]
        if text is not None:
            self._threads.append(
                threading.Thread(target=_feed, args=(self._process.stdin, text), daemon=True)
            )
        for thread in self._threads:
            thread.start()

    def output(self) -> Generator[bytes, None, None]:
        """What it writes, as it comes. Raises EngineRefused if it fails, EngineCancelled after `kill`."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while data := stdout.read(PIECE):
                yield data
            status: int | None = None
            try:
                status = self._process.wait(ENDING)
            except subprocess.TimeoutExpired:
                pass  # the sound is whole; what else it does is not wanted
        finally:
            self._end()
        if self._killed:
            raise EngineCancelled("cancelled")
        if status:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
            raise EngineRefused(f"its program {how}")

    def last_line(self) -> str:
        """The last line of its stderr, for people; complete after `output`."""
        return self._last

    def kill(self) -> None:
        """End it, and what it started, now."""
        with self._lock:
            self._killed = True
            if not self._over:
                _kill(self._process)

    def _end(self) -> None:
        with self._lock:
            self._over = True
            # Also when it has ended by itself: what it left in its group would hold our pipes open. A
            # group that still has members keeps its number, so this cannot hit another one.
            _kill(self._process)
        self._process.wait()
        self._guard.watch(None)
        for thread in self._threads:
            thread.join(ENDING)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None and not any(thread.is_alive() for thread in self._threads):
                pipe.close()

    def _listen(self, stderr: IO[bytes]) -> None:
        tail = b""
        while data := stderr.read(PIECE):
            tail = (tail + data)[-PIECE:]
            lines = [line for line in tail.splitlines() if line.strip()]
            if lines:
                self._last = lines[-1].decode("utf-8", "replace").strip()[:LONGEST_LINE]


def _feed(stdin: IO[bytes], text: str) -> None:
    """In a thread: a program may write before it has read."""
    try:
        with stdin:
            data = memoryview(text.encode())
            while data:
                data = data[stdin.write(data) :]
    except OSError:  # it does not read, or has ended; its output and status tell what came of it
        pass


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False
            )
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it is over; macOS says so of what is not yet reaped
            pass
