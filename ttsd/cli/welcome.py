"""What `scripts/run` tells a newcomer before the daemon starts: what to write to, how to hear it, what next."""

from __future__ import annotations

import sys
from pathlib import Path

from ttsd import config
from ttsd.errors import ConfigError


def welcome(path: Path) -> str:
    """The text. A configuration that is wrong is left to the daemon to report."""
    try:
        settings = config.load(path)
    except ConfigError:
        return ""
    files = [source.path for source in settings.sources if source.path != "-"]
    lines = [f"ttsd reads aloud every line that is added to {' and '.join(files) or 'the files you name'}."]
    if files:
        lines += ["In another terminal:", f"  echo 'Hello, I am reading this.' >> {files[0]}"]
    lines += [
        "  scripts/run say 'Straight to the voice.'",
        "  scripts/run status        what is going on, and where the sound goes",
        "  scripts/run switch hibari another engine, at once",
        f"Settings are in {path}; saving the file is enough. Ctrl-C ends ttsd.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(welcome(Path(sys.argv[1])))
