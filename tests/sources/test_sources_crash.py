"""A real process, killed at a named point, started again: every line once, in order; one repeat at most."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock

from ttsd.model import State
from ttsd.store import Store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
KILL = 9  # SIGKILL, which Windows has no name for

PROGRAM = """
    import os, signal, sys
    from pathlib import Path
    from ttsd import log
    from ttsd.clock import SystemClock
    from ttsd.model import Spoken, State
    from ttsd.settings import LogSettings, SourceSettings
    from ttsd.sources import SourceReader
    from ttsd.store import Store, rows

    folder, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    passed = 0

    def reached(name):
        global passed
        passed += name == point
        if name == point and passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    class Mortal(Store):
        def commit(self, batch):
            reached("after_read")
            done = super().commit(batch)
            reached("after_commit")
            return done

        def remember(self, found, *, pattern=None):
            reached("before_remember")
            done = super().remember(found, pattern=pattern)
            reached("after_remember")
            return done

    insert, save = rows.insert_lines, rows.save_checkpoint

    def insert_lines(*arguments):
        reached("before_insert")
        insert(*arguments)
        reached("before_commit")

    def save_checkpoint(*arguments):
        done = save(*arguments)
        reached("after_checkpoint")
        return done

    rows.insert_lines, rows.save_checkpoint = insert_lines, save_checkpoint
    log.configure(LogSettings(level="error"))
    clock = SystemClock()
    store = Mortal.open(folder / "state" / "ttsd.db", clock=clock)
    for decision in store.recover("replay"):
        print("recovered", decision.id, flush=True)
    reader = SourceReader((SourceSettings(path="a.log", start="beginning"),), folder, store, clock)
    quiet = 0
    while quiet < 3:
        reader.step()
        one = store.next()
        quiet = quiet + 1 if one is None else 0
        if one is None:
            continue
        reached("after_claim")
        store.begin(one.id)
        print("sounding", one.id, flush=True)
        reached("mid_play")
        how = Spoken(one.id, one.text, one.source, State.SPOKEN, None, None, one.queued_at, clock.time())
        store.finish(how)
        reached("after_finish")
    reader.close()
    store.close()
"""

POINTS = (
    "before_remember",
    "after_remember",
    "after_checkpoint",
    "after_read",
    "before_insert",
    "before_commit",
    "after_commit",
    "after_claim",
    "mid_play",
    "after_finish",
)


def run(folder: Path, point: str = "never", number: int = 1) -> tuple[int, list[str]]:
    """Run until all is spoken or the point is reached; its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder), point, str(number)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point_every_line_is_spoken_once(tmp_path: Path, point: str) -> None:
    log = tmp_path / "a.log"
    written: list[str] = []

    def write(count: int) -> None:
        lines = [f"line {len(written) + n}" for n in range(count)]
        written.extend(lines)
        with log.open("a") as out:
            out.write("".join(f"{line}\n" for line in lines))

    sounded: list[str] = []
    deaths = 0
    write(5)
    for life in range(4):
        if life == 2:
            log.rename(tmp_path / "a.log.1")
        write(3)
        code, printed = run(tmp_path, point, 1 + life % 2)
        deaths += code == -KILL
        sounded += printed
        assert code in (0, -KILL)
    code, printed = run(tmp_path)
    sounded += printed
    assert code == 0
    assert deaths, "the point was never reached"
    store = Store.open(tmp_path / "state" / "ttsd.db", clock=FakeClock())
    history = sorted(store.history(1000), key=lambda how: how.id)
    store.close()
    assert [how.text for how in history] == written
    assert {how.state for how in history} == {State.SPOKEN}
    began = [line for line in sounded if line.startswith("sounding")]
    assert len(began) - len(written) <= (deaths if point == "mid_play" else 0), "a repeat without a reason"
    assert sum(line.startswith("recovered") for line in sounded) == (deaths if point == "mid_play" else 0)
