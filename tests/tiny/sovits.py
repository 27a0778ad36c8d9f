"""Writes a small so-vits-svc model with random weights, and a content-vec network to go with it.

    python sovits.py FOLDER      (in sovits' own venv)

Layout and loading are the library's own; sizes are small: 3 MB.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

WIDTH = 32
CONFIG: dict[str, Any] = {
    "train": {"segment_size": 10240},
    "data": {
        "sampling_rate": 44100,
        "filter_length": 2048,
        "hop_length": 512,
        "contentvec_final_proj": False,
    },
    "model": {
        "inter_channels": WIDTH,
        "hidden_channels": WIDTH,
        "filter_channels": WIDTH,
        "n_heads": 2,
        "n_layers": 1,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2, 2],
        "upsample_initial_channel": 64,
        "upsample_kernel_sizes": [16, 16, 4, 4, 4],
        "n_layers_q": 1,
        "use_spectral_norm": False,
        "gin_channels": 16,
        "ssl_dim": WIDTH,
        "n_speakers": 2,
        "type_": "hifi-gan",
    },
    "spk": {"ana": 0, "bo": 1},
}


def write(folder: Path) -> None:
    """A model in *folder*: G_0.pth, config.json, content-vec-best."""
    import torch

    from ttsd.engines.adapters.torch_parts import import_torchaudio

    import_torchaudio()
    from so_vits_svc_fork import utils
    from so_vits_svc_fork.modules.synthesizers import SynthesizerTrn
    from transformers import HubertConfig, HubertModel

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    shape = utils.get_hparams(folder / "config.json")
    frames = shape.train.segment_size // shape.data.hop_length
    network = SynthesizerTrn(shape.data.filter_length // 2 + 1, frames, **shape.model)
    notes = {"iteration": 1, "optimizer": None, "learning_rate": 1e-4}
    torch.save({**notes, "model": network.state_dict()}, folder / "G_0.pth")
    hubert = HubertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=16,
    )
    HubertModel(hubert).save_pretrained(folder / "content-vec-best")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
