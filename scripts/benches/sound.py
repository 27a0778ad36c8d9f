"""From an appended line to the first sound on a real cable, beside what users would pick instead.

Starts a PulseAudio of its own with the sink `ttsd`, listens at its monitor, and has each way speak the
same lines in turn, round by round, so that a noisy machine is noisy for all. Needs the Debian packages
pulseaudio and pulseaudio-utils; espeak-ng and speech-dispatcher for their rows; a row whose program is
missing says so. The first audible sample is the first above -40 dBFS.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np
from soundserver import PulseAudio, SoundServer
from waiting import wait_for

from ttsd.audio.gap import AUDIBLE_DB
from ttsd.control.client import Client
from ttsd.engines import voices, wire
from ttsd.errors import NotRunning

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 48_000
AUDIBLE = 10 ** (AUDIBLE_DB / 20)
_SENTENCE = "the quick brown fox jumps over the lazy dog and then sleeps under the old oak tree until morning"
TEXTS = {
    5: "Hello there my dear friend.",
    20: f"Once again {_SENTENCE}.",
    60: f"Once again {_SENTENCE}, while {_SENTENCE}, and so {_SENTENCE} comes again.",
    200: " ".join(["The quick brown fox jumps over the lazy dog, then sleeps."] * 16),
}


class Ear(threading.Thread):
    """Listens at the cable's monitor and notes when what arrived."""

    def __init__(self, server: SoundServer) -> None:
        super().__init__(daemon=True)
        command = ["parec", "-d", "ttsd.monitor", "--format=float32le", f"--rate={RATE}", "--channels=1"]
        self._process = subprocess.Popen(
            [*command, "--latency-msec=5", "--raw"], env=server.environment(), stdout=subprocess.PIPE
        )
        self.chunks: list[tuple[float, np.ndarray]] = []
        """When each chunk had arrived (monotonic), and its samples."""

    def run(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        while data := os.read(self._process.stdout.fileno(), 65536):
            data = rest + data
            whole = len(data) // 4 * 4
            data, rest = data[:whole], data[whole:]
            self.chunks.append((time.monotonic(), np.frombuffer(data, np.float32)))

    def first_sound(self, since: float, timeout: float = 20.0) -> float | None:
        """When the first audible sample behind *since* sounded; None: none did."""
        index, deadline = 0, time.monotonic() + timeout
        while time.monotonic() < deadline:
            while index < len(self.chunks):
                at, samples = self.chunks[index]
                index += 1
                loud = np.flatnonzero(np.abs(samples) > AUDIBLE) if at >= since else ()
                if len(loud):
                    return at - (len(samples) - int(loud[0])) / RATE
            time.sleep(0.001)
        return None

    def wait_for_quiet(self, seconds: float = 0.7, timeout: float = 120.0) -> None:
        """Until nothing was audible for *seconds*."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            recent = [s for at, s in self.chunks[-4000:] if at > time.monotonic() - seconds]
            if recent and max(float(np.abs(s).max(initial=0)) for s in recent) <= AUDIBLE:
                return
            time.sleep(0.02)
        raise TimeoutError("the cable does not fall silent")

    def longest_silence(self, since: float) -> float:
        """Seconds of the longest silent run between the first and the last audible sample since *since*."""
        heard = np.concatenate([samples for at, samples in self.chunks if at >= since])
        loud = np.flatnonzero(np.abs(heard) > AUDIBLE)
        return float(np.max(np.diff(loud))) / RATE if len(loud) > 1 else 0.0

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self.join()


class Way(Protocol):
    """One way to have lines spoken."""

    name: str

    def speak(self, text: str) -> None:
        """Hand a line (or lines) over, as its user would."""
        ...


class Appended:
    """Whoever follows a file: the line is appended to it."""

    def __init__(self, name: str, file: Path) -> None:
        self.name, self._file = name, file

    def speak(self, text: str) -> None:
        with self._file.open("a") as file:
            file.write(text + "\n")


class Called:
    """A program that is started for each text."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        self.name, self._command, self._environment = name, command, environment

    def speak(self, text: str) -> None:
        subprocess.run([*self._command, text], env=self._environment, check=True)


class Wyoming:
    """wyoming-piper and a small client: what arrives is passed on to a pacat that stays open."""

    name = "wyoming-piper"

    def __init__(self, socket_path: Path, pacat: subprocess.Popen[bytes]) -> None:
        self._path, self._pacat = socket_path, pacat

    def speak(self, text: str) -> None:
        threading.Thread(target=self._pass_on, args=(text,), daemon=True).start()

    def _pass_on(self, text: str) -> None:
        assert self._pacat.stdin is not None
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._path))
            connection.sendall(wire.encode(wire.Event("synthesize", {"text": text})))
            with connection.makefile("rb") as answers:
                while (event := wire.read(answers)) is not None and event.type != "audio-stop":
                    if event.type == "audio-chunk":
                        self._pacat.stdin.write(event.payload)
                        self._pacat.stdin.flush()


class Bench:
    """The cable, the listener, and every way that is there."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.server = PulseAudio(folder / "pulse")
        self.server.start()
        stack.callback(self.server.kill)
        self.server.pactl("set-default-sink", "ttsd")
        self.environment = {**self.server.environment(), "PULSE_SINK": "ttsd"}
        self.ear = Ear(self.server)
        self.ear.start()
        stack.callback(self.ear.stop)

    def start(self, command: str | Sequence[str], *, fed: bool = False) -> subprocess.Popen[bytes]:
        """A process that ends with the bench, its children with it. fed: its stdin is a pipe."""
        shell = isinstance(command, str)
        log: IO[bytes] = (self.folder / "log").open("ab")
        process = subprocess.Popen(
            ["bash", "-c", command] if shell else command,
            env=self.environment,
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._stack.callback(_end_group, process)
        return process

    def ttsd(self, engine: str) -> tuple[Appended, Path]:
        """A daemon with this engine, and its control socket."""
        home = self.folder / f"ttsd-{engine}"
        home.mkdir()
        (home / "lines.txt").touch()
        (home / "ttsd.toml").write_text(
            f'engines = ["{engine}"]\n[[sources]]\npath = "lines.txt"\n[[outputs]]\ntype = "pulse"\n'
            'device = "ttsd"\n[state]\ndir = "state"\n[control]\nsocket = "control.sock"\n'
        )
        self.start([sys.executable, "-m", "ttsd", "run", "--config", str(home / "ttsd.toml")])
        wait_for(lambda: _follows(home / "control.sock"), "the daemon", timeout=30)
        return Appended(f"ttsd, {engine}", home / "lines.txt"), home / "control.sock"

    def wyoming(self, server: str, model: Path, pacat: str) -> Wyoming:
        """wyoming-piper with this voice, on a socket of its own."""
        path = self.folder / "wyoming.sock"
        voice = ["--voice", model.stem, "--data-dir", str(model.parent)]
        self.start([*shlex.split(server), "--uri", f"unix://{path}", *voice])
        wait_for(path.exists, "wyoming-piper", timeout=60)
        return Wyoming(path, self.start(shlex.split(pacat), fed=True))

    def followed(self, name: str, pipe: str) -> Appended:
        """A shell pipe behind `tail -F`; {file} in *pipe* is the followed file."""
        file = self.folder / f"{len(list(self.folder.iterdir()))}.txt"
        file.touch()
        self.start(pipe.format(file=shlex.quote(str(file))))
        return Appended(name, file)


def _follows(socket: Path) -> bool:
    try:
        with Client.connect(socket) as client:
            return all(source["files"] for source in client.call("status")["sources"])
    except NotRunning:
        return False


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, 15)
    except ProcessLookupError:
        pass
    process.wait(20)


def split_voice(bench: Bench) -> None:
    """Split the real voice: a new one speaks whole sentences until that is done, which takes some seconds."""
    prepare = [sys.executable, "-m", "ttsd", "worker", "piper", "--prepare", "--voice", voices.DEFAULT]
    subprocess.run(prepare, env=bench.environment, check=True, capture_output=True)


def _ways(bench: Bench, wyoming: str | None) -> tuple[list[Way], list[Path]]:
    model = voices.find(voices.DEFAULT, Path(), Path(), bench.folder).model
    piper = f"{sys.executable} -m piper -m {shlex.quote(str(model))} --output-raw"
    pacat = "pacat -d ttsd --raw --format=s16le --rate=22050 --channels=1 --latency-msec=20"
    split_voice(bench)
    daemons = [bench.ttsd("piper"), bench.ttsd("hibari")]
    ways: list[Way] = [way for way, _ in daemons]
    ways.append(bench.followed("tail -F | piper | pacat", f"tail -n0 -F {{file}} | {piper} | {pacat}"))
    if wyoming:
        ways.append(bench.wyoming(wyoming, model, pacat))
    loop = f'tail -n0 -F {{file}} | while read -r l; do echo "$l" | {piper} | {pacat}; done'
    ways.append(bench.followed("while read: piper", loop))
    if shutil.which("espeak-ng"):
        ways.append(
            bench.followed(
                "while read: espeak-ng", 'tail -n0 -F {file} | while read -r l; do espeak-ng "$l"; done'
            )
        )
    if shutil.which("spd-say"):
        ways.append(Called("spd-say", ["spd-say"], bench.environment))
    return ways, [socket for _, socket in daemons]


def first_sounds(bench: Bench, ways: list[Way], words: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the hand-over to the first sound, round by round."""
    found: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            bench.ear.wait_for_quiet()
            bench.ear.chunks.clear()
            began = time.monotonic()
            way.speak(TEXTS[words])
            at = bench.ear.first_sound(began)
            if at is not None:
                found[way.name].append((at - began) * 1000)
    return found


def gaps(bench: Bench, ways: list[Way], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of silence between two lines written at once, for whoever follows a file."""
    followers = [way for way in ways if isinstance(way, Appended)]
    found: dict[str, list[float]] = {way.name: [] for way in followers}
    for _ in range(rounds):
        for way in followers:
            bench.ear.wait_for_quiet()
            bench.ear.chunks.clear()
            began = time.monotonic()
            way.speak("Banana.\nBanana.")
            bench.ear.first_sound(began)
            # A program that is started for each line needs seconds between the two.
            bench.ear.wait_for_quiet(4.0 if "while" in way.name else 1.5)
            found[way.name].append(bench.ear.longest_silence(began) * 1000)
    return found


def _row(name: str, values: Sequence[float], base: float | None) -> str:
    if not values:
        return f"  {name:26} no sound"
    median = statistics.median(values)
    ratio = f"{median / base:6.2f} of the pipe" if base else ""
    return f"  {name:26} {min(values):7.1f} {median:7.1f} {max(values):7.1f} ms  {ratio}"


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--words", type=int, nargs="*", choices=TEXTS, default=list(TEXTS))
    parser.add_argument(
        "--wyoming-piper", metavar="COMMAND", help="what starts it; it needs an environment of its own"
    )
    parser.add_argument("--ways", nargs="*", metavar="NAME", help="only those whose name has NAME in it")
    arguments = parser.parse_args()
    if reason := PulseAudio.missing():
        print(reason)
        return 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        bench = Bench(folder, stack)
        every, sockets = _ways(bench, arguments.wyoming_piper)
        ways = [way for way in every if any(name in way.name for name in arguments.ways or [""])]
        for way in ways:  # everything is warm before it is measured
            bench.ear.wait_for_quiet()
            began = time.monotonic()
            way.speak("Ready.")
            if bench.ear.first_sound(began, timeout=30) is None:
                print(f"{way.name}: stays silent")
        for words in arguments.words:
            found = first_sounds(bench, ways, words, arguments.rounds)
            pipe = found.get("tail -F | piper | pacat")
            base = statistics.median(pipe) if pipe else None
            print(f"{words} words: append -> first sound, min / median / max of {arguments.rounds}")
            for name, values in found.items():
                print(_row(name, values, base), flush=True)
        _own_share(sockets[0])  # before lines wait for one another
        print("two lines at once: the silence between them (ttsd's pause_ms is 300)")
        for name, values in gaps(bench, ways, arguments.rounds).items():
            print(_row(name, values, None), flush=True)
    return 0


def _own_share(socket: Path) -> None:
    """What ttsd itself adds: append to request, and first chunk to the first sample written, and heard."""
    with Client.connect(socket) as client:
        past = client.call("history.list", {"limit": 1000})["utterances"]
    # The oldest came last; it loaded the engine.
    traces = [u["trace"] for u in past if "first_sample" in u["trace"]][:-1]
    print(f"ttsd's own share, {len(traces)} utterances of piper: min / median / max, and the 99th percentile")
    for name, until in (
        ("append -> request", None),
        ("and chunk -> written", "written"),
        ("and chunk -> heard", "first_sample"),
    ):
        shares = sorted(_share(trace, until) for trace in traces)
        if shares:
            print(f"{_row(name, shares, None)}  {shares[int(0.99 * len(shares))]:7.1f} ms")


def _share(trace: dict[str, float], until: str | None) -> float:
    """Milliseconds from the append to the request and, if it is asked for, from the first chunk *until* then."""
    behind = trace[until] - trace["first_chunk"] if until else 0.0
    return (trace["requested"] - trace["appended"] + behind) * 1000


if __name__ == "__main__":
    sys.exit(main())
