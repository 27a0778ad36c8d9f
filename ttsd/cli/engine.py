"""`ttsd engine install | upgrade | remove | test | unload`: engines and converters in venvs of their own.

The daemon is needed for the last alone; where one runs, it is told of what was installed or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import config, log
from ttsd.cli import show
from ttsd.cli.engine_install import install, tell_daemon
from ttsd.cli.trials import figures, keep_figures, measured, told
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.engines import catalog
from ttsd.engines.engine import Request
from ttsd.engines.install import remove
from ttsd.engines.recipe import SENTENCE
from ttsd.engines.roster import Roster, user_place
from ttsd.engines.trial import Trial, speak
from ttsd.errors import ConfigError, UsageError
from ttsd.model import EngineName
from ttsd.settings import Settings

if TYPE_CHECKING:
    import argparse

    from ttsd.engines.entry import Entry


def engine(arguments: argparse.Namespace) -> int:
    """The verb: one of its actions on one engine."""
    settings = _settings(arguments)
    log.configure(replace(settings.log, level="warning"))  # what goes wrong with an engine, and no more
    if arguments.action == "test":
        return _test(arguments, settings)
    entry = catalog.find_any(arguments.name)
    if entry is None:
        raise UsageError(
            f"no engine {arguments.name} is known{catalog.did_you_mean(arguments.name)}",
            next_step="`ttsd engines` lists them",
        )
    if arguments.action == "unload":
        return _unload(arguments, entry)
    if arguments.action == "remove":
        return _remove(arguments, entry, settings)
    return install(arguments, entry, settings)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The configuration; to install an engine, a broken one need not be mended first."""
    try:
        return config.load(arguments.config)
    except ConfigError:
        if arguments.action == "test" or arguments.config is not None:
            raise
        return Settings()


def _unload(arguments: argparse.Namespace, entry: Entry) -> int:
    """The daemon's to do: it has the process."""
    with Client.connect(control_address(arguments.config)) as client:
        answer = client.call("engine.unload", {"engine": entry.name}, timeout=10.0)
    print(told(arguments, answer, show.answer("engine.unload", answer)))
    return 0


def _remove(arguments: argparse.Namespace, entry: Entry, settings: Settings) -> int:
    gone = remove(user_place(settings).data, entry.name)
    tell_daemon(arguments, entry)
    words = f"{entry.label} is removed" if gone else f"{entry.label} has no venv of its own"
    print(told(arguments, {"engine": entry.name, "removed": gone}, words))
    return 0


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    if (converter := catalog.find_converter(arguments.name)) is not None:
        raise UsageError(
            f"{converter.label} makes another voice out of one, and speaks no texts",
            next_step=f'ttsd say --voice NAME "…", where [voice.NAME.convert] has type = "{converter.name}"',
        )
    entry = catalog.find(arguments.name)  # None: a server, whose name is the user's own
    name = EngineName(entry.name if entry else arguments.name)
    roster = Roster()
    try:
        made = roster.build(replace(settings, engines=(name,))).engines[0]
        trial = speak(made, Request(" ".join(arguments.text) or SENTENCE))
        keep_figures(settings, made)
    finally:
        roster.close()
    data = {"engine": name, "file": None, **measured(trial)}
    words = f"{name} ({trial.voice}): {trial.seconds:.1f} s of sound; {figures(trial)}"
    if arguments.out is not None:
        _write(arguments.out, trial)
        data["file"] = str(arguments.out)
        words += f"\n{arguments.out}"
    elif not arguments.json:
        from ttsd.cli.play import play

        heard = play(trial.samples, trial.rate, settings.outputs[0])
        words += f"\nplayed: {heard}" if heard else "\nno sound device to play it; --out FILE keeps it"
    print(told(arguments, data, words))
    return 0


def _write(path: Path, trial: Trial) -> None:
    import soundfile

    try:
        soundfile.write(path, trial.samples, trial.rate)
    except (OSError, soundfile.LibsndfileError, TypeError, ValueError) as error:  # also an unknown ending
        raise UsageError(f"{path} cannot be written: {error}", next_step="such as hello.wav") from error


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"engine": engine}
