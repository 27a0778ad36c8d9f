"""A worker's process, seen from the daemon: started, read, fed, ended and reaped.

Invariants
- One thread owns the process: it starts it, reads its stdout and reaps it. (The kernel's parent-death
  signal goes out when the *thread* that started a process ends, so that thread must be a lasting one.)
- `send` waits for nobody: another thread writes, so that a process that does not read holds up nobody.
- The process leads a group of its own: Ctrl-C in a terminal does not reach it before the daemon
  stops it, and what it started ends with it.
- After `end` there is no process, no thread and no descriptor left.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import IO, TYPE_CHECKING

from ttsd.engines import wire
from ttsd.engines.inbox import Inbox
from ttsd.errors import EngineCrashed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ttsd.engines.wire import Event

LAST_LINES = 12
"""Lines of stderr remembered for the report of a crash."""
LONGEST_LINE = 500
"""Characters of a line of stderr that are kept."""
PIPE = 1 << 18
"""Bytes of sound that fit into its stdout (Linux), so that it goes on while the daemon's thread wakes up."""
GRACE = 1.0
"""Seconds between the end of its stdin and being killed."""


class Child:
    """One process. `send` and `receive` are for one thread; `wake`, `kill` and `end` for any."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        heard: Callable[[str], str | None],
    ) -> None:
        """Start it. *heard* gets each line of stderr and returns what may be remembered of it.

        Raises EngineCrashed if it cannot be started.
        """
        self._command = list(command)
        self._environment = dict(environment)
        self._heard = heard
        self._inbox = Inbox()
        self._process: subprocess.Popen[bytes] | None = None
        self._fault: wire.WireError | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        """What is to be written to stdin; None: it is to be closed."""
        self._reads = True
        """Nothing says that it does not read any more."""
        self._living = threading.Lock()
        """Guards the process id against use after reaping."""
        self._reaped = False
        started: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()
        self._owner = threading.Thread(target=self._own, args=(started,), name=f"engine-{name}", daemon=True)
        self._owner.start()
        if (failure := started.get()) is not None:
            self._owner.join()
            raise EngineCrashed(f"its process cannot be started: {failure}", where=name)

    @property
    def pid(self) -> int | None:
        """Its process id; None once it has ended."""
        return None if self._process is None or self._reaped else self._process.pid

    @property
    def alive(self) -> bool:
        """It has not closed its side (it may hang)."""
        return not self._inbox.closed

    def send(self, event: Event) -> None:
        """Have an event written. Raises OSError if it no longer reads."""
        data = wire.encode(event)
        if not self._reads:
            raise BrokenPipeError("its stdin is closed")
        self._outgoing.put(data)

    def receive(self, timeout: float) -> Event | None:
        """The next event; None after *timeout* seconds or a `wake`. Raises inbox.Closed at its end."""
        return self._inbox.get(timeout)

    def wake(self) -> None:
        """Let `receive` return."""
        self._inbox.wake()

    def last_words(self) -> str:
        """How it ended and the last lines of its stderr; waits a moment for the end to be complete."""
        self._owner.join(2 * GRACE)
        if self._fault is not None:
            how = f"wrote what is no protocol: {self._fault.what}"
        elif self._process is None or self._process.returncode is None:
            how = "closed its output without ending"
        elif self._process.returncode < 0:
            how = f"was ended by {_signal_name(-self._process.returncode)}"
        else:
            how = f"ended with status {self._process.returncode}"
        lines = "; ".join(self._lines)
        return f"its process {how}" + (f"; it said: {lines}" if lines else "")

    def kill(self) -> None:
        """End it at once, and what it started, without waiting; idempotent."""
        self._inbox.close()
        with self._living:
            if self._process is not None and not self._reaped:
                _kill(self._process)

    def end(self) -> None:
        """Ask it to end, kill it after GRACE seconds, wait until nothing is left of it; idempotent."""
        self._close_stdin()
        self._inbox.close()
        self._owner.join(GRACE)
        if self._owner.is_alive():
            self.kill()
            self._owner.join()

    def _close_stdin(self) -> None:
        self._reads = False
        self._outgoing.put(None)

    def _write(self) -> None:
        """Until `_close_stdin`, or until it does not read any more: what is left then is for nobody."""
        stdin = _pipe(None if self._process is None else self._process.stdin)
        try:
            with stdin:
                while (data := self._outgoing.get()) is not None:
                    stdin.write(data)
                    stdin.flush()
        except OSError:
            self._reads = False

    def _own(self, started: queue.SimpleQueue[OSError | None]) -> None:
        try:
            self._process = process = _spawn(self._command, self._environment)
        except OSError as error:
            self._inbox.close()
            started.put(error)
            return
        started.put(None)
        listener = threading.Thread(target=self._listen, name=f"{self._owner.name}-log", daemon=True)
        listener.start()
        writer = threading.Thread(target=self._write, name=f"{self._owner.name}-in", daemon=True)
        writer.start()
        try:
            while (event := wire.read(_pipe(process.stdout))) is not None:
                self._inbox.put(event)
        except wire.Truncated:  # it ended inside an event: how, its exit status tells
            pass
        except wire.WireError as error:
            # Where the next event begins is unknown: this process is of no use any more.
            self._fault = error
            self.kill()
        except OSError:  # the pipe is gone: the same as its end
            pass
        self._inbox.close()
        self._close_stdin()
        for thread in (listener, writer):
            thread.join(GRACE)
            if thread.is_alive():  # it, or what it started, holds its stderr or stdin open
                self.kill()
                thread.join(GRACE)
        self._reap(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None and not listener.is_alive():
                pipe.close()

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        with self._living:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                _kill(process)
                process.wait()
            self._reaped = True

    def _listen(self) -> None:
        stderr = None if self._process is None else self._process.stderr
        for raw in iter(lambda: _pipe(stderr).readline(LONGEST_LINE), b""):
            line = raw.decode("utf-8", "replace").rstrip()
            if line and (kept := self._heard(line)):
                self._lines.append(kept)


def _spawn(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # No preexec_fn: it would forbid vfork, and a fork of a large daemon is slow.
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=sys.platform != "win32",
        creationflags=flags,
    )
    if sys.platform == "linux":
        import fcntl

        # Refused where this user's pipes hold as much as they may; then it stays as the system made it.
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(_pipe(process.stdout), fcntl.F_SETPIPE_SZ, PIPE)
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that is not reaped yet, and its group."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended
            pass


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise BrokenPipeError("no pipe")
    return stream


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
