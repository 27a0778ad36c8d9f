"""A small machine in which systemd is PID 1, with a lingering user: a Debian tree in systemd-nspawn.

The tree is made once (debootstrap, a minute or two, 600 MB) in the user's cache folder and never written to
again: each boot sees it under an overlay. ttsd runs in it from the repository and its .venv, both mounted
read-only, so nothing is installed there.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sysconfig
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listener_cache import cache_folder
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
RELEASE, PYTHON = "bookworm", "3.11"
"""Debian's release, and its Python, whose binary modules must fit those of .venv."""
PACKAGES = (
    "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,python3-minimal,libpython3-stdlib,"
    "pulseaudio,pulseaudio-utils"
)
USER, UID = "speaker", 1000
HOME = f"/home/{USER}"
SITE = Path(sysconfig.get_path("purelib"))
BOOT_SECONDS = 90.0


def missing() -> str | None:
    """Why there cannot be such a machine here; None: there can."""
    needed = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap", "nsenter": "util-linux"}
    packages = sorted({package for tool, package in needed.items() if shutil.which(tool) is None})
    if packages:
        return f"missing: apt install {' '.join(packages)}"
    if getattr(os, "geteuid")() != 0:  # noqa: B009 - Windows has none
        return "systemd-nspawn needs root"
    if not platform.python_version().startswith(f"{PYTHON}."):
        return f".venv is of Python {platform.python_version()}, {RELEASE}'s is {PYTHON}"
    return None


def tree() -> Path:
    """The tree, made if it is not there."""
    cache = cache_folder() / "systemd"
    made, new = cache / f"{RELEASE}-2", cache / f"new-{os.getpid()}"
    if made.exists():
        return made
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with (cache / "debootstrap.log").open("wb") as log:
            subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(new)],
                check=True,
                stdout=log,
                stderr=log,
                timeout=1200,
            )
        _furnish(new)
        if not made.exists():  # another run may have been quicker
            new.rename(made)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return made


def _furnish(tree: Path) -> None:
    """A user who lingers, and a Python that finds ttsd where it will be mounted."""
    subprocess.run(
        ["chroot", str(tree), "useradd", "-m", "-u", str(UID), "-s", "/bin/bash", USER], check=True
    )
    linger = tree / "var/lib/systemd/linger"
    linger.mkdir(parents=True, exist_ok=True)
    (linger / USER).touch()
    # Timers of the distribution have nothing to do here.
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "dpkg-db-backup.timer"):
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for folder in ("opt/src", "opt/site", "opt/ttsd/bin"):
        (tree / folder).mkdir(parents=True)
    (tree / "opt/ttsd/bin/python").symlink_to("/usr/bin/python3")
    (tree / "opt/ttsd/pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    packages = tree / f"opt/ttsd/lib/python{PYTHON}/site-packages"
    packages.mkdir(parents=True)
    (packages / "ttsd.pth").write_text("/opt/src\n/opt/site\n")


class Machine:
    """A running machine."""

    def __init__(self, shared: Path) -> None:
        """*shared*: a folder of ours, /shared there."""
        self.shared = shared
        shared.chmod(0o777)
        self._log = (shared / "boot.log").open("wb")
        mounts = (f"--bind={shared}:/shared", f"--bind-ro={ROOT}:/opt/src", f"--bind-ro={SITE}:/opt/site")
        self._process = subprocess.Popen(
            [
                *("systemd-nspawn", "--register=no", "--keep-unit", "--quiet", f"--directory={tree()}"),
                *("--volatile=overlay", f"--machine=ttsd-test-{os.getpid()}", *mounts, "--boot"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def wait_until_up(self) -> None:
        """Until the user's manager answers."""

        def up() -> bool:
            assert self._process.poll() is None, (self.shared / "boot.log").read_text(errors="replace")
            # On slow machines jobs are still being done: that is no matter of ours.
            return self._leader() is not None and self.user("systemctl --user is-system-running") in (
                "running",
                "degraded",
            )

        wait_for(up, "the machine to boot", timeout=BOOT_SECONDS)

    def root(self, line: str, *, check: bool = False) -> str:
        """What a shell line of root's prints, stderr included."""
        return self._run([], line, check=check)

    def user(self, line: str, *, check: bool = False) -> str:
        """What a shell line of the user's prints, stderr included."""
        setpriv = [
            "setpriv",
            f"--reuid={UID}",
            f"--regid={UID}",
            "--init-groups",
            "env",
            "-i",
            f"HOME={HOME}",
        ]
        runtime = f"/run/user/{UID}"
        session = [f"XDG_RUNTIME_DIR={runtime}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus"]
        path = "PATH=/opt/ttsd/bin:/usr/bin:/bin"
        return self._run([*setpriv, *session, path, f"USER={USER}", "LANG=C.UTF-8"], line, check=check)

    def ttsd(self, words: str, *, check: bool = True) -> str:
        """What `ttsd WORDS` prints for the user."""
        line = f"cd && python -P -m ttsd {words}"
        if check:  # what systemd says of a failure is in the journal alone
            line += " || (code=$?; journalctl --user --no-pager --lines=15; exit $code)"
        return self.user(line, check=check)

    def show(self, name: str, unit: str = "ttsd.service") -> str:
        """A property of a unit of the user's manager."""
        return self.user(f"systemctl --user show {unit} --property={name} --value")

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """The user's journal."""
        self.root("journalctl --sync")
        out = self.user(f"journalctl --user --output=json --no-pager {' '.join(matches)}")
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def close(self) -> None:
        """Power it off."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:  # a reused tree is not harmed: it is under an overlay
                self._process.kill()
                self._process.wait(10)
        self._log.close()

    # ---- inside

    def _run(self, before: list[str], line: str, *, check: bool) -> str:
        leader = self._leader()
        assert leader is not None, "the machine does not run"
        enter = ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        done = subprocess.run(
            [*enter, "--root", "--wd", "--", *before, "/bin/bash", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert not check or done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}"
        return done.stdout.strip()

    def _leader(self) -> int | None:
        """systemd's pid, seen from here."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        except OSError:
            pass
        return None


@contextmanager
def booted(shared: Path) -> Iterator[Machine]:
    """A machine for the time of the block."""
    machine = Machine(shared)
    try:
        machine.wait_until_up()
        yield machine
    finally:
        machine.close()
