"""Piper voices for tests: small ones with random weights, kept beside the tests, and how they are unpacked.

`scripts/random_voice.py --quality micro` made them: the true architecture, eight channels wide.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

KEPT = Path(__file__).parent / "voices"
SPEAKERS = {"random-1": 1, "random-3": 3}
RATE = 16000


def unpack(name: str, folder: Path) -> Path:
    """The model of *name* (with its JSON) in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"{name}.onnx"
    model.write_bytes(lzma.decompress((KEPT / f"{name}.onnx.xz").read_bytes()))
    (folder / f"{name}.onnx.json").write_bytes((KEPT / f"{name}.onnx.json").read_bytes())
    return model


def phoneme_ids(text: str, config: Path) -> list[int]:
    """Ids of what is spoken of *text* as phonemes, one for each letter the voice knows."""
    ids = json.loads(config.read_text("utf-8"))["phoneme_id_map"]
    found = [*ids["^"], *ids["_"]]
    for letter in text:
        if letter in ids:
            found += [*ids[letter], *ids["_"]]
    return [*found, *ids["$"]]
