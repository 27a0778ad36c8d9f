"""Any program that writes sound to its stdout is an engine: one run of it for each sentence.

The text goes to its stdin, or in place of `{text}` among its arguments; no shell reads either. The
program's words reach an error by the last line of its stderr, unless that repeats the text.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines.adapters.pcm import Pcm, PcmReader, WavReader
from ttsd.engines.adapters.program import Guard, Run
from ttsd.engines.catalog import defaults
from ttsd.engines.options import names
from ttsd.engines.privacy import withhold
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, EngineSilent
from ttsd.model import Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import Chunk

UNNAMED = "default"
"""The voice of a program that was given no names."""
_BLANKS = re.compile(r"\{(text|voice|speaker|language)\}")


class Command:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._base = Path()
        self._argv: list[str] = []
        self._voices: tuple[str, ...] = ()
        self._guard: Guard
        self._lock = threading.Lock()
        self._cancelled = False
        self._run: Run | None = None

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: find the program; it runs with the first sentence."""
        import numpy as np

        del progress  # there is nothing to tell
        np.zeros(1)  # imported now rather than at the first sentence
        self._base = setup.base.absolute()
        self._argv = split(str(setup.options.get("command", "")))
        if not self._argv:
            raise EngineMissing(
                "has no program to run", next_step='set command = "program arguments" in [engine.command]'
            )
        self._argv[0] = self._found(self._argv[0])
        by_argument = any("{text}" in argument for argument in self._argv[1:])
        if by_argument and sys.platform == "win32" and self._argv[0].lower().endswith((".bat", ".cmd")):
            # Windows gives their arguments to its shell.
            raise EngineRefused(
                "a batch file cannot get the text as an argument", next_step="let it read stdin"
            )
        self._voices = named(setup)
        self._guard = Guard()

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return tuple(Voice(name) for name in self._voices)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        reader = _reader({**defaults("command"), **request.options})
        text = request.text.replace("\0", "")
        with self._lock:
            self._cancelled = False
        argv, by_argument = self._filled(request, text)
        run = Run(argv, None if by_argument else text, self._base, self._guard)
        with self._lock:
            self._run = run
            if self._cancelled:
                run.kill()
        output = run.output()
        some = False
        try:
            for data in output:
                some = True
                yield from reader.feed(data)
            if not some:
                raise EngineSilent("its program wrote nothing")
            reader.finish()
        except EngineCancelled:
            raise
        except EngineError as error:
            output.close()  # its stderr is complete then
            if said := withhold(run.last_line(), text):
                error.what = f"{error.what}; it said: {said}"
            raise
        finally:
            with self._lock:
                self._run = None
            output.close()

    def cancel(self) -> None:
        """See Adapter: the program is killed, with what it started."""
        with self._lock:
            self._cancelled = True
            if self._run is not None:
                self._run.kill()

    def close(self) -> None:
        """See Adapter."""
        self._guard.close()

    def _found(self, program: str) -> str:
        """A name is looked for on PATH, a path from the configuration's folder."""
        path = Path(program).expanduser()
        beside = str(self._base / path) if len(path.parts) > 1 or path.is_absolute() else program
        found = shutil.which(beside)
        if found is None:
            raise EngineMissing(
                f"there is no program {program}", next_step="install it, or give its whole path in command"
            )
        return found

    def _filled(self, request: Request, text: str) -> tuple[list[str], bool]:
        """The arguments of this sentence, and whether the text is among them."""
        voice = request.voice or self._voices[0]
        given = {
            "text": text,
            "voice": "" if voice == UNNAMED else voice,
            "speaker": request.speaker or "",
            "language": request.language or "",
        }
        argv = [self._argv[0]]
        for argument in self._argv[1:]:
            filled = _BLANKS.sub(lambda blank: given[blank[1]], argument)
            if filled.startswith("-") and not argument.startswith("-"):
                filled = f" {filled}"  # a line of a chat must not be taken for an option
            argv.append(filled)
        return argv, any("{text}" in argument for argument in self._argv[1:])


def split(command: str) -> list[str]:
    """A command's words, as a POSIX shell would split them. Raises EngineRefused.

    On Windows a backslash is what it is in a path.
    """
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if sys.platform == "win32":
        lexer.escape = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise EngineRefused(f"command cannot be read: {error}", next_step="close its quotes") from error


def named(setup: Setup) -> tuple[str, ...]:
    """The voices the user named, the default one first; at least one."""
    known = names(setup.options.get("voices", ""))
    if setup.voice:
        known.insert(0, setup.voice)
    return tuple(dict.fromkeys(known)) or (UNNAMED,)


def _reader(options: Mapping[str, Scalar]) -> PcmReader | WavReader:
    if options["format"] == "wav":
        return WavReader()
    return PcmReader(Pcm(int(options["rate"]), int(options["channels"]), str(options["sample_format"])))
