"""A writer that does everything to a log while its follower is killed again and again; each line is counted.

The same actions, from the same seed, are done for ttsd's follower (its reader and its store in a process of
their own, killed with SIGKILL) and for `tail -F` as people pipe it. Before an action that destroys bytes
(copytruncate, deletion) the follower gets two seconds to catch up: what was truncated away before anybody
could read it is lost by the writer, not by the follower.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Writer:
    """Does things to a.log."""

    def __init__(self, folder: Path, follower: Follower, chance: random.Random) -> None:
        self._file, self._follower, self._chance = folder / "a.log", follower, chance
        self._folder = folder
        self.written: list[str] = []
        self._rotations = 0
        self.actions: Counter[str] = Counter()

    def act(self) -> None:
        """One action, writing mostly."""
        actions: dict[Callable[[], None], int] = {
            self._write: 12,
            self._write_in_pieces: 4,
            self._rotate: 2,
            self._copytruncate: 1,
            self._recreate: 1,
            self._save: 1,
            self._swap_link: 1,
            self._crash: 2,
        }
        action = self._chance.choices([*actions], weights=[*actions.values()])[0]
        self.actions[action.__name__.strip("_")] += 1
        action()

    def _new_lines(self, most: int = 40) -> list[str]:
        lines = [
            f"line {len(self.written) + n} {'x' * self._chance.randrange(80)}é"
            for n in range(self._chance.randrange(1, most))
        ]
        self.written += lines
        return lines

    def _write(self) -> None:
        with self._file.open("a", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in self._new_lines()))

    def _write_in_pieces(self) -> None:
        data = "".join(f"{line}\n" for line in self._new_lines(5)).encode()
        with self._file.open("ab", buffering=0) as out:
            while data:
                size = self._chance.randrange(1, 40)
                out.write(data[:size])
                data = data[size:]
                time.sleep(0.001)

    def _rotate(self) -> None:
        self._rotations += 1
        self._file.rename(self._folder / f"a.log.{self._rotations}")
        self._write()

    def _copytruncate(self) -> None:
        self._let_catch_up()
        self._rotations += 1
        (self._folder / f"a.log.{self._rotations}").write_bytes(self._file.read_bytes())
        os.truncate(self._file, 0)
        self._write()

    def _recreate(self) -> None:
        self._let_catch_up()
        self._file.unlink()
        self._write()

    def _save(self) -> None:
        """As editors do: the old text with new lines behind it, in a new file that takes the name."""
        new = self._folder / ".a.log.new"
        new.write_bytes(self._file.read_bytes() + "".join(f"{line}\n" for line in self._new_lines()).encode())
        new.replace(self._file)

    def _swap_link(self) -> None:
        """The name is pointed at another file."""
        self._let_catch_up()
        self._rotations += 1
        target, link = self._folder / f"target.{self._rotations}", self._folder / ".link"
        target.write_text("".join(f"{line}\n" for line in self._new_lines()), encoding="utf-8")
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        link.replace(self._file)

    def _crash(self) -> None:
        self._follower.kill()
        if self._chance.random() < 0.5:
            self._write()
        self._follower.start()

    def _let_catch_up(self, seconds: float = 2.0) -> None:
        deadline = time.monotonic() + seconds
        while len(set(self._follower.lines())) < len(self.written) and time.monotonic() < deadline:
            time.sleep(0.02)


def torture(name: str, make: Callable[[Path], Follower], seed: int, actions: int) -> tuple[int, int, int]:
    """Print a row; returns lines written, lost and repeated."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        follower = make(Path(folder))
        (Path(folder) / "a.log").touch()
        writer = Writer(Path(folder), follower, random.Random(seed))
        follower.start()
        try:
            for _ in range(actions):
                writer.act()
                time.sleep(0.002)
            deadline = time.monotonic() + 10
            while len(set(follower.lines())) < len(writer.written) and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(1.5)  # what would be repeated comes now
        finally:
            follower.kill()
        heard = Counter(follower.lines())
    written = set(writer.written)
    lost = sum(1 for line in written if line not in heard)
    repeated = sum(count - 1 for line, count in heard.items() if line in written)
    garbled = sum(count for line, count in heard.items() if line not in written)
    print(
        f"{name:34} {len(written):8} {lost:8} {repeated:9} {garbled:8}   kills {writer.actions['crash']}",
        flush=True,
    )
    return len(written), lost, repeated + garbled


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--only", choices=("ttsd",), help="leave `tail -F` out")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.actions} actions")
    print(f"{'':34} {'lines':>8} {'lost':>8} {'repeated':>9} {'garbled':>8}")
    _, lost, wrong = torture("ttsd", Ttsd, arguments.seed, arguments.actions)
    if arguments.only is None:
        for first, name in (("0", "from its end"), ("+1", "from its beginning")):
            row = f"tail -F, restarted {name}"
            torture(
                row, lambda folder, first=first: Tail(folder, first=first), arguments.seed, arguments.actions
            )
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
