"""Writes a small Kokoro with random weights, in the layout of its authors. Runs in kokoro-torch's own venv.

    python kokoro-torch.py FOLDER

Some widths of the decoder are fixed in the library, so that the file takes some tens of megabytes (half floats).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SYMBOLS = (
    ';:,.!?—…"()“” \u0303ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧ'
    "ʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ"
)
CONFIG: dict[str, Any] = {
    "istftnet": {
        "upsample_kernel_sizes": [20, 12],
        "upsample_rates": [10, 6],
        "gen_istft_hop_size": 5,
        "gen_istft_n_fft": 20,
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_kernel_sizes": [3],
        "upsample_initial_channel": 512,
    },
    "dim_in": 64,
    "dropout": 0.2,
    "hidden_dim": 512,
    "max_conv_dim": 512,
    "max_dur": 4,
    "multispeaker": True,
    "n_layer": 1,
    "n_mels": 80,
    "n_token": 178,
    "style_dim": 128,
    "text_encoder_kernel_size": 5,
    "plbert": {
        "hidden_size": 32,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 512,
        "num_hidden_layers": 1,
        "dropout": 0.1,
    },
    "vocab": {symbol: number for number, symbol in enumerate(SYMBOLS, 1)},
}
VOICES = ("af_heart", "af_bella", "bm_george", "pf_dora")


def write(folder: Path) -> None:
    """A model in *folder*."""
    import torch

    from ttsd.engines.adapters.kokoro_torch import library

    torch.manual_seed(1)
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, ensure_ascii=False), "utf-8")
    weights = folder / "kokoro-v1_0.pth"
    torch.save({}, weights)  # the library makes no model without a file; what is not in it is random
    model = library()(repo_id="hexgrad/Kokoro-82M", config=CONFIG, model=str(weights))
    # As published: of models that were trained on several cards.
    parts = {
        name: {f"module.{key}": _halved(value) for key, value in network.state_dict().items()}
        for name, network in model.named_children()
    }
    torch.save(parts, weights)
    for voice in VOICES:
        torch.save(torch.randn(510, 1, 256) * 0.1, folder / "voices" / f"{voice}.pt")


def _halved(value: Any) -> Any:
    return value.half() if value.is_floating_point() and value.numel() > 1000 else value.clone()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
