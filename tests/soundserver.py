"""Real sound servers for tests, each in a folder of its own, without hardware.

Every server has the sinks `ttsd` (what is tested) and `other` (the default one, so that sound which
goes astray is noticed).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ttsd.model import Samples

RATE = 48_000
SINKS = ("ttsd", "other")
_FORMAT = ("--format=float32le", f"--rate={RATE}", "--channels=2")


class SoundServer:
    """A server that a test may start, kill and start again."""

    NEEDS: ClassVar[dict[str, str]]
    """Its programs, and the Debian package that brings each."""
    RECORDING_MS: ClassVar = 5
    """Latency that a recording asks for."""
    LATENCY: ClassVar = 0.04
    """Latency with which an output loses nothing here, however busy the machine; seconds."""
    CYCLE: ClassVar = 0
    """Frames: it may lose whole multiples of them on a busy machine; 0: it loses none."""

    def __init__(self, folder: Path) -> None:
        """*folder*: its home, sockets and log; made here."""
        self.folder = folder
        self.run = folder / "run"
        (self.run / "pulse").mkdir(mode=0o700, parents=True)
        self.run.chmod(0o700)
        self.socket = self.run / "pulse" / "native"
        self.address = f"unix:{self.socket}"
        """For libpulse."""
        self._processes: list[subprocess.Popen[bytes]] = []

    @classmethod
    def missing(cls) -> str | None:
        """Why it cannot be had here; None: it can."""
        needed = {**cls.NEEDS, "pactl": "pulseaudio-utils", "parec": "pulseaudio-utils"}
        packages = sorted({package for name, package in needed.items() if shutil.which(name) is None})
        return f"missing: apt install {' '.join(packages)}" if packages else None

    def environment(self) -> dict[str, str]:
        """What its clients run with."""
        return {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.run),
            "PULSE_SERVER": self.address,
        }

    def start(self) -> None:
        """Start it, and wait until it answers and has its sinks."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, as a crash would; idempotent."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(10)
        self._processes.clear()
        self.socket.unlink(missing_ok=True)

    def add_sink(self, name: str) -> None:
        """Plug a sink in, and wait until it is there."""
        # norewinds: else a sink that nobody records sleeps up to two seconds at a time.
        norewinds = ["norewinds=1"] if isinstance(self, PulseAudio) else []
        self.pactl(
            "load-module", "module-null-sink", f"sink_name={name}", f"rate={RATE}", "channels=2", *norewinds
        )
        wait_for(lambda: name in self.pactl("list", "short", "sinks"), f"sink {name}")

    def remove_sink(self, name: str) -> None:
        """Unplug it."""
        modules = self.pactl("list", "short", "modules").splitlines()
        self.pactl("unload-module", next(m.split()[0] for m in modules if f"sink_name={name} " in f"{m} "))

    @contextmanager
    def record(self, source: str) -> Iterator[Recording]:
        """What comes out of *source*, within the block."""
        made = Recording(self, source, self.folder / f"{source}.raw")
        try:
            yield made
        finally:
            made.stop()

    def pactl(self, *arguments: str) -> str:
        """What `pactl` prints when asked so."""
        return subprocess.run(
            ["pactl", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout

    def _spawn(self, *command: str) -> None:
        environment = {key: value for key, value in self.environment().items() if key != "PULSE_SERVER"}
        with (self.folder / "log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )

    def _furnish(self) -> None:
        wait_for(lambda: self._succeeds("info"), "the sound server", timeout=20)
        for sink in SINKS:
            self.add_sink(sink)
        # PipeWire answers a little before it knows what a default is.
        wait_for(lambda: self._succeeds("set-default-sink", "other"), "the default sink to be taken")
        wait_for(lambda: "Default Sink: other" in self.pactl("info"), "the default sink")

    def _succeeds(self, *arguments: str) -> bool:
        try:
            self.pactl(*arguments)
        except subprocess.CalledProcessError:
            return False
        return True


class PulseAudio(SoundServer):
    """PulseAudio alone."""

    NEEDS: ClassVar = {"pulseaudio": "pulseaudio"}

    def start(self) -> None:
        """See SoundServer."""
        self._spawn(
            # No pid file: the pid in it may belong to a killed server's zombie.
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
            *("--log-target=stderr", "--log-level=notice"),
            *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"),
        )
        self._furnish()


class PipeWire(SoundServer):
    """PipeWire with WirePlumber and its Pulse side."""

    NEEDS: ClassVar = {
        "pipewire": "pipewire",
        "pipewire-pulse": "pipewire-pulse",
        "wireplumber": "wireplumber",
        "dbus-daemon": "dbus-daemon",
    }
    # The shortest latency in its graph sets the pace of all; on a machine that stutters, a cycle of 5 ms
    # is sometimes missed, and its sound with it. That is PipeWire's to lose, and not what is tested.
    RECORDING_MS: ClassVar = 200
    LATENCY: ClassVar = 0.2
    CYCLE: ClassVar = 1024

    def environment(self) -> dict[str, str]:
        """See SoundServer."""
        return {**super().environment(), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.run / 'bus'}"}

    def start(self) -> None:
        """See SoundServer."""
        # WirePlumber ends without a bus.
        self._spawn(
            "dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={self.run}/bus"
        )
        wait_for((self.run / "bus").exists, "the bus")
        self._spawn("pipewire")
        wait_for((self.run / "pipewire-0").exists, "PipeWire")
        self._spawn("wireplumber")
        self._spawn("pipewire-pulse")
        self._furnish()

    def kill(self) -> None:
        """See SoundServer."""
        super().kill()
        for name in ("bus", "pipewire-0", "pipewire-0.lock"):
            (self.run / name).unlink(missing_ok=True)


class Recording:
    """What comes out of a source, from now on."""

    def __init__(self, server: SoundServer, source: str, file: Path) -> None:
        self.file = file
        with file.open("wb") as out:
            self._process = subprocess.Popen(
                ["parec", f"--device={source}", "--raw", f"--latency-msec={server.RECORDING_MS}", *_FORMAT],
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


def recording(server: SoundServer, sink: str = "ttsd") -> AbstractContextManager[Recording]:
    """What reaches *sink*, within the block."""
    return server.record(f"{sink}.monitor")


def noise(seconds: float, seed: int = 1) -> Samples:
    """Noise without a zero, whose samples are exact in 16 bits."""
    drawn = np.random.default_rng(seed).integers(1, 8000, round(seconds * RATE))
    signs = np.where(drawn % 2, 1, -1)
    return np.asarray(drawn * signs / 32768, dtype=np.float32)
