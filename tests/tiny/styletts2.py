"""Writes a small StyleTTS 2 model with random weights, as LibriTTS's is laid out. Runs in styletts2's own venv.

    python styletts2.py FOLDER

Some widths are fixed in the library, so that the file takes some tens of megabytes (half floats).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TEXT_NETWORK = {
    "vocab_size": 178,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
    "num_hidden_layers": 1,
    "dropout": 0.1,
}
MODEL: dict[str, Any] = {
    "multispeaker": True,
    "dim_in": 8,
    "hidden_dim": 512,
    "max_conv_dim": 512,
    "n_layer": 1,
    "n_mels": 80,
    "n_token": 178,
    "max_dur": 6,
    "style_dim": 128,
    "dropout": 0.2,
    "decoder": {
        "type": "hifigan",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
        "upsample_rates": [2, 2, 5, 5, 3],
        "upsample_kernel_sizes": [4, 4, 10, 10, 6],
        "upsample_initial_channel": 512,
    },
    "slm": {"model": "none", "sr": 16000, "hidden": 8, "nlayers": 1, "initial_channel": 4},
    "diffusion": {
        "embedding_mask_proba": 0.1,
        "transformer": {"num_layers": 1, "num_heads": 2, "head_features": 16, "multiplier": 2},
        "dist": {"sigma_data": 0.2, "estimate_sigma_data": True, "mean": -3.0, "std": 1.0},
    },
}


def write(folder: Path) -> None:
    """A model in *folder*."""
    import torch
    import yaml

    from ttsd.engines.adapters import styletts2_model
    from ttsd.engines.adapters.torch_parts import import_torchaudio

    import_torchaudio()
    styletts2_model.library()
    from styletts2 import models, utils
    from styletts2.Utils.PLBERT.util import AlbertConfig, CustomAlbert

    torch.manual_seed(1)
    (folder / "Utils" / "PLBERT").mkdir(parents=True, exist_ok=True)
    (folder / "Utils" / "PLBERT" / "config.yml").write_text(yaml.safe_dump({"model_params": TEXT_NETWORK}))
    sound = {"sr": 24000, "spect_params": {"n_fft": 2048, "win_length": 1200, "hop_length": 300}}
    (folder / "config.yml").write_text(yaml.safe_dump({"preprocess_params": sound, "model_params": MODEL}))
    text = CustomAlbert(AlbertConfig(**TEXT_NETWORK))
    nothing = torch.nn.Identity()
    networks = models.build_model(utils.recursive_munch(MODEL), nothing, nothing, text)
    net = {
        name: {key: _halved(value) for key, value in networks[name].state_dict().items()}
        for name in styletts2_model.NEEDED
    }
    torch.save({"net": net, "epoch": 3, "iters": 120, "val_loss": 2.5}, folder / "model.pth")


def _halved(value: Any) -> Any:
    return value.half() if value.is_floating_point() and value.numel() > 1000 else value.clone()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
