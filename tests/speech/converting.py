"""Converters that work and some that do not, each in its own way; run by real workers, in place of so-vits-svc."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np

from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request

SPEAKERS = ("ana", "bo")


class Halve:
    """Half as loud, at twice the rate, a tenth of a second at a time; counts its sentences in its folder."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Ready."""
        self.cancelled = threading.Event()
        self.setup = setup
        with (setup.base / "opened").open("a") as file:
            file.write(f"{os.getpid()}\n")

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Nothing to do."""

    def voices(self) -> tuple[Voice, ...]:
        """A model with two speakers."""
        return (Voice("model", None, SPEAKERS),)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See the class."""
        self.cancelled.clear()
        if request.sound is None:
            raise EngineRefused("it speaks no texts")
        speaker = request.options.get("speaker", SPEAKERS[0])
        if speaker not in SPEAKERS:
            raise UnknownVoice(f"has no speaker {speaker}", next_step=f"it has {', '.join(SPEAKERS)}")
        rate = request.sound.rate
        samples = np.repeat(request.sound.samples * np.float32(0.5), 2)
        for start in range(0, len(samples), rate // 5):
            yield Chunk(samples[start : start + rate // 5], 2 * rate)
            self.between()

    def between(self) -> None:
        """What it does between two chunks."""

    def cancel(self) -> None:
        """From another thread."""
        self.cancelled.set()

    def close(self) -> None:
        """Nothing to do."""


class Crashing(Halve):
    """Ends in the middle of a sentence."""

    def between(self) -> None:
        """See the class."""
        os._exit(9)


class Hanging(Halve):
    """Gives no second chunk until it is cancelled."""

    def between(self) -> None:
        """See the class."""
        self.cancelled.wait(60)
        raise EngineCancelled("cancelled")


class Deaf(Halve):
    """Does not even read what it is sent."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Opens, and stops itself at the first sentence."""
        super().open(setup, progress)
        if sys.platform != "win32":
            timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGSTOP))
            timer.daemon = True
            timer.start()


class Silent(Halve):
    """Gives as much silence as it got sound."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See the class."""
        for chunk in super().synthesize(request):
            yield Chunk(chunk.samples * 0, chunk.rate)


class Brief(Halve):
    """Gives the first tenth of a second alone."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See the class."""
        yield next(super().synthesize(request))


class Absent(Halve):
    """Has no model."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See the class."""
        raise EngineMissing("has no model: there is no sovits", next_step="put one there")
