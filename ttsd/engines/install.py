"""Makes, renews and removes the venv of an engine: `ttsd engine install`.

1. The Python, the room on the disk and the device are looked at before anything is fetched.
2. A new venv is made beside the one in use, or the one that an interrupted installation left is gone on with.
3. pip brings what the recipe names, a step at a time; where CUDA is not wanted it is not fetched.
4. The engine speaks a sentence from the new venv. One that lacks nothing but a model counts as installed.
5. The marker names the new venv (see installed.py), and only then the old one goes: `tidy`, when whoever
   runs from it was told.

Invariant: until then the engine that was installed before is untouched, whatever fails or is killed.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import __version__
from ttsd.clock import SystemClock
from ttsd.engines import installed
from ttsd.engines.pip import Pip, environment, run, size_of
from ttsd.engines.protocol import PROTOCOL
from ttsd.errors import EngineMissing, InstallError
from ttsd.file_lock import FileLock, Held
from ttsd.frozen import frozen
from ttsd.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ttsd.clock import Clock
    from ttsd.engines.entry import Entry
    from ttsd.engines.installed import Installed
    from ttsd.engines.recipe import Step
    from ttsd.engines.trial import Trial

DRAFT = "draft.json"
"""What an installation that is not finished wants, and the venv it is made in."""
DEVICES = ("cpu", "cuda")


@frozen
class Wishes:
    """What the user decides."""

    device: str | None = None
    """cpu or cuda; None: cuda where such a card is and the engine can use it."""
    python: Path = Path(sys.executable)
    """The Python that the venv is made with."""
    index: str | None = None
    """pip's --index-url; None: as pip is configured."""
    torch_index: str | None = None
    """The index for torch's own step; None: like the others."""


@frozen
class Progress:
    """How far it is."""

    step: int
    """From 1."""
    of: int
    what: str
    """A phrase without capital and full stop."""
    lasting: bool = True
    """False: of the moment, such as how much is downloaded."""


@frozen
class Outcome:
    """What came of it."""

    installed: Installed
    trial: Trial | None
    """None: nothing was done, or it wants a model first."""
    wants: EngineMissing | None = None
    """What it lacks to speak, and what brings it."""


class Installer:
    """One engine's installation."""

    def __init__(
        self,
        entry: Entry,
        data: Path,
        speak: Callable[[Path], Trial],
        tell: Callable[[Progress], None],
        clock: Clock | None = None,
    ) -> None:
        """*speak* lets the engine speak with a venv's Python. Raises InstallError if it needs no venv."""
        if entry.adapter is None or entry.recipe is None:
            why = "is not part of this version of ttsd" if entry.adapter is None else "needs no installation"
            raise InstallError(f"{entry.label} {why}", where=entry.name)
        self._entry, self._recipe = entry, entry.recipe
        self._data, self._folder = data, installed.folder(data, entry.name)
        self._scratch = self._folder / "scratch"
        self._speak, self._tell = speak, tell
        self._clock = clock or SystemClock()
        self._step, self._steps = 0, 4 + len(self._recipe.all_steps())

    def current(self) -> Installed | None:
        """What is installed and as this ttsd wants it."""
        found = installed.read(self._data, self._entry.name)
        usable = found is not None and not installed.missing(self._entry, self._data)
        return found if usable and found and not installed.outdated(self._entry, found) else None

    def install(self, wishes: Wishes) -> Outcome:
        """Make a venv and put it in use. Raises InstallError, EngineError (it did not speak)."""
        self._step = 0
        device = self._device(wishes)
        self._next(f"looking at {wishes.python}")
        version = self._check_python(wishes.python)
        self._check_room()
        try:
            with _alone(self._folder):
                return self._install(wishes, version, device)
        except OSError as error:
            raise InstallError(
                f"{error.strerror or error}", where=str(error.filename or self._folder), next_step=_AGAIN
            ) from error

    def tidy(self) -> None:
        """Remove what is not in use any more, such as the venv before this one: its last user should be gone."""
        found = installed.read(self._data, self._entry.name)
        if found is not None:
            self._sweep(found.venv)

    def _install(self, wishes: Wishes, version: str, device: str) -> Outcome:
        self._scratch.mkdir(parents=True, exist_ok=True)
        venv = self._make_venv(wishes.python, version, device)
        found = self._fill(venv, wishes, device)
        self._next("speaking a sentence")
        trial, wants = self._try(installed.interpreter(venv))
        self._next("putting it in use")
        made = installed.Installed(
            engine=self._entry.name,
            venv=venv.name,
            device=device,
            requirements=self._recipe.requirements(device),
            python=version,
            ttsd=__version__,
            protocol=PROTOCOL,
            at=self._clock.time(),
            packages=found,
        )
        installed.write(self._data, made)
        (self._folder / DRAFT).unlink(missing_ok=True)
        return Outcome(made, trial, wants)

    def _device(self, wishes: Wishes) -> str:
        if not self._recipe.knows_devices:
            return "cpu"
        return wishes.device or ("cuda" if has_nvidia() else "cpu")

    def _check_python(self, python: Path) -> str:
        lines: list[str] = []
        code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
        try:
            status = run([str(python), "-I", "-c", code], environment(self._folder), lines.append, lambda: 0)
        except OSError as error:
            raise InstallError(
                f"{python} cannot be run: {error.strerror or error}", where=self._entry.name
            ) from error
        version = lines[-1] if lines and status == 0 else ""
        parts = version.split(".")
        if len(parts) != 3:
            raise InstallError(
                f"{python} is no Python", where=self._entry.name, next_step="name one: --python"
            )
        if not self._recipe.runs_on((int(parts[0]), int(parts[1]))):
            low, end = (".".join(map(str, one)) for one in self._recipe.python)
            raise InstallError(
                f"{self._entry.label} does not run on Python {version}; it wants {low} or newer, below {end}",
                where=self._entry.name,
                next_step=f"ttsd engine install {self._entry.name} --python /path/to/python{low}",
            )
        return version

    def _check_room(self) -> None:
        place = self._folder
        while not place.exists():
            place = place.parent
        free, wanted = shutil.disk_usage(place).free / 1e6, 2 * self._recipe.megabytes
        if free < wanted - self._made_already():
            raise InstallError(
                f"{free:.0f} MB are free and {wanted} MB are wanted", where=str(place), next_step="make room"
            )

    def _made_already(self) -> float:
        """Megabytes of what an interrupted installation left."""
        return size_of(self._folder) / 1e6 if (self._folder / DRAFT).exists() else 0.0

    def _make_venv(self, python: Path, version: str, device: str) -> Path:
        """A venv that is not in use: the interrupted one, if it wants the same, or a new one."""
        self._next("making its venv")
        wanted = {"device": device, "python": version, "requirements": [*self._recipe.requirements(device)]}
        used = installed.read(self._data, self._entry.name)
        begun = self._begun(wanted)
        in_use = begun is not None and used is not None and used.venv == begun.name
        if begun is not None and not in_use and self._pip(begun).works():
            _mend(begun)
            return begun
        self._sweep(used.venv if used else "", self._scratch.name)
        venv = self._folder / _unused(self._folder)
        replace_file(self._folder / DRAFT, json.dumps({**wanted, "venv": venv.name}).encode("ascii"))
        lines: list[str] = []
        command = [str(python), "-m", "venv", str(venv)]
        status = run(command, environment(self._scratch), lines.append, lambda: size_of(venv))
        if status != 0 or not installed.interpreter(venv).exists():
            raise _no_venv(lines, self._entry.name)
        return venv

    def _begun(self, wanted: Mapping[str, object]) -> Path | None:
        """The venv of an interrupted installation that wanted the same."""
        try:
            draft = json.loads((self._folder / DRAFT).read_bytes())
            name = str(draft.pop("venv"))
        except (OSError, ValueError, KeyError, AttributeError):
            return None
        venv = self._folder / name
        return venv if draft == wanted and "/" not in name and installed.interpreter(venv).exists() else None

    def _fill(self, venv: Path, wishes: Wishes, device: str) -> dict[str, str]:
        """Install what the recipe wants; all that is in it then."""
        pip, pins = self._pip(venv), self._scratch / "pins.txt"
        before: list[str] = []
        for step in self._recipe.all_steps():
            requirements = step.requirements(device)
            self._next(f"installing {', '.join(requirements)}")
            # A later step brings what it needs beside the earlier ones; it does not change them.
            pins.write_text("".join(f"{one}\n" for one in before if not set(one) & set("@[")), "utf-8")
            options = (*_options(step, wishes), "--constraint", str(pins))
            before += requirements
            if step.torch and device == "cpu" and (cuda := pip.would_bring_cuda(requirements, options)):
                raise _unwanted_cuda(self._entry.name, cuda)
            pip.install(requirements, bare=step.bare, options=options)
        return pip.packages()

    def _try(self, python: Path) -> tuple[Trial | None, EngineMissing | None]:
        try:
            return self._speak(python), None
        except EngineMissing as error:  # a model of the user's choice: nothing that an installation brings
            return None, error

    def _sweep(self, *keep: str) -> None:
        """Remove other folders. What a running process holds open (Windows) goes the next time."""
        for one in self._folder.iterdir():
            if one.is_dir() and one.name not in keep:
                shutil.rmtree(one, ignore_errors=True)

    def _pip(self, venv: Path) -> Pip:
        return Pip(
            installed.interpreter(venv),
            self._scratch,
            lambda what: self._tell(Progress(self._step, self._steps, what, lasting=False)),
        )

    def _next(self, what: str) -> None:
        self._step += 1
        self._tell(Progress(self._step, self._steps, what))


_AGAIN = "the same command goes on where it was"


def remove(data: Path, engine: str) -> bool:
    """Remove the engine's venv; false: there was none. Raises InstallError."""
    place = installed.folder(data, engine)
    if not place.exists():
        return False
    try:
        with _alone(place):
            (place / installed.MARKER).unlink(missing_ok=True)  # first: a half-removed one is not installed
            shutil.rmtree(place)
    except OSError as error:
        raise InstallError(
            f"cannot be removed: {error.strerror or error}",
            where=str(error.filename or place),
            next_step="stop the daemon and try again",
        ) from error
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else installs or removes this engine meanwhile. Raises InstallError, OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    except Held as held:
        raise InstallError(
            f"process {held.holder} is installing or removing it", where=folder.name, next_step="wait for it"
        ) from None
    try:
        yield
    finally:
        lock.close()


def has_nvidia() -> bool:
    """Whether this machine has a driver for graphics cards of Nvidia's."""
    if sys.platform == "linux":
        found = Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()
    else:
        found = shutil.which("nvidia-smi") is not None
    return found


def _options(step: Step, wishes: Wishes) -> Sequence[str]:
    index = (wishes.torch_index if step.torch else None) or wishes.index
    return () if index is None else ("--index-url", index)


def _unused(folder: Path) -> str:
    """A name for a new venv."""
    return next(name for number in count(1) if not (folder / (name := f"venv-{number}")).exists())


def _mend(venv: Path) -> None:
    """Have packages that were being unpacked when pip was killed unpacked again.

    pip writes INSTALLER when all files of a package are there; without it, pip would take the package for
    complete.
    """
    for folder in venv.rglob("*.dist-info"):
        if not (folder / "INSTALLER").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _no_venv(lines: Sequence[str], engine: str) -> InstallError:
    told = " ".join(lines)
    if "ensurepip" in told or "No module named venv" in told:
        return InstallError(
            "this Python cannot make a venv with pip",
            where=engine,
            next_step="install the module venv, on Debian and Ubuntu: sudo apt install python3-venv",
        )
    if "No space left" in told:
        return InstallError("no space left on the device", where=engine, next_step=f"make room; {_AGAIN}")
    return InstallError(f"no venv was made: {lines[-1] if lines else 'nothing was said'}"[:300], where=engine)


def _unwanted_cuda(engine: str, packages: Sequence[str]) -> InstallError:
    return InstallError(
        f"pip's package index has torch for CUDA alone: it would bring {len(packages)} packages of CUDA,"
        f" such as {packages[0]}",
        where=engine,
        next_step="--torch-index URL names an index with torch for the processor; --cuda takes it as it is",
    )
