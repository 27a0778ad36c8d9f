"""`ttsd engine install | upgrade`: a venv of its own, with progress on stderr."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.cli.colour import paint_for
from ttsd.cli.trials import figures, keep_figures, measured, told
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.engines import catalog, installed
from ttsd.engines.connect import Process
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.engines.install import Installer, Wishes
from ttsd.engines.recipe import SENTENCE
from ttsd.engines.roster import user_place
from ttsd.engines.trial import Trial, hum, speak
from ttsd.errors import ConfigError, ControlError, InstallError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings

if TYPE_CHECKING:
    import argparse

    from ttsd.engines.entry import Entry
    from ttsd.engines.install import Outcome, Progress


def install(arguments: argparse.Namespace, entry: Entry, settings: Settings) -> int:
    """Make or renew the engine's venv, unless it is as it should be. Raises InstallError, EngineError."""
    place, wanted = user_place(settings), settings.engine.get(EngineName(entry.name), EngineSettings())
    sentence = entry.recipe.sentence if entry.recipe else SENTENCE
    is_engine = catalog.find_converter(entry.name) is None

    def try_out(python: Path) -> Trial:
        process = Process(entry.name, entry, wanted, replace(place, python=python))
        host = EngineHost(EngineName(entry.name), entry, wanted, process)
        try:
            trial = speak(host, Request(sentence) if is_engine else Request("", sound=hum()))
            keep_figures(settings, host)
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
        print(told(arguments, {"engine": entry.name, "done": False}, f"{entry.label} is installed already"))
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
    tell_daemon(arguments, entry)
    installer.tidy()
    print(told(arguments, _as_data(outcome), _in_words(outcome, entry)))
    return 0


def tell_daemon(arguments: argparse.Namespace, entry: Entry) -> None:
    """A running daemon lets go of the process from the venv before this one; its next sentence uses the new."""
    try:
        with Client.connect(control_address(arguments.config)) as client:
            client.call("engine.unload", {"engine": entry.name}, timeout=10.0)
    except (ControlError, ConfigError):  # none runs, none is known, or it does not use this engine
        pass


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


def _as_data(outcome: Outcome) -> dict[str, object]:
    made = outcome.installed
    return {
        "engine": made.engine,
        "done": True,
        "device": made.device,
        "python": made.python,
        "packages": dict(made.packages),
        "wants": None if outcome.wants is None else str(outcome.wants),
        "trial": None if outcome.trial is None else measured(outcome.trial),
    }


def _in_words(outcome: Outcome, entry: Entry) -> str:
    paint = paint_for(sys.stdout)
    is_engine = catalog.find_converter(entry.name) is None
    if outcome.trial is not None:
        use = f"ttsd switch {entry.name}" if is_engine else f'[voice.NAME.convert] type = "{entry.name}"'
        return (
            f"{paint.good(f'{entry.label} is installed')} and has {'spoken' if is_engine else 'converted'};"
            f" {figures(outcome.trial)}\nnext: {use}"
        )
    wants = outcome.wants
    step = f"\nnext: {wants.next_step}" if wants and wants.next_step else ""
    lacks = f"; it cannot {'speak' if is_engine else 'convert'} yet: it {wants.what if wants else ''}"
    return f"{paint.warn(f'{entry.label} is installed')}{lacks}{step}"
