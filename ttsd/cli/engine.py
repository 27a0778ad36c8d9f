"""`ttsd engine install | upgrade | remove | test | unload`: engines in venvs of their own.

The daemon is needed for the last alone; where one runs, it is told of what was installed or removed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import config, log
from ttsd.cli import show
from ttsd.cli.colour import paint_for
from ttsd.clock import SystemClock
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.engines import catalog, installed
from ttsd.engines.connect import Process
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.engines.install import Installer, Wishes, remove
from ttsd.engines.measured import FILE, Measurements, keep
from ttsd.engines.recipe import SENTENCE
from ttsd.engines.roster import Roster, user_place
from ttsd.engines.trial import Trial, speak
from ttsd.errors import ConfigError, ControlError, InstallError, UsageError
from ttsd.model import EngineName
from ttsd.paths import default_state_dir
from ttsd.settings import EngineSettings, Settings

if TYPE_CHECKING:
    import argparse

    from ttsd.engines.engine import Engine
    from ttsd.engines.entry import Entry
    from ttsd.engines.install import Outcome, Progress


def engine(arguments: argparse.Namespace) -> int:
    """The verb: one of its actions on one engine."""
    settings = _settings(arguments)
    log.configure(replace(settings.log, level="warning"))  # what goes wrong with an engine, and no more
    if arguments.action == "test":
        return _test(arguments, settings)
    entry = catalog.find(arguments.name)
    if entry is None:
        raise UsageError(
            f"no engine {arguments.name} is known{catalog.did_you_mean(arguments.name)}",
            next_step="`ttsd engines` lists them",
        )
    if arguments.action == "unload":
        return _unload(arguments, entry)
    if arguments.action == "remove":
        return _remove(arguments, entry, settings)
    return _install(arguments, entry, settings)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The configuration; to install an engine, a broken one need not be mended first."""
    try:
        return config.load(arguments.config)
    except ConfigError:
        if arguments.action == "test" or arguments.config is not None:
            raise
        return Settings()


def _install(arguments: argparse.Namespace, entry: Entry, settings: Settings) -> int:
    place, wanted = user_place(settings), settings.engine.get(EngineName(entry.name), EngineSettings())
    sentence = entry.recipe.sentence if entry.recipe else SENTENCE

    def try_out(python: Path) -> Trial:
        process = Process(entry.name, entry, wanted, replace(place, python=python))
        host = EngineHost(EngineName(entry.name), entry, wanted, process)
        try:
            trial = speak(host, Request(sentence))
            _keep(settings, host)
        finally:
            host.close()
        return trial

    show = _Show()
    installer = Installer(entry, place.data, try_out, show)
    before = installed.read(place.data, entry.name)
    if before is None and arguments.action == "upgrade":
        raise InstallError("has no venv of its own to renew", where=entry.name, next_step=entry.install)
    renew = arguments.upgrade or arguments.action == "upgrade"
    device = arguments.device or (before.device if before else None)
    current = installer.current()
    if current is not None and not renew and device == current.device:
        print(_told(arguments, {"engine": entry.name, "done": False}, f"{entry.label} is installed already"))
        return 0
    try:
        outcome = installer.install(
            Wishes(
                device=device,
                python=arguments.python or Path(sys.executable),
                index=arguments.index_url,
                torch_index=arguments.torch_index,
            )
        )
    finally:
        show.end()
    _tell_daemon(arguments, entry)
    installer.tidy()
    print(_told(arguments, _as_data(outcome), _in_words(outcome, entry)))
    return 0


def _unload(arguments: argparse.Namespace, entry: Entry) -> int:
    """The daemon's to do: it has the process."""
    with Client.connect(control_address(arguments.config)) as client:
        answer = client.call("engine.unload", {"engine": entry.name}, timeout=10.0)
    print(_told(arguments, answer, show.answer("engine.unload", answer)))
    return 0


def _tell_daemon(arguments: argparse.Namespace, entry: Entry) -> None:
    """A running daemon lets go of the process from the venv before this one; its next sentence uses the new."""
    try:
        with Client.connect(control_address(arguments.config)) as client:
            client.call("engine.unload", {"engine": entry.name}, timeout=10.0)
    except ControlError:  # none runs, or it does not use this engine
        pass


def _remove(arguments: argparse.Namespace, entry: Entry, settings: Settings) -> int:
    gone = remove(user_place(settings).data, entry.name)
    _tell_daemon(arguments, entry)
    words = f"{entry.label} is removed" if gone else f"{entry.label} has no venv of its own"
    print(_told(arguments, {"engine": entry.name, "removed": gone}, words))
    return 0


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    entry = catalog.find(arguments.name)  # None: a server, whose name is the user's own
    name = EngineName(entry.name if entry else arguments.name)
    roster = Roster()
    try:
        made = roster.build(replace(settings, engines=(name,))).engines[0]
        trial = speak(made, Request(" ".join(arguments.text) or SENTENCE))
        _keep(settings, made)
    finally:
        roster.close()
    data = {"engine": name, "file": None, **_measured(trial)}
    words = f"{name} ({trial.voice}): {trial.seconds:.1f} s of sound; {_figures(trial)}"
    if arguments.out is not None:
        _write(arguments.out, trial)
        data["file"] = str(arguments.out)
        words += f"\n{arguments.out}"
    elif not arguments.json:
        from ttsd.cli.play import play

        heard = play(trial.samples, trial.rate, settings.outputs[0])
        words += f"\nplayed: {heard}" if heard else "\nno sound device to play it; --out FILE keeps it"
    print(_told(arguments, data, words))
    return 0


def _keep(settings: Settings, engine: Engine) -> None:
    """What was measured is known to `ttsd engines` from now on."""
    file = (settings.state.dir or default_state_dir()) / FILE
    measured = Measurements(file)
    measured.note(engine.status(), SystemClock().time())
    keep(file, measured.take())


def _write(path: Path, trial: Trial) -> None:
    import soundfile

    try:
        soundfile.write(path, trial.samples, trial.rate)
    except (OSError, soundfile.LibsndfileError, TypeError, ValueError) as error:  # also an unknown ending
        raise UsageError(f"{path} cannot be written: {error}", next_step="such as hello.wav") from error


class _Show:
    """Progress on stderr: a line for each step; on a terminal the last one changes as it goes on."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._open = False
        """A line that may change was written last."""

    def __call__(self, progress: Progress) -> None:
        if not (progress.lasting or self._live):
            return
        mark = f"[{progress.step}/{progress.of}]" if progress.lasting else " " * 5
        text = f"{mark} {progress.what}"[:100]
        if progress.lasting:
            self.end()
            print(text, file=sys.stderr, flush=True)
        else:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
            self._open = True

    def end(self) -> None:
        """What follows is no progress."""
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False


def _told(arguments: argparse.Namespace, data: Mapping[str, object], words: str) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) if arguments.json else words


def _as_data(outcome: Outcome) -> dict[str, object]:
    made = outcome.installed
    return {
        "engine": made.engine,
        "done": True,
        "device": made.device,
        "python": made.python,
        "packages": dict(made.packages),
        "wants": None if outcome.wants is None else str(outcome.wants),
        "trial": None if outcome.trial is None else _measured(outcome.trial),
    }


def _measured(trial: Trial) -> dict[str, object]:
    return {
        "voice": trial.voice,
        "rate": trial.rate,
        "seconds": round(trial.seconds, 3),
        "load_seconds": round(trial.load_seconds, 3),
        "first_audio_seconds": round(trial.first_audio_seconds, 3),
        "real_time_factor": round(trial.real_time_factor, 4),
    }


def _in_words(outcome: Outcome, entry: Entry) -> str:
    paint = paint_for(sys.stdout)
    if outcome.trial is not None:
        return (
            f"{paint.good(f'{entry.label} is installed')} and has spoken; {_figures(outcome.trial)}\n"
            f"next: ttsd switch {entry.name}"
        )
    wants = outcome.wants
    step = f"\nnext: {wants.next_step}" if wants and wants.next_step else ""
    return f"{paint.warn(f'{entry.label} is installed')}; to speak, it {wants.what if wants else ''}{step}"


def _figures(trial: Trial) -> str:
    return (
        f"ready after {trial.load_seconds:.1f} s, first sound after {trial.first_audio_seconds * 1000:.0f} ms,"
        f" {trial.real_time_factor:.2f} s of work for a second of sound"
    )


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"engine": engine}
