"""Which language a text is in: asked of a process of its own, because the library is large.

Invariants: never raises and never waits for long; a process that died, hangs or cannot start costs the
lines meanwhile nothing but their detection, is told once, and is started again after a pause. Texts too
short to tell are not asked about. Any thread may ask; `close` leaves nothing.
"""

from __future__ import annotations

import importlib.util
import json
import queue
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.logger import Logger
from ttsd.text.language import AUTO, LAST_RESORT, general, is_tag, of_settings
from ttsd.text.telling import LONGEST, tells

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO, Self

    from ttsd.clock import Clock
    from ttsd.settings import Settings

log = Logger("ttsd.speech")

LIBRARY = "py3langid"
INSTALL = 'pip install "ttsd[languages]"'
START = 10.0
"""Seconds until its first answer, with the library's models."""
ANSWER = 2.0
"""Seconds until every other answer."""
PAUSE = 30.0
"""Seconds until a process that failed is started again."""
REMEMBERED = 512
"""Texts whose language is known: a line is read more than once."""
_WORKER = Path(__file__).with_name("detect_worker.py")


def detector(settings: Settings, clock: Clock | None = None) -> Detector | None:
    """What tells the languages of lines, if any source wants that; where it cannot, the log says so."""
    if not any(source.language == AUTO for source in settings.sources):
        return None
    if importlib.util.find_spec(LIBRARY) is None:
        log.warning("language_not_detected", reason=f"the package {LIBRARY} is missing", next_step=INSTALL)
        return None
    told = [*settings.language, *(s.language or "" for s in settings.sources), of_settings(settings) or ""]
    expected = sorted({general(tag) for tag in told if is_tag(tag)} | {LAST_RESORT})
    return Detector(clock, expected=expected)


class Detector:
    """Tells languages. Starts its process with the first text that needs it."""

    def __init__(
        self,
        clock: Clock | None = None,
        command: Sequence[str] | None = None,
        *,
        expected: Sequence[str] = (),
    ) -> None:
        """*command*: the process; default: ttsd's own, in this interpreter. *expected*: languages that
        lines are likely to be in."""
        self._clock = clock or SystemClock()
        self._command = tuple(command or (sys.executable, "-I", str(_WORKER), *expected))
        self.expected = tuple(expected)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str | None] = OrderedDict()
        self._process: _Process | None = None
        self._rests_until = 0.0
        self._closed = False

    def __call__(self, text: str) -> str | None:
        """The text's BCP 47 tag; None: it is too short, in no language, or nobody can tell now."""
        found = tells(text)
        if isinstance(found, str):
            return found
        if not found:
            return None
        if not self._lock.acquire(timeout=ANSWER):  # somebody waits for its start: it need not be two
            return None
        try:
            return self._remembered(text[:LONGEST])
        finally:
            self._lock.release()

    def _remembered(self, text: str) -> str | None:
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        try:
            answer = self._ask(text)
        except _SilentError as error:
            self._rests_until = self._clock.monotonic() + PAUSE
            log.warning("language_not_detected", reason=str(error), rest_seconds=PAUSE)
            return None
        if self._process is not None:
            self._known[text] = answer
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; idempotent. Afterwards nothing is detected."""
        with self._lock:
            self._closed = True
            self._end()

    def _ask(self, text: str) -> str | None:
        if self._closed or self._clock.monotonic() < self._rests_until:
            return None
        patience = ANSWER
        if self._process is None:
            patience = START
            self._process = _Process(self._command)
        try:
            return self._process.ask(text, patience)
        except _SilentError:
            self._end()
            raise

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


class _SilentError(Exception):
    """It did not answer."""


class _Process:
    """One process: a JSON text a line in, a JSON tag (or null) a line out."""

    def __init__(self, command: Sequence[str]) -> None:
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=sys.platform != "win32",
                creationflags=flags,
            )
        except OSError as error:
            raise _SilentError(f"its process cannot be started: {error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, args=(self._stdout,), name="detect", daemon=True)
        self._thread.start()

    def ask(self, text: str, patience: float) -> str | None:
        """Raises _SilentError after *patience* seconds, or if it has ended."""
        try:
            self._stdin.write(json.dumps(text).encode() + b"\n")
            self._stdin.flush()
            answer = json.loads(self._answers.get(timeout=patience) or b"?")
        except queue.Empty:
            raise _SilentError("no answer in time") from None
        except (OSError, ValueError):
            raise _SilentError("its process has ended") from None
        return answer if isinstance(answer, str) else None

    def end(self) -> None:
        """Kill it: it has nothing to lose."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._stdout.close()
        try:
            self._stdin.close()
        except OSError:  # unsent bytes for a process that is gone
            pass

    def _listen(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._answers.put(line)
        self._answers.put(b"")
