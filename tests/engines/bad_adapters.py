"""Engines that misbehave, each in its own way; loaded by workers through `--adapter`, never by the product."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttsd.errors import EngineMissing, EngineRefused
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request

RATE = 16000


def beep(seconds: float) -> Chunk:
    """A sound."""
    return Chunk((np.sin(np.arange(int(RATE * seconds)) / 10) / 2).astype(np.float32), RATE)


class Good:
    """Speaks a tenth of a second for each character; the base of those that do not."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Ready."""
        self.setup = setup
        progress("warming up")

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Nothing to do."""

    def voices(self) -> tuple[Voice, ...]:
        """Two, one of which has speakers."""
        return Voice("first", "en-US"), Voice("second", "de-DE", ("anna", "bert"))

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Chunks of a tenth of a second."""
        for _ in request.text:
            yield beep(0.1)

    def cancel(self) -> None:
        """Nothing to do: chunks are short."""

    def close(self) -> None:
        """Nothing to do."""


class Chatty(Good):
    """Prints to stdout, in Python and below it, and repeats its text on stderr."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """As libraries do."""
        super().open(setup, progress)
        print("loading the model …", flush=True)  # noqa: T201  # what libraries do
        os.write(1, b"a C library's banner\n")

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """As libraries do."""
        print(f"> speaking {request.text!r}", flush=True)  # noqa: T201  # what libraries do
        assert sys.stdin.read() == ""
        yield from super().synthesize(request)


class Dying(Good):
    """Ends in the middle of a sentence."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A second, and no more."""
        sys.stderr.write(f"speaking {request.text}\nfatal: out of cheese\n")
        sys.stderr.flush()
        for _ in range(10):
            yield beep(0.1)
        time.sleep(0.05)
        os._exit(3)


class Hanging(Good):
    """Stops in the middle of a sentence and hears nothing any more."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Half a second, then nothing for a long time."""
        yield beep(0.5)
        time.sleep(3600)


class Mute(Good):
    """Takes the sentence and never begins."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Nothing for a long time."""
        time.sleep(3600)
        yield beep(0.5)


class SlowToLoad(Good):
    """Takes its time, and tells how far it is."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """A long time."""
        progress("step one of many")
        time.sleep(3600)


class NotNumbers(Good):
    """Begins well."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A second of sound, then NaN."""
        yield beep(1)
        yield Chunk(np.full(100, np.nan, np.float32), RATE)


class Absurd(Good):
    """Loud beyond reason."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Numbers that are no sound."""
        yield Chunk(np.full(100, 1e9, np.float32), RATE)


class Silent(Good):
    """Gives zeros."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A second of them."""
        for _ in range(10):
            yield Chunk(np.zeros(RATE // 10, np.float32), RATE)


class Nothing(Good):
    """Gives no chunk at all."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Ends before it begins."""
        yield from ()


class Endless(Good):
    """Never stops speaking."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """On and on."""
        while True:
            yield beep(5)


class Loud(Good):
    """Clips, as many voices do now and then."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Four times too loud."""
        loud = beep(0.2)
        yield Chunk(loud.samples * 4, RATE)


class Refusing(Good):
    """Raises whatever libraries raise."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A library's own error, or one of ours."""
        if "ours" in request.text:
            raise EngineRefused("the text is too long", next_step="make it shorter")
        if "memory" in request.text:
            raise MemoryError
        raise KeyError("phoneme")
        yield beep(1)  # type: ignore[unreachable]  # it makes this a generator


class OutOfMemory(Good):
    """Has no room left in the middle of a sentence, as torch says it."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Half a second, and no more."""
        yield beep(0.5)

        class OutOfMemoryError(RuntimeError):
            """torch's own is a RuntimeError, too."""

        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


class Killed(Good):
    """Is ended by the kernel, whose memory ran out."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Half a second, and no more."""
        yield beep(0.5)
        time.sleep(0.05)
        os.kill(os.getpid(), 9)
        time.sleep(3600)


class TooShort(Good):
    """Says it is done when it has hardly begun."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A quarter of a second."""
        yield beep(0.25)


class Corrupt(Good):
    """Its model is no model."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """As onnxruntime says it."""
        raise RuntimeError("INVALID_PROTOBUF : Load model from x.onnx failed: Protobuf parsing failed.")


class NoFile(Good):
    """A file that its library wants is not there."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """As Python says it."""
        (Path(setup.base) / "config.json").read_bytes()


class Large(Good):
    """Holds 200 MB, as models do."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Touched, so that they are really taken."""
        super().open(setup, progress)
        self.weights = np.ones(25_000_000)


class NoModel(Good):
    """Is installed, but its model is not."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Says what is missing."""
        raise EngineMissing("its model is not there", next_step="fetch it")


class Garbling(Good):
    """Finds the protocol's descriptor and writes into it."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A chunk, then bytes that are none."""
        yield beep(0.3)
        time.sleep(0.05)
        for entry in Path("/proc/self/fd").iterdir():
            if int(entry.name) > 2 and str(entry.readlink()).startswith("pipe:"):
                try:
                    os.write(int(entry.name), b"Segmentation fault (core dumped)\n")
                except OSError:
                    continue
        time.sleep(3600)


class Uncancellable(Good):
    """Computes on, whatever it is told; its first sound comes at once."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """A sound, then a long computation that nobody can stop."""
        yield beep(0.2)
        end = time.monotonic() + 3600
        while time.monotonic() < end:
            pass


class Counted(Good):
    """Counts how often it is opened; on stopping see those that follow."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """Write down the process."""
        super().open(setup, progress)
        with (Path(setup.base) / "opened").open("a+") as file:
            file.write(f"{os.getpid()}\n")
            file.flush()
            file.seek(0)
            self.nth = len(file.readlines())

    def wait_for_file(self, name: str) -> None:
        """Until the test has made it."""
        while not (Path(self.setup.base) / name).exists():
            time.sleep(0.005)


class SecondWaits(Counted, Uncancellable):
    """Cannot be cancelled; the process that comes after it waits for the file `go`."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See above."""
        super().open(setup, progress)
        if self.nth == 2:
            self.wait_for_file("go")


class SecondFails(Counted, Uncancellable):
    """Cannot be cancelled; the process that comes after it cannot be loaded, the third can."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See above."""
        super().open(setup, progress)
        if self.nth == 2:
            raise EngineMissing("there is no room for two")


class StopsLate(SecondWaits):
    """Goes on with its first sentence until there is the file `stop`."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See above."""
        yield beep(0.2)
        self.wait_for_file("stop")
        yield beep(0.2)


class WithOptions(Good):
    """Sounds as many tenths of a second as its options say."""

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """Voice and options decide."""
        speakers = {"anna": 2, "bert": 3}
        tenths = speakers.get(request.speaker or "", 1) * int(request.options.get("top_k", 1))
        for _ in range(tenths * (10 if request.voice == "second" else 1)):
            yield beep(0.1)
