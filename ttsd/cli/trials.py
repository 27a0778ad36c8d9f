"""What a trial of an engine showed, in words, as data, and kept for `ttsd engines`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ttsd.clock import SystemClock
from ttsd.engines.measured import FILE, Measurements, keep
from ttsd.paths import default_state_dir

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ttsd.engines.engine import Engine
    from ttsd.engines.trial import Trial
    from ttsd.settings import Settings


def told(arguments: argparse.Namespace, data: Mapping[str, object], words: str) -> str:
    """What is printed: *data* where JSON is wanted."""
    return json.dumps(data, ensure_ascii=False, indent=2) if arguments.json else words


def measured(trial: Trial) -> dict[str, object]:
    """Its figures for scripts."""
    return {
        "voice": trial.voice,
        "rate": trial.rate,
        "seconds": round(trial.seconds, 3),
        "load_seconds": round(trial.load_seconds, 3),
        "first_audio_seconds": round(trial.first_audio_seconds, 3),
        "real_time_factor": round(trial.real_time_factor, 4),
    }


def figures(trial: Trial) -> str:
    """Its figures for people."""
    return (
        f"ready after {trial.load_seconds:.1f} s, first sound after {trial.first_audio_seconds * 1000:.0f} ms,"
        f" {trial.real_time_factor:.2f} s of work for a second of sound"
    )


def keep_figures(settings: Settings, engine: Engine) -> None:
    """What was measured is known to `ttsd engines` from now on."""
    file = (settings.state.dir or default_state_dir()) / FILE
    measurements = Measurements(file)
    measurements.note(engine.status(), SystemClock().time())
    keep(file, measurements.take())
