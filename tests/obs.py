"""A real OBS that records one audio source: under Xvfb, with a configuration of its own.

OBS is used as a streamer uses it, without its websocket: it starts recording by itself, and writes its
file when it is asked to end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.model import Samples

RATE = 48_000
NEEDED = {
    "obs": "obs-studio",
    "xvfb-run": "xvfb",
    "xauth": "xauth",
    "ffmpeg": "ffmpeg",
    "dbus-run-session": "dbus-daemon",
}
_PROFILE = """\
[General]
Name=ttsd
[Output]
Mode=Simple
[SimpleOutput]
FilePath={folder}
RecFormat=mkv
RecQuality=Stream
StreamEncoder=x264
Preset=ultrafast
VBitrate=100
ABitrate=320
[Video]
BaseCX=160
BaseCY=120
OutputCX=160
OutputCY=120
FPSType=0
FPSCommon=10
[Audio]
SampleRate={rate}
ChannelSetup=Stereo
"""
_GLOBAL = """\
[General]
FirstRun=true
Pre19Defaults=false
EnableAutoUpdates=false
ConfirmOnExit=false
[Basic]
Profile=ttsd
ProfileDir=ttsd
SceneCollection=ttsd
SceneCollectionFile=ttsd
[BasicWindow]
ShowListboxToolbars=false
"""


def missing() -> str | None:
    """Why there is no OBS here; None: there is."""
    packages = sorted({package for tool, package in NEEDED.items() if shutil.which(tool) is None})
    return f"missing: apt install {' '.join(packages)}" if packages else None


class Obs:
    """OBS with one source, recording from its start on."""

    def __init__(self, folder: Path, environment: Mapping[str, str], source: str, device: str) -> None:
        """*folder*: its home; *source*: pulse_output_capture or pulse_input_capture, of *device*."""
        self.folder = folder
        config = folder / ".config" / "obs-studio"
        profile, scenes = config / "basic" / "profiles" / "ttsd", config / "basic" / "scenes"
        for path in (profile, scenes):
            path.mkdir(parents=True)
        (config / "global.ini").write_text(_GLOBAL)
        (profile / "basic.ini").write_text(_PROFILE.format(folder=folder, rate=RATE))
        (scenes / "ttsd.json").write_text(json.dumps(_scene(source, device)))
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                *(
                    "dbus-run-session",
                    "--",
                    "xvfb-run",
                    "--auto-servernum",
                    "--server-args=-screen 0 640x480x24",
                ),
                *("obs", "--startrecording", "--minimize-to-tray", "--disable-updater"),
                *("--disable-missing-files-check", "--multi"),
            ],
            env={
                **{key: value for key, value in environment.items() if not key.startswith("DBUS_")},
                "HOME": str(folder),
                "XDG_CONFIG_HOME": str(folder / ".config"),
                "LIBGL_ALWAYS_SOFTWARE": "1",
                "QT_QPA_PLATFORM": "xcb",
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def wait_until_it_records(self) -> None:
        """Until its file grows."""

        def grows() -> bool:
            assert self._process.poll() is None, f"OBS ended:\n{self.log()}"
            return any(_size(file) for file in self.folder.glob("*.mkv"))  # it tries one out first

        wait_for(grows, "OBS to record", timeout=60)

    def stop(self) -> Samples:
        """End it as Ctrl-C does; what it has recorded, its left channel."""
        for pid, name in _living_in(self.folder).items():
            if name == "obs":
                os.kill(pid, signal.SIGINT)
        self._process.wait(60)
        (file,) = self.folder.glob("*.mkv")
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(file), "-f", "f32le", "-ac", "2", "-ar", str(RATE), "-"],
            capture_output=True,
            check=True,
            timeout=60,
        )
        return np.frombuffer(done.stdout, dtype=np.float32).reshape(-1, 2)[:, 0]

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text(errors="replace")

    def close(self) -> None:
        """End it whatever it does, with all that it has started."""
        for pid in _living_in(self.folder):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        self._process.wait(20)
        self._log.close()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _living_in(home: Path) -> dict[int, str]:
    """Processes that were started with this home, and what they are called (Linux)."""
    mark, found = f"HOME={home}".encode(), {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:  # it ended while we looked
            continue
    return found


def _scene(source: str, device: str) -> dict[str, object]:
    """A scene collection with the source in its only scene."""
    plain = {"enabled": True, "volume": 1.0, "balance": 0.5, "mixers": 255, "muted": False, "sync": 0}
    item = {"name": "ttsd", "id": 1, "visible": True, "locked": False}
    return {
        "name": "ttsd",
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}],
        "sources": [
            {"id": source, "name": "ttsd", "settings": {"device_id": device}, **plain},
            {
                "id": "scene",
                "name": "Scene",
                "settings": {"id_counter": 1, "custom_size": False, "items": [item]},
                **plain,
            },
        ],
    }
