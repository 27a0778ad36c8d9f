"""Following files: lines per second, append -> committed, idle cost, memory under a flood.

Every figure goes through the parts that the daemon uses: file -> inotify (or the slow look) -> reader ->
lines -> one SQLite transaction with the checkpoint, on the disk that holds the temporary folder.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import log
from ttsd.clock import SystemClock
from ttsd.control.client import Client
from ttsd.errors import ControlError
from ttsd.settings import LogSettings, SourceSettings
from ttsd.sources import SourceReader
from ttsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE = "a line of a log that is eighty bytes long, with its newline, as logs often are."
assert len(LINE) == 79


class Follower:
    """A store, a reader and its thread, as in the daemon."""

    def __init__(self, folder: Path, *settings: SourceSettings) -> None:
        self.committed = threading.Event()
        self.store = Store.open(folder / "state" / "ttsd.db", clock=SystemClock(), wake=self.committed.set)
        self.reader = SourceReader(settings, folder, self.store, SystemClock())
        self._ends = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends:
            self.reader.wait(self.reader.step())

    def wait_for(self, lines: int, timeout: float = 120.0) -> None:
        """Until so many lines were committed."""
        deadline = time.monotonic() + timeout
        while self.store.counters().lines < lines:
            self.committed.wait(0.05)
            self.committed.clear()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.store.counters().lines} of {lines} lines")

    def close(self) -> None:
        self._ends = True
        self.reader.wake()
        self._thread.join()
        self.reader.close()
        self.store.close()


@contextlib.contextmanager
def following(*settings: SourceSettings) -> Iterator[tuple[Path, Callable[[], Follower]]]:
    """A folder, and how to start following it."""
    with tempfile.TemporaryDirectory() as name:
        made: list[Follower] = []

        def start() -> Follower:
            made.append(Follower(Path(name), *settings))
            return made[-1]

        try:
            yield Path(name), start
        finally:
            for follower in made:
                follower.close()


def throughput(lines: int) -> None:
    """A file that is there: first byte to last commit."""
    source = SourceSettings(path="a.log", start="beginning", read_ahead=1_000_000)
    with following(source) as (folder, start):
        (folder / "a.log").write_text((LINE + "\n") * lines)
        began = time.perf_counter()
        follower = start()
        follower.wait_for(lines)
        rate = lines / (time.perf_counter() - began)
    print(f"file -> lines -> committed queue   {rate:10,.0f} lines/s of 80 bytes (promised 100,000)")


def latency(appends: int, *, rotate: bool) -> None:
    """From before the write to after the commit, one line at a time; each tenth right after a rotation."""
    found: list[float] = []
    with following(SourceSettings(path="a.log")) as (folder, start):
        file = folder / "a.log"
        file.touch()
        follower = start()
        time.sleep(0.5)
        for number in range(appends):
            time.sleep(0.01)
            if rotate:
                file.rename(folder / f"a.log.{number}")
            follower.committed.clear()
            began = time.perf_counter()
            with file.open("a") as out:
                out.write(f"{number:06} {LINE[7:]}\n")
            while follower.store.counters().lines <= number:
                follower.committed.wait(5)
                follower.committed.clear()
            found.append((time.perf_counter() - began) * 1000)
    found.sort()
    what = "rotated, created, appended" if rotate else "appended"
    median, p99 = statistics.median(found), found[int(len(found) * 0.99)]
    print(f"{what:26} -> committed {median:7.2f} ms median, {p99:.2f} ms p99 (promised 5 and 20)")


def idle(files: int, folders: int, seconds: float) -> None:
    """Nothing happens in many files."""
    with following(SourceSettings(path="logs/**/*.log", start="beginning")) as (folder, start):
        for number in range(files):
            place = folder / "logs" / str(number % folders)
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.log").write_text("a line\n")
        follower = start()
        follower.wait_for(files)
        time.sleep(3)
        before = time.process_time()
        time.sleep(seconds)
        share = (time.process_time() - before) / seconds * 100
    print(f"{files} files in {folders} folders, idle    {share:.2f} % of a core (promised under 0.3)")


def flood(megabytes: int) -> None:
    """A file that is far too large to be spoken: memory stays small, another source is heard."""
    sources = [SourceSettings(path=name, start="beginning") for name in ("flood.log", "chat.log")]
    with following(*sources) as (folder, start):
        with (folder / "flood.log").open("w") as out:
            for _ in range(megabytes):
                out.write((LINE + "\n") * (2**20 // 80))
        (folder / "chat.log").touch()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        follower = start()
        follower.wait_for(5000)
        lines = follower.store.counters().lines
        with (folder / "chat.log").open("a") as out:
            out.write("hello\n")
        began = time.perf_counter()
        while not any(u.source == "chat.log" for u in follower.store.queued(20_000)):
            time.sleep(0.002)
            if time.perf_counter() - began > 30:
                break
        took = (time.perf_counter() - began) * 1000
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"a file of {megabytes} MB: peak memory {peak / 1024:.0f} MB ({(peak - before) / 1024:+.0f}),"
        f" another file's line queued after {took:.0f} ms, while {lines} lines were read"
    )


def besieged_daemon(megabytes: int, more: str) -> None:
    """A daemon whose file grows by far too much: its memory, and how long `status` takes meanwhile.

    more: lines of the file's `[[sources]]`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ttsd.toml").write_text(
            'engines = ["tone"]\n[[outputs]]\ntype = "null"\n[state]\ndir = "state"\n'
            '[control]\nsocket = "s"\n[log]\nlevel = "warning"\n'
            f'[[sources]]\npath = "flood.log"\n{more}\n'
        )
        flood = folder / "flood.log"
        flood.touch()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "ttsd", "run", "--config", str(folder / "ttsd.toml")]
        )
        try:
            with _connected(folder / "s") as client:
                client.call("status")  # the first waits for the start
                took = []
                piece = (LINE + "\n") * (2**20 // 80)
                with flood.open("a") as out:
                    for _ in range(megabytes):
                        out.write(piece)
                        out.flush()
                        took.append(_asked(client))
                for _ in range(100):
                    time.sleep(0.02)
                    took.append(_asked(client))
                (file,) = client.call("status")["sources"][0]["files"]
            memory = Path(f"/proc/{daemon.pid}/status").read_text()
        finally:
            daemon.terminate()
            daemon.wait(30)
    peak = int(memory.split("VmHWM:")[1].split()[0]) / 1024
    took.sort()
    print(
        f"a daemon whose file grows by {megabytes} MB ({more or 'no options'}), {file['offset'] / 2**20:.0f} MB of it read:"
        f" peak memory {peak:.0f} MB (promised under 100), status after {statistics.median(took):.1f} ms median,"
        f" {took[int(len(took) * 0.99)]:.1f} ms p99, {took[-1]:.1f} ms at worst (promised under 100)"
    )


def _asked(client: Client) -> float:
    """Milliseconds until `status` was answered."""
    began = time.perf_counter()
    client.call("status")
    return (time.perf_counter() - began) * 1000


def _connected(socket: Path) -> Client:
    """A client of the daemon that is starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return Client.connect(socket)
        except ControlError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--flood", type=int, default=1000, metavar="MB")
    arguments = parser.parse_args()
    log.configure(LogSettings(level="warning"))
    print("counted: file -> inotify hint or slow look -> reader -> lines -> SQLite (WAL, synchronous=NORMAL)")
    flood(arguments.flood)
    for more in ("", "max_queue = 20"):
        besieged_daemon(arguments.flood, more)
    throughput(arguments.lines)
    latency(300, rotate=False)
    latency(50, rotate=True)
    idle(1000, 50, 10.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
