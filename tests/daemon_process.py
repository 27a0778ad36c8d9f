"""A real ttsd in a process and a folder of its own, for tests of what users are promised.

Everything the daemon may touch lies in the folder: HOME, the XDG folders, temporary files. No
`TTSD_…` variable of whoever runs the tests reaches it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from waiting import wait_for

from ttsd.control.client import Client
from ttsd.errors import ControlError, NotRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from signal import Signals

START_SECONDS = 30.0
"""Longest wait for a daemon to answer: a busy machine imports slowly."""
SPEAK_SECONDS = 60.0
"""Longest wait for speech."""
LOOK_SECONDS = 0.02
"""Between two looks: a daemon that is asked all the time does nothing else."""
FILES = '[[outputs]]\ntype = "file"\npath = "spoken"'
REAL_TIME = '[[outputs]]\ntype = "null"'
HEARD_AND_KEPT = f"{REAL_TIME}\n{FILES}\nrequired = true"
"""In real time, and into files beside it: what was heard can be read."""
UNTIMED = '[[outputs]]\ntype = "null"\ndevice = "untimed"'


def configuration(
    *, engines: Sequence[str] = ("tone",), output: str = FILES, pace: float = 1000.0, speech: str = ""
) -> str:
    """A ttsd.toml that follows chat.log from its first byte.

    *pace*: characters of a second of the tone; *speech*: lines of `[speech]`.
    """
    return "\n".join(
        [
            f"engines = {json.dumps(list(engines))}  # the first is tried first",
            f"[engine.tone]\nrate = 8000\ncharacters_per_second = {pace}",
            '[[sources]]\npath = "chat.log"  # what is read aloud\nstart = "beginning"',
            output,
            '[state]\ndir = "state"',
            '[control]\nsocket = "ttsd.sock"',
            f"[speech]\npause_ms = 20\n{speech}",
            "",
        ]
    )


def environment(home: Path) -> dict[str, str]:
    """The environment of a user whose home is *home* and who has never seen ttsd."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("TTSD_", "XDG_", "PULSE_"))
    }
    folders = {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
        "XDG_RUNTIME_DIR": "run",
        "TMPDIR": "tmp",
    }
    found = {name: home / below for name, below in folders.items()}
    for folder in found.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), **{name: str(folder) for name, folder in found.items()}}


@dataclass(frozen=True, slots=True)
class Ended:
    """A row of the database's history."""

    id: int
    text: str
    state: str


class DaemonProcess:
    """`ttsd run` on a configuration in *folder*. Start it; `close` ends it whatever it does."""

    def __init__(self, folder: Path, text: str | None = None) -> None:
        """*text*: the ttsd.toml; by default the tone, into files, as fast as it goes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.home = folder / "home"
        self.config = folder / "ttsd.toml"
        self.chat = folder / "chat.log"
        self.socket = folder / "ttsd.sock"
        self.environment = environment(self.home)
        self.config.write_text(text or configuration(), encoding="utf-8")
        self._stderr = folder / "stderr.log"
        self._process: subprocess.Popen[bytes] | None = None

    # ---- its life

    def start(self) -> DaemonProcess:
        """Start it, and wait until it answers and has its outputs."""
        self.launch()
        self.wait_until_it_answers()
        return self

    def launch(self, *wrapper: str, output: int | None = None, source: int = subprocess.DEVNULL) -> None:
        """Start it, without waiting: by *wrapper*, a program that runs what follows it.

        *output*, *source*: descriptors for its stdout and stderr (default: `stderr` shows them), and its stdin.
        """
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "ttsd", "run", "--config", str(self.config)],
                cwd=self.folder,
                env=self.environment,
                stdin=source,
                stdout=stderr if output is None else output,
                stderr=stderr if output is None else output,
            )

    def wait_until_it_answers(self) -> None:
        """Wait for the control socket, and for the outputs."""

        def answers() -> bool:
            code = None if self._process is None else self._process.poll()
            assert code is None, f"the daemon ended with {code}:\n{self.stderr()}"
            try:
                return bool(self.call("status")["state"] != "starting")
            except ControlError:
                return False

        wait_for(answers, "the daemon to answer", timeout=START_SECONDS, every=LOOK_SECONDS)

    def kill(self) -> None:
        """`kill -9`: no handler runs, nothing is finished."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def signal(self, number: Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def terminate(self, timeout: float = 20.0) -> int:
        """SIGTERM; its exit code when it has ended."""
        assert self._process is not None
        self._process.terminate()
        return self.wait(timeout)

    def wait(self, timeout: float = 20.0) -> int:
        """Its exit code when it has ended."""
        assert self._process is not None
        return self._process.wait(timeout)

    def close(self) -> None:
        """End it if it runs; fail if anything it started survives it."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.terminate()
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        wait_for(lambda: not self.processes(), f"what the daemon started to end: {self.processes()}")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def processes(self) -> dict[int, str]:
        """Command lines of whatever runs with this daemon's home, itself included (Linux)."""
        mark = f"HOME={self.home}".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(entry.name)] = command.decode(errors="replace")
            except OSError:  # it ended while we looked, or is another user's
                continue
        return found

    # ---- asking it

    def call(self, method: str, **params: object) -> Any:
        """One request on a connection of its own."""
        with Client.connect(self.socket) as client:
            return client.call(method, params)

    def status(self) -> dict[str, Any]:
        """What `status` answers."""
        answer: dict[str, Any] = self.call("status")
        return answer

    def say(self, text: str, **params: object) -> int:
        """Queue *text*; its id."""
        return int(self.call("say", text=text, **params)["id"])

    def skip(self) -> int | None:
        """Skip; the id of what was skipped."""
        skipped: int | None = self.call("skip")["skipped"]
        return skipped

    def switch(self, engine: str) -> list[str]:
        """Switch; the chain from now on."""
        return list(self.call("engine.switch", engine=engine)["chain"])

    def engine_pid(self, name: str = "tone") -> int | None:
        """The process of an engine; None: it has none."""
        pids = {engine["name"]: engine["pid"] for engine in self.status()["chain"]}
        pid: int | None = pids[name]
        return pid

    def ttsd(self, *words: str, stdin: str = "", timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run the command line as its user would, on this configuration unless *words* name another."""
        configured = () if "--config" in words else ("--config", str(self.config))
        return subprocess.run(
            [sys.executable, "-m", "ttsd", *words, *configured],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            encoding="utf-8",
        )

    # ---- what goes in and what comes out

    def append(self, *lines: str) -> None:
        """Add lines to chat.log as one write."""
        with self.chat.open("a", encoding="utf-8", newline="") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def edit(self, old: str, new: str) -> None:
        """Edit ttsd.toml in place, as a simple editor does."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {self.config}"
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def spoken(self) -> list[dict[str, Any]]:
        """The complete lines of spoken.jsonl."""
        listing = self.folder / "spoken" / "spoken.jsonl"
        if not listing.exists():
            return []
        whole = listing.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def texts(self) -> list[str]:
        """What spoken.jsonl says was spoken, in order."""
        return [str(entry["text"]) for entry in self.spoken()]

    def history(self) -> list[Ended]:
        """What the database says ended, in the order it was queued; works while nobody runs, too."""
        with closing(sqlite3.connect(self.folder / "state" / "ttsd.db")) as db:
            found = db.execute("select id, text, state from history order by id").fetchall()
        return [Ended(*row) for row in found]

    def wait_until_spoken(self, count: int, timeout: float = SPEAK_SECONDS) -> None:
        """Wait until so many utterances were spoken since the database began."""

        with self._asking() as status:
            wait_for(
                lambda: status()["counters"]["spoken"] >= count,
                f"{count} utterances to be spoken",
                timeout=timeout,
                every=LOOK_SECONDS,
            )

    def wait_until_listed(self, count: int) -> None:
        """Wait until spoken.jsonl has so many lines: the last of them may not be in the database yet."""
        what = f"{count} lines of spoken.jsonl"
        wait_for(lambda: len(self.spoken()) >= count, what, timeout=SPEAK_SECONDS, every=LOOK_SECONDS)

    def wait_until_speaking(self, text: str | None = None) -> int:
        """Wait until something (or *text*) is heard; its id."""

        with self._asking() as status:

            def heard() -> int | None:
                now = status()["now"]
                return int(now["id"]) if now and text in (None, now["text"]) else None

            what = f"{text or 'something'} to be heard"
            return wait_for(heard, what, timeout=SPEAK_SECONDS, every=LOOK_SECONDS) or 0

    @contextmanager
    def _asking(self) -> Iterator[Callable[[], dict[str, Any]]]:
        """Status again and again, on one connection; a daemon that goes away fails with its log."""
        try:
            with Client.connect(self.socket) as client:
                yield lambda: client.call("status")
        except NotRunning as error:
            raise AssertionError(f"the daemon is gone:\n{self.stderr()}") from error

    def stderr(self) -> str:
        """Everything it has written to stderr and stdout, over all its lives."""
        return self._stderr.read_text(encoding="utf-8", errors="replace") if self._stderr.exists() else ""

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of that event."""
        found = []
        for line in self.stderr().splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if entry.get("event") == event:
                    found.append(entry)
        return found


class MakeDaemon(Protocol):
    """Makes a daemon that is not started yet and ends with the test: the fixture `make_daemon`."""

    def __call__(self, text: str | None = None, *, name: str = "d") -> DaemonProcess:
        """*text*: its ttsd.toml; *name*: the folder it lives in."""
        ...
