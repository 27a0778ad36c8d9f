"""From nothing to the first sound, and what a daemon costs that has nothing to say.

On a PulseAudio of its own with the sink `ttsd`, with the real voice: how long from exec to the control
socket's answer, from exec to the first sound of a line that already waits (the voice's files are in the
cache; the engine is cold), how much processor and memory an idle daemon with an open stream takes, and
how long `ttsd status` takes as a process. Medians and extremes of several rounds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.sound import Bench, split_voice

from ttsd.control.client import Client
from ttsd.errors import NotRunning

if TYPE_CHECKING:
    from collections.abc import Sequence


def configured(bench: Bench, engine: str) -> Path:
    """A folder with a ttsd.toml and a line that waits; the daemon is not started."""
    home = Path(tempfile.mkdtemp(dir=bench.folder))
    (home / "lines.txt").write_text("Hello there my dear friend.\n")
    (home / "ttsd.toml").write_text(
        f'engines = ["{engine}"]\n[[sources]]\npath = "lines.txt"\nstart = "beginning"\n[[outputs]]\n'
        'type = "pulse"\ndevice = "ttsd"\n[state]\ndir = "state"\n[control]\nsocket = "control.sock"\n'
    )
    return home


def started(bench: Bench, home: Path) -> subprocess.Popen[bytes]:
    """The daemon's process; it ends with the bench."""
    return bench.start([sys.executable, "-m", "ttsd", "run", "--config", str(home / "ttsd.toml")])


def until_it_answers(home: Path) -> None:
    """Wait for the control socket."""
    while True:
        try:
            with Client.connect(home / "control.sock") as client:
                client.call("ping")
                return
        except NotRunning:
            time.sleep(0.002)


def call(home: Path, method: str) -> Any:
    with Client.connect(home / "control.sock") as client:
        return client.call(method)


def ended(bench: Bench, home: Path, process: subprocess.Popen[bytes]) -> None:
    call(home, "shutdown")
    process.wait(20)
    bench.ear.wait_for_quiet()


def cold(bench: Bench, engine: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from exec to the socket's answer, and to the first sound of a line that waits."""
    answers, sounds = [], []
    for _ in range(rounds):
        home = configured(bench, engine)
        bench.ear.wait_for_quiet()
        bench.ear.chunks.clear()
        began = time.monotonic()
        process = started(bench, home)
        until_it_answers(home)
        answers.append((time.monotonic() - began) * 1000)
        heard = bench.ear.first_sound(began)
        if heard is not None:
            sounds.append((heard - began) * 1000)
        ended(bench, home, process)
    return answers, sounds


def idle(bench: Bench, seconds: float) -> tuple[float, float]:
    """Per cent of a core, and MB of memory, of a daemon that has spoken and has nothing more to say."""
    home = configured(bench, "hibari")
    process = started(bench, home)
    until_it_answers(home)
    while call(home, "status")["counters"]["spoken"] < 1:
        time.sleep(0.1)
    time.sleep(5)
    before, began = _worked(process.pid), time.monotonic()
    time.sleep(seconds)
    share = (_worked(process.pid) - before) / (time.monotonic() - began)
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    ended(bench, home, process)
    return share * 100, resident / 1024


def status_process(bench: Bench, rounds: int) -> list[float]:
    """Milliseconds of `ttsd status` as a process."""
    home = configured(bench, "tone")
    process = started(bench, home)
    until_it_answers(home)
    took = []
    command = [sys.executable, "-m", "ttsd", "status", "--config", str(home / "ttsd.toml")]
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        took.append((time.monotonic() - began) * 1000)
    ended(bench, home, process)
    return took


def _worked(pid: int) -> float:
    """Seconds of processor that its threads have had. Clock ticks of 10 ms are too coarse to tell."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def _row(name: str, values: Sequence[float]) -> None:
    median = statistics.median(values)
    print(f"  {name:44} {min(values):7.0f} {median:7.0f} {max(values):7.0f} ms", flush=True)


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--idle", type=float, default=30.0, metavar="SECONDS")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        bench = Bench(folder, stack)
        split_voice(bench)
        cold(bench, "piper", 1)  # what else is made once
        for engine in ("piper", "hibari"):
            answers, sounds = cold(bench, engine, arguments.rounds)
            _row(f"{engine}: exec -> the control socket answers", answers)
            _row(f"{engine}: exec -> first sound of a waiting line", sounds)
        _row("ttsd status, a process", status_process(bench, arguments.rounds))
        share, resident = idle(bench, arguments.idle)
        print(f"  idle for {arguments.idle:.0f} s, stream open: {share:.2f} % of a core, {resident:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
