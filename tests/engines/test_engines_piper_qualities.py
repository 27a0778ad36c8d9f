"""Each quality that piper publishes, in pieces as in whole: on voices with random weights, built on the spot.

Marked `torch`: they are built by `scripts/random_voice.py` in a venv of its own (some 2 GB), which is
made in the cache folder at the first run and kept, voices included.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import onnxruntime
import platformdirs
import pytest
from piper_voices import phoneme_ids

from ttsd.engines.adapters import piper_parts
from ttsd.engines.adapters.piper_model import SplitModel, WholeModel
from ttsd.engines.adapters.piper_stages import feed

CACHE = platformdirs.user_cache_path("ttsd-tests", appauthor=False)
SCRIPT = Path(__file__).parents[2] / "scripts" / "random_voice.py"
NEEDS = ["torch==2.13.0", "piper-tts==1.8.0", "onnx>=1.17"]
OVERLAP = {"x_low": 11, "low": 11, "medium": 11, "high": 13}

pytestmark = pytest.mark.torch


@pytest.fixture(scope="session")
def torch_python() -> Path:
    """An interpreter that has torch."""
    folder = CACHE / "torch-venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (
        subprocess.run([python, "-c", "import torch, piper, onnx"], check=False).returncode
        if python.exists()
        else True
    ):
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDS], check=True)
    return python


@pytest.mark.parametrize("speakers", [1, 3])
@pytest.mark.parametrize("quality", OVERLAP)
def test_in_pieces_each_quality_is_the_same_sound(
    torch_python: Path, tmp_path: Path, quality: str, speakers: int
) -> None:
    voice = CACHE / "voices" / f"{quality}-{speakers}.onnx"
    if not voice.with_name(voice.name + ".json").exists():
        command = [
            str(torch_python),
            str(SCRIPT),
            str(voice),
            "--quality",
            quality,
            "--speakers",
            str(speakers),
        ]
        subprocess.run(command, check=True)
    parts = piper_parts.make(voice, tmp_path / "parts" / "x-1", lambda _text: None)
    decoder, flow = parts.cut.decoder, parts.cut.flow
    assert (decoder.left, decoder.right) == (OVERLAP[quality], OVERLAP[quality])
    assert len(decoder.sides) == (speakers > 1)
    assert flow is not None
    assert (flow.left, flow.right) == (32, 32)
    rate = 22050 if quality in ("medium", "high") else 16000
    whole, pieced = WholeModel(voice, 2), SplitModel(parts, rate, 2)
    ids = phoneme_ids("and then it sleeps under the old oak tree", voice.with_name(voice.name + ".json"))
    for speaker in range(speakers) if speakers > 1 else (None,):
        fed, options = feed(ids, (0.0, 1.0, 0.0), speaker), onnxruntime.RunOptions()
        expected = next(whole.speak(fed, options)).samples
        pieces = [piece.samples for piece in pieced.speak(fed, options)]
        assert len(pieces) > 1
        np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=0, atol=1e-5)
