"""What a newcomer does: two commands in a fresh clone, on a machine where nothing was installed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from daemon_process import SPEAK_SECONDS, environment
from waiting import wait_for

from ttsd.control.client import Client
from ttsd.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

ROOT = Path(__file__).parent.parent.parent
INSTALL_SECONDS = 540
NEEDED = ("bash", "basename", "cat", "cksum", "cp", "dirname", "env", "flock", "mkdir", "readlink", "rm")
"""Programs that the scripts use, besides Python."""
CONFIGURATION = """
engines = ["piper", "xtts", "hibari"]      # the chain, first is tried first
[engine.piper]
voice = "en_US-joe-medium"
[[sources]]
path = "chat.log"
start = "end"
[[outputs]]
type = "file"
path = "spoken"
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has scripts of its own")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `git clone` would bring, in a folder whose name has a space."""
    made = tmp_path / "some where" / "ttsd"
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    shutil.copytree(ROOT, made, ignore=shutil.ignore_patterns(".git", *ignored), symlinks=True)
    return made


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without caches, whose pip knows the registry that ours knows."""
    found = environment(tmp_path / "home")
    for ours in (Path.home() / ".config" / "pip" / "pip.conf", Path.home() / ".pip" / "pip.conf"):
        if ours.exists():
            found.setdefault("PIP_CONFIG_FILE", str(ours))
    found.pop("PYTHONPATH", None)
    return found


class Walk:
    """`scripts/run` in a clone."""

    def __init__(self, clone: Path, user: dict[str, str], socket: Path, log: Path) -> None:
        self.clone, self.user, self.socket, self.log = clone, user, socket, log

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`scripts/run WORDS` to its end."""
        return subprocess.run(
            [self.clone / "scripts" / "run", *words],
            env=self.user,
            cwd=cwd or self.clone.parent,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """`scripts/run` until its daemon answers, and its end by Ctrl-C."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.clone / "scripts" / "run"],
                env=self.user,
                cwd=self.clone.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_for(lambda: self._answers(process), "the daemon to answer", timeout=INSTALL_SECONDS)
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
            sys.stderr.write(self.said()[-20_000:])

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.said()
        try:
            return bool(self.status()["state"] != "starting")
        except ControlError:
            return False

    def status(self) -> Any:
        """What the daemon answers."""
        with Client.connect(self.socket) as client:
            return client.call("status")

    def wait_until_spoken(self, count: int) -> None:
        """Wait until so many utterances were spoken."""
        spoken = "utterances to be spoken"
        wait_for(
            lambda: self.status()["counters"]["spoken"] >= count, f"{count} {spoken}", timeout=SPEAK_SECONDS
        )

    def said(self) -> str:
        """What `scripts/run` has printed."""
        return self.log.read_text(errors="replace")


@pytest.mark.install
@pytest.mark.voice
def test_the_two_minutes_of_a_newcomer(clone: Path, user: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "configured"
    folder.mkdir()
    (folder / "ttsd.toml").write_text(CONFIGURATION)
    configured = user | {"TTSD_CONFIG": str(folder / "ttsd.toml")}
    walk = Walk(clone, configured, folder / "ttsd.sock", tmp_path / "log")
    with walk.running():
        for told in (str(folder / "chat.log"), "echo", "status", "switch", str(folder / "ttsd.toml")):
            assert told in walk.said()
        with (folder / "chat.log").open("a") as chat:
            chat.write("Hello.\nThis is my first start.\nIt speaks.\n")
        walk.wait_until_spoken(3)
        assert sorted(wav.name for wav in (folder / "spoken").glob("*.wav")) == [
            *("000001.wav", "000002.wav", "000003.wav"),
        ]
        assert walk.status()["engine"] == "piper"
        assert "3 spoken" in walk.run("status").stdout

    second = walk.run("version", cwd=clone)
    assert (second.returncode, second.stderr) == (0, ""), "a second start installs nothing"
    assert second.stdout.startswith("ttsd ")
    assert walk.run("status").returncode == 3, "exit codes go through"

    default = Walk(clone, user, Path(user["XDG_RUNTIME_DIR"]) / "ttsd" / "control.sock", tmp_path / "log2")
    with default.running():
        written = Path(user["XDG_CONFIG_HOME"]) / "ttsd" / "ttsd.toml"
        assert f"Wrote {written}" in default.said()
        assert written.read_text() == (clone / "configs" / "quickstart.toml").read_text()
        assert str(written.with_name("speak.txt")) in default.said()
        (output,) = default.status()["outputs"]
        assert output["description"]


@pytest.mark.parametrize("script", ["run", "test"])
@pytest.mark.parametrize(
    ("python", "named"),
    [
        (None, ("Python 3.11 or newer", "none", "apt install python3 python3-venv")),
        ("echo Python 3.9.2; exit 1", ("Python 3.11 or newer", "Python 3.9.2", "apt install python3")),
        (
            f'case "$*" in *venv*) echo ensurepip is not available; exit 1;; esac; exec "{sys.executable}" "$@"',
            ("ensurepip is not available", "apt install python3-venv"),
        ),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_brings_it(
    clone: Path, user: dict[str, str], tmp_path: Path, script: str, python: str | None, named: tuple[str, ...]
) -> None:
    shims = tmp_path / "bin"
    shims.mkdir()
    for name in NEEDED:
        if found := shutil.which(name):
            (shims / name).symlink_to(found)
    if python is not None:
        (shims / "python3").write_text(f"#!{shims}/bash\n{python}\n")
        (shims / "python3").chmod(0o755)
    ended = subprocess.run(
        [clone / "scripts" / script, "version"],
        env=user | {"PATH": str(shims)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    for text in named:
        assert text in ended.stderr
    assert not (clone / ".venv").exists(), "nothing half made stays behind"


def test_the_scripts_are_executable() -> None:
    for script in ("run", "test"):
        assert os.access(ROOT / "scripts" / script, os.X_OK)


def test_windows_scripts_install_the_same_and_are_ascii() -> None:
    for script in ("run", "test"):
        ours, windows = (
            (ROOT / "scripts" / name).read_text(encoding="ascii" if name.endswith("ps1") else "utf-8")
            for name in (script, f"{script}.ps1")
        )
        assert re.findall(r"'(\.\[.*\])'", windows) == re.findall(r"'(\.\[.*\])'", ours) != []
    assert (ROOT / "scripts" / "venv.ps1").read_bytes().isascii()
