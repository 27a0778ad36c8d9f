"""How much of Chatterbox's watermark is in sound. Runs in chatterbox's own venv (see engine_venvs.run_with_ttsd).

    python watermark.py RESULT.json [RATE FILE.npy]...

The result is a list: for each file the mean of the bits found, before they are rounded; 1 where it is whole.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(result: Path, words: list[str]) -> None:
    """Look into each file, shape (frames,)."""
    import numpy as np

    from ttsd.engines.adapters.torch_parts import import_torchaudio

    import_torchaudio()
    import perth

    watermarker = perth.PerthImplicitWatermarker()
    found = [
        float(watermarker.get_watermark(np.load(file), sample_rate=int(rate), round=False).mean())
        for rate, file in zip(words[::2], words[1::2], strict=True)
    ]
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
