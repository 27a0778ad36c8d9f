"""One run of a converter: a sentence's sound goes in, and comes out in another voice.

A program gets it by stdin and gives it by stdout, both at once; the last line of its stderr is kept. It leads a
process group of its own; after `end` nothing is left of it, and no thread. A converter's process, which stays,
gets the sentence when it is whole.
"""

from __future__ import annotations

import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from ttsd.engines.adapters.pcm import Pcm, PcmReader, WavReader
from ttsd.engines.engine import Request
from ttsd.errors import EngineCancelled, EngineRefused
from ttsd.model import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    from ttsd.engines.engine import Engine, Scalar
    from ttsd.model import Samples
    from ttsd.settings.voices import ConvertSettings

PIECE = 16384
"""Bytes read at once; what is there is taken, nothing is waited for."""
ENDING = 2.0
"""Seconds between the end of its output and being killed."""
LONGEST_LINE = 300
"""Characters of a line of stderr that are kept."""
_UNKNOWN = 0xFFFFFFFF
"""The length of a WAV that is still being made."""


class _Reader(Protocol):
    def feed(self, data: bytes) -> list[Chunk]: ...

    def finish(self) -> None: ...


class Run(Protocol):
    """`cancel` is for any thread, the rest for one."""

    last_line: str
    """Of what it printed; empty: nothing, or its errors tell it."""

    def feed(self, samples: Samples | None) -> None:
        """Give it more; None: that was all."""
        ...

    def take(self, patience: float) -> Chunk | None:
        """The next sound; None: there is none now, or, with *patience* (seconds), there will be no more.

        Raises EngineError if it failed, EngineCancelled after `cancel`.
        """
        ...

    def cancel(self) -> None:
        """End it now."""
        ...

    def end(self) -> None:
        """Wait until nothing is left of it."""
        ...


class ProgramRun:
    """A program's. See Run."""

    def __init__(self, settings: ConvertSettings, rate: int) -> None:
        """*rate*: frames per second of what it gets. Raises OSError if it cannot be started."""
        self._reader: _Reader = (
            WavReader() if settings.format == "wav" else PcmReader(Pcm(settings.rate or rate))
        )
        self._inputs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._outputs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._chunks: list[Chunk] = []
        self._over = False
        self._cancelled = False
        self._lock = threading.Lock()
        """Guards the process id against use after reaping."""
        self._reaped = False
        self.last_line = ""
        """Of its stderr."""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        try:
            self._process = subprocess.Popen(
                settings.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=settings.folder,
                bufsize=0,
                start_new_session=sys.platform != "win32",
                creationflags=flags,
            )
        except ValueError as error:  # a NUL in an argument
            raise OSError(0, "its arguments cannot be passed on") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._threads = [
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True),
        ]
        if settings.format == "wav":
            self._inputs.put(_header(rate))
        for thread in self._threads:
            thread.start()

    def feed(self, samples: Samples | None) -> None:
        """See Run."""
        import numpy as np

        if samples is None:
            self._inputs.put(None)
        else:
            self._inputs.put((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())

    def take(self, patience: float) -> Chunk | None:
        """See Run."""
        while not self._chunks:
            if self._over:
                return None
            try:
                data = self._outputs.get(timeout=patience) if patience else self._outputs.get_nowait()
            except queue.Empty:
                if not patience:
                    return None
                raise EngineRefused(f"it was silent for {patience:g} s") from None
            if self._cancelled:
                raise EngineCancelled("cancelled")
            if data:
                self._chunks += self._reader.feed(data)
            else:
                self._over = True
                self._check()
        return self._chunks.pop(0)

    def cancel(self) -> None:
        """See Run."""
        self._cancelled = True
        self._kill()

    def end(self) -> None:
        """See Run: what the program started ends, too."""
        self._inputs.put(None)
        self._kill()
        with self._lock:
            self._process.wait()
            self._reaped = True
        for thread in self._threads:
            thread.join(ENDING)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None and not any(thread.is_alive() for thread in self._threads):
                pipe.close()

    def _check(self) -> None:
        """Its output is over: how did it end? Raises EngineRefused."""
        try:
            status = self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            status = 0  # the sound is whole; what else it does is not wanted
        if status:
            raise EngineRefused(
                f"it was ended by signal {-status}" if status < 0 else f"it ended with status {status}"
            )
        self._reader.finish()

    def _kill(self) -> None:
        with self._lock:
            if self._reaped:
                return
            if sys.platform == "win32":
                self._process.kill()
            else:
                try:
                    os.killpg(self._process.pid, signal.SIGKILL)
                except (
                    ProcessLookupError,
                    PermissionError,
                ):  # it is over; macOS says so of what is not reaped
                    pass

    def _write(self, stdin: IO[bytes]) -> None:
        try:
            with stdin:
                while (data := self._inputs.get()) is not None:
                    view = memoryview(data)
                    while view:
                        view = view[stdin.write(view) :]
        except OSError:  # it does not read, or has ended; its output and status tell what came of it
            pass

    def _read(self, stdout: IO[bytes]) -> None:
        while data := stdout.read(PIECE):
            self._outputs.put(data)
        self._outputs.put(b"")

    def _listen(self, stderr: IO[bytes]) -> None:
        tail = b""
        while data := stderr.read(PIECE):
            tail = (tail + data)[-PIECE:]
            lines = [line for line in tail.splitlines() if line.strip()]
            if lines:
                self.last_line = lines[-1].decode("utf-8", "replace").strip()[:LONGEST_LINE]


class WorkerRun:
    """A sentence on its way through a converter's process, which knows how long it may take. See Run."""

    def __init__(self, engine: Engine, options: Mapping[str, Scalar], rate: int) -> None:
        """*rate*: frames per second of what it gets."""
        self._engine, self._options, self._rate = engine, options, rate
        self._fed: list[Samples] = []
        self._made: Iterator[Chunk] | None = None
        self._cancelled = False
        self.last_line = ""

    def feed(self, samples: Samples | None) -> None:
        """See Run."""
        if samples is not None:
            self._fed.append(samples)

    def take(self, patience: float) -> Chunk | None:
        """See Run."""
        import numpy as np

        if not patience:
            return None
        if self._made is None:
            sound = Chunk(np.concatenate(self._fed), self._rate)
            self._made = self._engine.synthesize(Request("", options=self._options, sound=sound))
        chunk = None if self._cancelled else next(self._made, None)
        if self._cancelled:
            raise EngineCancelled("cancelled")
        return chunk

    def cancel(self) -> None:
        """See Run."""
        self._cancelled = True
        self._engine.cancel()

    def end(self) -> None:
        """See Run: the process stays."""
        if close := getattr(self._made, "close", None):
            close()


def _header(rate: int) -> bytes:
    """Of a WAV that is still being made: 16 bits, mono."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE") + form + struct.pack("<4sI", b"data", _UNKNOWN)
