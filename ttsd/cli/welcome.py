"""What `scripts/run` tells a newcomer before the daemon starts: what to write to, how to hear it, what next."""

from __future__ import annotations

import ctypes
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd import config
from ttsd.errors import ConfigError

if TYPE_CHECKING:
    from ttsd.settings import OutputSettings

AUDIO_LIBRARIES = ("libpulse.so.0", "libportaudio.so.2")
INSTALL_AUDIO = "sudo apt install libpulse0"


def welcome(path: Path) -> str:
    """The text. A configuration that is wrong is left to the daemon to report."""
    try:
        settings = config.load(path)
    except ConfigError:
        return ""
    files = [source.path for source in settings.sources if source.path != "-"]
    lines = [f"ttsd reads aloud every line that is added to {' and '.join(files) or 'the files you name'}."]
    lines += [_heard(output) for output in settings.outputs]
    lines += ["In another terminal:"]
    lines += [
        f"  echo 'Hello, I am reading this.' >> {shlex.quote(file)}" for file in files[:1] if _is_plain(file)
    ]
    lines += [
        "  scripts/run say 'Straight to the voice.'",
        "  scripts/run status           what is going on, and where the sound goes",
        "  scripts/run switch hibari    another engine, at once",
        f"Settings are in {path}; saving the file is enough. Ctrl-C ends ttsd.",
    ]
    return "\n".join(lines)


def _heard(output: OutputSettings) -> str:
    """How to hear it, in a sentence."""
    match output.type:
        case "file":
            return f"Each line becomes a WAV in {output.path or 'the state folder'}."
        case "null":
            return "Nothing is heard: the output is null."
        case "auto" if not _has_audio_library():
            return f"Nothing is heard, for there is no audio library here: {INSTALL_AUDIO}. WAVs are kept."
        case "auto":
            return "You hear it on the default audio device; without one, WAVs are kept."
        case _:
            return f"You hear it on {output.device or 'the default audio device'}."


def _has_audio_library() -> bool:
    """Whether this system can play at all; elsewhere than on Linux it is part of the package."""
    return not sys.platform.startswith("linux") or any(_loads(name) for name in AUDIO_LIBRARIES)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _is_plain(path: str) -> bool:
    """Whether it is one file rather than a pattern or a folder."""
    return not set(path) & set("*?[") and not Path(path).is_dir()


if __name__ == "__main__":
    print(welcome(Path(sys.argv[1])))
