"""Verbs that need no daemon."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ttsd import __version__
from ttsd.cli.colour import paint_for
from ttsd.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """`ttsd run`: the daemon, until it is stopped."""
    from ttsd.daemon import daemon

    if arguments.log is not None:
        from ttsd.service import log_file

        log_file.use(arguments.log)
    return daemon.run(arguments.config)


def version(arguments: argparse.Namespace) -> int:
    """`ttsd version`."""
    print(json.dumps({"version": __version__}) if arguments.json else f"ttsd {__version__}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """`ttsd check`: exit code 78 with every problem, or 0."""
    from ttsd import config

    try:
        settings = config.load(arguments.config)
        if settings.http.enabled and settings.http.token_file is not None:
            from ttsd.http.server import read_token

            read_token(settings.http.token_file)  # without it the daemon does not start
    except ConfigError as error:
        if arguments.json:
            print(json.dumps({"ok": False, "config": None, "problems": error.problems}, ensure_ascii=False))
        raise
    path = str(settings.path) if settings.path else None
    if arguments.json:
        print(json.dumps({"ok": True, "config": path, "problems": []}, ensure_ascii=False))
    else:
        print(f"{path or 'the built-in configuration'} is well")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """`ttsd doctor`: exit code 1 if something is broken."""
    from ttsd import doctor
    from ttsd.schema import plain

    checks = doctor.whole(arguments.config)
    broken = [check for check in checks if check.state == "broken"]
    if arguments.json:
        print(json.dumps({"ok": not broken, "checks": plain(checks)}, ensure_ascii=False, indent=2))
        return 1 if broken else 0
    paint = paint_for(sys.stdout)
    marks = {"ok": paint.good("ok    "), "warn": paint.warn("look  "), "broken": paint.bad("BROKEN")}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{marks[check.state]}  {check.name:{width}}  {check.found}")
        if check.next_step:
            print(f"        {'':{width}}  {paint.strong('-> ' + check.next_step)}")
    return 1 if broken else 0


def devices(arguments: argparse.Namespace) -> int:
    """`ttsd devices`: asked of the sound server itself, whether a daemon runs or not."""
    from ttsd.audio.devices import list_devices
    from ttsd.cli import show
    from ttsd.daemon.results import Devices
    from ttsd.schema import plain

    listing = list_devices()
    found = plain(Devices(listing.devices, tuple(str(problem) for problem in listing.problems)))
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print(show.devices(found, paint_for(sys.stdout)))
    return 0


def cable(arguments: argparse.Namespace) -> int:
    """`ttsd cable status | create | remove`: status exits with 1 if the cable is not whole."""
    from ttsd.audio import cable as cables
    from ttsd.audio.devices import on_linux
    from ttsd.audio.pulse_client import PulseClient
    from ttsd.errors import OutputError
    from ttsd.schema import plain

    if not on_linux():
        raise OutputError(
            "this system has no sound server that makes cables",
            next_step="install VB-Cable (Windows) or BlackHole (macOS), and name it as the output's device",
        )
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", arguments.name):
        raise UsageError("a cable's name has letters, digits, -, _ and . alone")
    wanted = cables.Cable(sink=arguments.name, microphone=f"{arguments.name}_mic")
    client = PulseClient()
    try:
        acts = {"create": cables.create, "remove": cables.remove, "status": cables.status}
        found = acts[arguments.action](client, wanted)
    finally:
        client.close()
    well = found.complete is not (arguments.action == "remove")
    if arguments.json:
        print(json.dumps({**plain(wanted), "there": plain(found)}, ensure_ascii=False))
        return 0 if well else 1
    there = {True: "there", False: "not there"}
    print(f"sink        {wanted.sink}: {there[found.sink]}")
    print(f"microphone  {wanted.microphone}: {there[found.microphone]}")
    if arguments.action == "create":
        print(f'next: [[outputs]] type = "pulse", device = "{wanted.sink}"; record {wanted.microphone}')
    return 0 if well else 1


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "version": version,
    "check": check,
    "doctor": doctor,
    "devices": devices,
    "cable": cable,
}
