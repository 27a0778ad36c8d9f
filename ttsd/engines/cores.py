"""How many processors an engine may keep busy: one fewer than there are for us, so that sound goes on."""

from __future__ import annotations

import os
import sys


def spare_cores() -> int:
    """At least 1. What this process may not use (a container, an affinity) does not count."""
    if sys.platform == "linux":
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count() or 2
    return max(1, usable - 1)
