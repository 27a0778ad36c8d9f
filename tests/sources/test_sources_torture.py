"""A short torture: kills, rotations, truncations and saves from a seed; every line once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "tortures" / "follow.py"


def test_no_line_is_lost_or_repeated_under_torture() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--seed", "7", "--actions", "80", "--only", "ttsd"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
