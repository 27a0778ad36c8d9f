"""A file for one user alone, on Windows, where modes mean nothing."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def restrict(path: Path) -> None:
    """Take inherited rights away and give full ones to the current user. Raises OSError."""
    user = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ.get('USERNAME', '')}"
    done = subprocess.run(
        ["icacls", str(path), "/inheritance:r", "/grant:r", f"{user}:F"],
        check=False,
        capture_output=True,
        timeout=30,
    )
    if done.returncode:
        raise OSError(done.returncode, f"icacls: {done.stdout.decode(errors='replace').strip()}")
