"""Real sound servers for tests, each in a folder of its own, without hardware.

Every server has the sinks `ttsd` (what is tested) and `other` (the default one, so that sound which
goes astray is noticed).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import Samples

RATE = 48_000
SINKS = ("ttsd", "other")
_FORMAT = ("--format=float32le", f"--rate={RATE}", "--channels=2")


class SoundServer(Protocol):
    """A server that a test may start, kill and start again."""

    address: str
    """For libpulse: `unix:…`."""

    def start(self) -> None:
        """Start it, and wait until it answers and has its sinks."""
        ...

    def kill(self) -> None:
        """End it at once, as a crash would; idempotent."""
        ...

    def pactl(self, *arguments: str) -> str:
        """What `pactl` prints when asked so."""
        ...


class PulseAudio:
    """See SoundServer."""

    def __init__(self, folder: Path) -> None:
        """*folder*: its home, socket and log."""
        self.folder = folder
        (folder / "run").mkdir(mode=0o700, parents=True)
        self.socket = folder / "run" / "native"
        self.address = f"unix:{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str | None:
        """Why it cannot be had here; None: it can."""
        needed = [name for name in ("pulseaudio", "pactl", "parec") if shutil.which(name) is None]
        return f"{', '.join(needed)} missing: apt install pulseaudio pulseaudio-utils" if needed else None

    def environment(self) -> dict[str, str]:
        """What its programs and clients run with."""
        return {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "PULSE_SERVER": self.address,
        }

    def start(self) -> None:
        """See SoundServer."""
        self.socket.unlink(missing_ok=True)  # a killed server leaves it
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"]
        # norewinds: else a sink that nobody records sleeps up to two seconds at a time.
        modules += [f"module-null-sink sink_name={sink} norewinds=1 rate={RATE} channels=2" for sink in SINKS]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # No pid file: the pid in it may belong to a killed server's zombie.
                ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
                + ["--log-target=stderr", "--log-level=notice"]
                + [word for module in modules for word in ("-L", module)],
                env={k: v for k, v in self.environment().items() if k != "PULSE_SERVER"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: all(sink in self._try_sinks() for sink in SINKS), "the sound server", timeout=20)
        self.pactl("set-default-sink", "other")

    def kill(self) -> None:
        """See SoundServer."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def pactl(self, *arguments: str) -> str:
        """See SoundServer."""
        return subprocess.run(
            ["pactl", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout

    def _try_sinks(self) -> str:
        try:
            return self.pactl("list", "short", "sinks")
        except subprocess.CalledProcessError:
            return ""


class Recording:
    """What reaches a sink, from now on."""

    def __init__(self, server: PulseAudio, sink: str, file: Path) -> None:
        self.file = file
        with file.open("wb") as out:
            self._process = subprocess.Popen(
                ["parec", f"--device={sink}.monitor", "--raw", "--latency-msec=5", *_FORMAT],
                env=server.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
            )
        wait_for(lambda: self.file.stat().st_size, "the recording to run", timeout=20)

    def frames(self) -> Samples:
        """What has been recorded so far, shape (frames, 2)."""
        data = self.file.read_bytes()
        return np.frombuffer(data[: len(data) // 8 * 8], dtype=np.float32).reshape(-1, 2)

    def heard(self) -> Samples:
        """The left channel from the first to the last sample that is not silence."""
        left = self.frames()[:, 0]
        loud = np.flatnonzero(left)
        return left[loud[0] : loud[-1] + 1] if loud.size else left[:0]

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)


@contextmanager
def recording(server: PulseAudio, sink: str = "ttsd") -> Iterator[Recording]:
    """A recording that ends with the block."""
    made = Recording(server, sink, server.folder / f"{sink}.raw")
    try:
        yield made
    finally:
        made.stop()


def noise(seconds: float, seed: int = 1) -> Samples:
    """Noise without a zero, whose samples are exact in 16 bits."""
    drawn = np.random.default_rng(seed).integers(1, 8000, round(seconds * RATE))
    signs = np.where(drawn % 2, 1, -1)
    return np.asarray(drawn * signs / 32768, dtype=np.float32)
