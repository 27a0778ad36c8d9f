"""A writer that does everything to a log while its follower is killed again and again; each line is counted.

The same actions, from the same seed, are done for ttsd's follower (its reader and its store in a process of
their own, killed with SIGKILL) and for `tail -F` as people pipe it. Before an action that destroys bytes
(copytruncate, deletion, another target of a link) the follower gets time to catch up, ten seconds at most:
what was gone before anybody could read it was lost by its writer, not by its follower.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mayhem import Mayhem, Moment

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET = 2.0
"""Seconds after the end in which repeats would come."""

_FOLLOWER = """
import sys
from pathlib import Path
from ttsd import log
from ttsd.clock import SystemClock
from ttsd.settings import LogSettings, SourceSettings
from ttsd.sources import SourceReader
from ttsd.store import Store

log.configure(LogSettings(level="error"))
folder = Path(sys.argv[1])
store = Store.open(folder / "state" / "ttsd.db", clock=SystemClock())
source = SourceSettings(path="a.log", start="beginning", read_ahead=1_000_000)
reader = SourceReader((source,), folder, store, SystemClock())
while True:
    reader.wait(reader.step())
"""


class Follower(Protocol):
    """Something that follows a.log in a folder and can be killed."""

    patience: float
    """Seconds it gets to catch up."""

    def start(self) -> None:
        """Begin, or begin again."""
        ...

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        ...

    def lines(self) -> list[str]:
        """What it has passed on so far, in order."""
        ...


class Ttsd:
    """ttsd's reader and store."""

    patience = 10.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _FOLLOWER, str(self._folder)])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[str]:
        database = self._folder / "state" / "ttsd.db"
        if not database.exists():
            return []
        reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
        try:
            return [row[0] for row in reader.execute("select text from queue order by id")]
        except sqlite3.OperationalError:  # it is being made
            return []
        finally:
            reader.close()


class Tail:
    """`tail -F` into a file. Restarted from the end, it loses; from the beginning, it repeats."""

    patience = 2.0  # it looks at least once a second; what did not come by then never comes

    def __init__(self, folder: Path, *, first: str) -> None:
        self._folder, self._first = folder, first
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # The first start reads what is there, as ttsd's does.
        first = "+1" if self._process is None else self._first
        with (self._folder / "heard").open("ab") as heard:
            self._process = subprocess.Popen(
                ["tail", "-n", first, "-F", str(self._folder / "a.log")],
                stdout=heard,
                stderr=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def lines(self) -> list[str]:
        heard = self._folder / "heard"
        return heard.read_text("utf-8", "replace").splitlines() if heard.exists() else []


class Toll(NamedTuple):
    """What a follower did with what was written."""

    lines: int
    lost: int
    repeated: int
    garbled: int
    """Lines that nobody wrote."""
    kills: int

    def __str__(self) -> str:
        counts = f"{self.lines:8} {self.lost:8} {self.repeated:9} {self.garbled:8}"
        return f"{counts} {self.kills:6}"


class Torture:
    """One follower, and what is done to its log."""

    def __init__(self, folder: Path, follower: Follower, seed: int) -> None:
        self.mayhem = Mayhem(folder, random.Random(seed))
        self._follower = follower
        self._hopeless = 0
        """Lines that did not come when they were waited for: nobody waits for them again."""

    def run(self, actions: int) -> Toll:
        """Do so many actions and count."""
        self.mayhem.file.touch()
        self._follower.start()
        try:
            for action in (self.mayhem.begin, *[self.mayhem.act] * actions):
                for moment in action():
                    self._meet(moment)
                time.sleep(0.002)
            self._catch_up()
            time.sleep(QUIET)
        finally:
            self._follower.kill()
        heard, written = Counter(self._follower.lines()), set(self.mayhem.written)
        return Toll(
            lines=len(written),
            lost=len(written - heard.keys()),
            repeated=sum(count - 1 for line, count in heard.items() if line in written),
            garbled=sum(count for line, count in heard.items() if line not in written),
            kills=self.mayhem.actions["crash"],
        )

    def _meet(self, moment: Moment) -> None:
        if moment is Moment.CRASH:
            self._follower.kill()
        elif moment is Moment.START:
            self._follower.start()
        elif moment is Moment.CATCH_UP:
            self._catch_up()
        elif self.mayhem.chance.random() < 0.3:
            time.sleep(0.001)

    def _catch_up(self) -> None:
        deadline = time.monotonic() + self._follower.patience
        while time.monotonic() < deadline:
            missing = len(self.mayhem.written) - len(set(self._follower.lines())) - self._hopeless
            if missing <= 0:
                return
            time.sleep(0.02)
        self._hopeless += missing


def torture(name: str, make: Callable[[Path], Follower], seed: int, actions: int) -> Toll:
    """Print a row and return it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        toll = Torture(Path(folder), make(Path(folder)), seed).run(actions)
    print(f"{seed:5} {name:34} {toll}", flush=True)
    return toll


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="so many seeds from there on")
    parser.add_argument("--actions", type=int, default=120)
    parser.add_argument("--only", choices=("ttsd",), help="leave `tail -F` out")
    arguments = parser.parse_args()
    followers: dict[str, Callable[[Path], Follower]] = {"ttsd": Ttsd}
    if arguments.only is None:
        followers["tail -F, restarted from its end"] = lambda folder: Tail(folder, first="0")
        followers["tail -F, from its beginning"] = lambda folder: Tail(folder, first="+1")
    print(f"{'seed':>5} {'':34} {'lines':>8} {'lost':>8} {'repeated':>9} {'garbled':>8} {'kills':>6}")
    wrong = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        for name, make in followers.items():
            toll = torture(name, make, seed, arguments.actions)
            wrong += 0 if name != "ttsd" else toll.lost + toll.repeated + toll.garbled
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
