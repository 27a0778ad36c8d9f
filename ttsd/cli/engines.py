"""`ttsd engines`: every engine that is known. From the daemon, where one runs; else from what is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ttsd.cli.colour import paint_for
from ttsd.cli.engine_table import table
from ttsd.control.address import control_address
from ttsd.control.client import Client
from ttsd.errors import NotRunning

if TYPE_CHECKING:
    import argparse


def engines(arguments: argparse.Namespace) -> int:
    """A table for people, or one document."""
    try:
        with Client.connect(control_address(arguments.config)) as client:
            found: dict[str, Any] = client.call("engine.facts", {}, timeout=60.0)
        daemon = True
    except NotRunning:
        found, daemon = _without_daemon(arguments), False
    if arguments.json:
        print(json.dumps({"daemon": daemon, **found}, ensure_ascii=False, indent=2))
    else:
        paint = paint_for(sys.stdout)
        print(table(found, paint))
        print(paint.faint("as the daemon sees them" if daemon else "no daemon runs: nothing is loaded"))
    return 0


def _without_daemon(arguments: argparse.Namespace) -> dict[str, Any]:
    from ttsd import config
    from ttsd.engines.facts import gather
    from ttsd.engines.measured import FILE, Measurements
    from ttsd.paths import default_data_dir, default_state_dir
    from ttsd.schema import plain

    settings = config.load(arguments.config)
    measured = Measurements((settings.state.dir or default_state_dir()) / FILE)
    listing: dict[str, Any] = plain(gather(settings, default_data_dir(), (), measured.of))
    return listing


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"engines": engines}
