"""The child side: one engine in a process of its own, over stdin and stdout or on a socket.

Invariants: file descriptor 1 belongs to the protocol, what libraries print goes to stderr; a worker
on stdio does not outlive its daemon, whatever it is computing. Standard library, numpy, one adapter.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ttsd.engines import catalog, installed
from ttsd.engines.adapter import Setup, load_adapter
from ttsd.engines.cores import spare_cores
from ttsd.engines.serving import Connection, Service, say
from ttsd.errors import EngineError, EngineMissing

if TYPE_CHECKING:
    from collections.abc import Sequence


TELLS_NOBODY = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""What keeps libraries from reporting to their makers: onnxruntime 1.32 gathers for that, on Linux too."""


def main(argv: Sequence[str]) -> int:
    """Serve one engine; *argv* as `ttsd worker` takes it. Returns the exit status."""
    os.environ.update(TELLS_NOBODY)
    arguments = _arguments(argv)
    if (python := _own_python(arguments)) is not None:
        return _run_with(python, arguments, argv)
    if arguments.parent:
        _die_with(arguments.parent)
    if arguments.nice:
        _stand_back(arguments.nice)
    streams = None if arguments.uri or arguments.prepare else _take_stdio()
    try:
        adapter, setup = load_adapter(_adapter_of(arguments)), _setup_of(arguments)
        if arguments.prepare:
            adapter.prepare(setup, say)
            return 0
        service = Service(arguments.engine, adapter, setup)
    except EngineError as error:
        say(str(error))
        return 1
    if streams is None:
        return _serve_uri(service, arguments.uri)
    return _serve_stdio(service, *streams)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("ttsd worker", description="One engine as a Wyoming server.")
    parser.add_argument("engine", help="its name in the catalogue")
    parser.add_argument("--uri", help="tcp://host:port or unix:///path; default: stdin and stdout")
    parser.add_argument("--voice", help="the default voice")
    parser.add_argument("--options", type=_options, default={}, metavar="JSON", help="the engine's options")
    parser.add_argument("--threads", type=int, default=0, help="default: one fewer than the machine has")
    parser.add_argument("--nice", type=int, default=0, help="how far to stand back for others (0 to 19)")
    parser.add_argument("--base", type=Path, default=Path(), help="the folder relative paths begin at")
    parser.add_argument("--data", type=Path, help="the user's data folder")
    parser.add_argument("--cache", type=Path, help="the user's cache folder")
    parser.add_argument("--adapter", metavar="MODULE:CLASS", help="an adapter that is not in the catalogue")
    parser.add_argument(
        "--prepare", action="store_true", help="make once what lets later starts be fast, and end"
    )
    parser.add_argument("--parent", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _options(text: str) -> dict[str, str | int | float | bool]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _adapter_of(arguments: argparse.Namespace) -> str:
    if arguments.adapter:
        return str(arguments.adapter)
    entry = catalog.find_any(arguments.engine)
    if entry is None:
        raise EngineMissing(f"no engine {arguments.engine} is known{catalog.did_you_mean(arguments.engine)}")
    if (reason := catalog.missing(entry)) or entry.adapter is None:
        raise EngineMissing(f"{entry.name} {reason}", next_step=entry.install)
    return entry.adapter


def _own_python(arguments: argparse.Namespace) -> Path | None:
    """The Python of the engine's own venv, if it has one and this is another; asked for by people alone."""
    if arguments.parent or arguments.adapter:
        return None
    entry = catalog.find_any(arguments.engine)
    data, _ = _folders(arguments)
    python = None if entry is None else installed.python_of(data, entry.name)
    return None if python is None or python.parent.parent.samefile(sys.prefix) else python


def _run_with(python: Path, arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Go on as a worker of another venv: one process, where the system can change one's program."""
    data, cache = _folders(arguments)  # that venv may not be able to find them
    folders = ["--data", str(data), "--cache", str(cache)]
    command = [str(python), str(Path(__file__).with_name("boot.py")), *argv, *folders]
    os.environ.pop("PYTHONPATH", None)  # it would put this venv's libraries before those of the other
    return _become(command)


if sys.platform == "win32":

    def _become(command: list[str]) -> int:
        import subprocess

        return subprocess.call(command)

else:

    def _become(command: list[str]) -> int:
        os.execv(command[0], command)  # noqa: S606  # no shell is wanted


def _folders(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """The user's data and cache folder."""
    data, cache = arguments.data, arguments.cache
    if data is None or cache is None:
        # Started by hand: in ttsd's own venv, because an engine's may not have this package.
        import platformdirs

        data = data or platformdirs.user_data_path("ttsd", appauthor=False)
        cache = cache or platformdirs.user_cache_path("ttsd", appauthor=False)
    return data, cache


def _setup_of(arguments: argparse.Namespace) -> Setup:
    data, cache = _folders(arguments)
    threads = arguments.threads or spare_cores()
    return Setup(arguments.voice, arguments.options, arguments.base, data, cache, threads)


def _take_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two ends of the protocol; what others read is empty, what they print goes to stderr."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reader, writer


def _serve_stdio(service: Service, reader: BinaryIO, writer: BinaryIO) -> int:
    def attend() -> None:
        service.attend(Connection(reader, writer))
        # The daemon has closed the pipe or is gone. Nothing that computes or hangs may keep us: no
        # clean end, which would wait for it.
        os._exit(0)

    threading.Thread(target=attend, name="attend", daemon=True).start()
    if fault := service.load():
        say(f"cannot be loaded: {fault}")
    service.run()
    return 0


def _serve_uri(service: Service, uri: str) -> int:
    from ttsd.engines.listen import Listener

    try:
        listener = Listener(uri, service)
    except (EngineError, OSError) as error:
        say(f"cannot listen on {uri}: {error}")
        return 1
    with listener, contextlib.suppress(KeyboardInterrupt):
        if sys.platform != "win32":
            signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        say(f"{service.name} on {listener.address}")
        if fault := service.load():
            say(f"cannot be loaded: {fault}")
            return 1
        service.run()
    return 0


def _stand_back(nice: int) -> None:
    """Let others go first. Windows has classes in place of numbers: below normal, and when nobody else wants to."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        below_normal, idle = 0x4000, 0x40
        kernel.SetPriorityClass(
            ctypes.c_void_p(kernel.GetCurrentProcess()), below_normal if nice < 15 else idle
        )
    else:
        os.nice(nice)


def _die_with(parent: int) -> None:
    """Let the kernel end this process with the thread that started it (Linux).

    The end of stdin says the same, but only to a process whose threads run: a library that holds the
    interpreter's lock for minutes does not hear it.
    """
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
