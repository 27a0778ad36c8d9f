"""Writes a small XTTS model with random weights, in the layouts that real ones have. Runs in xtts's own venv.

    python xtts.py FOLDER [released | legacy | training]

released: model.pth, as it is published; legacy: the same with objects of coqui-tts in it, as it was
published first; training: best_model.pth and checkpoints as coqui's trainer leaves them. The transformer is
small; the vocoder has one size only, so that a file takes 30 MB (half floats).
"""

from __future__ import annotations

import json
import string
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHANNELS, TOKENS = 64, 60
"""Of the transformer; of the sound of each text: it never stops early. A token is 43 ms."""
AUDIO, START, STOP = 1026, 1024, 1025
LANGUAGES = ["en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru"]
LANGUAGES += ["nl", "cs", "ar", "zh-cn", "ja", "hu", "ko", "hi"]
LETTERS = string.ascii_lowercase + "áàâãäåæçéèêëíìîïñóòôõöøúùûüýœßąćęłńśźż" + "!'(),-.:;?\""
SPEAKERS = ("Ana Florence", "Damien Black")


@dataclass(frozen=True, slots=True)
class Run:
    """What the trainer notes of a checkpoint."""

    name: str
    step: int
    epoch: int
    training: float
    evaluation: float


RUNS = (
    Run("checkpoint_100.pth", 100, 2, 3.1, 3.4),
    Run("best_model_120.pth", 120, 3, 2.5, 2.75),
    Run("best_model.pth", 120, 3, 2.5, 2.75),
)


def write(folder: Path, layout: str) -> None:
    """A model in *folder*."""
    import torch

    from ttsd.engines.adapters.torch_parts import import_torchaudio

    import_torchaudio()
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    _write_vocabulary(folder / "vocab.json")
    config = _config(XttsConfig)
    model = Xtts(config)
    _take_vocabulary(model, folder / "vocab.json")
    with torch.no_grad():
        model.gpt.mel_head.weight *= 6  # what comes next shall depend on what came before
        model.gpt.mel_embedding.weight *= 4
        model.gpt.mel_head.bias.zero_()
        model.gpt.mel_head.bias[STOP] = -40.0
    weights = {name: _halved(name, value) for name, value in model.state_dict().items()}
    as_dict = config.to_dict()
    (folder / "config.json").write_text(json.dumps(as_dict), "utf-8")
    notes: dict[str, Any] = {"optimizer": None, "scaler": None, "date": "January 01, 2026"}
    if layout == "training":
        trained = {f"xtts.{name}": value for name, value in weights.items()}
        trained["dvae.codebook.embed"] = torch.zeros(4, 4)
        trained["torch_mel_spectrogram_style_encoder.mel_norms"] = torch.ones(80)
        for run in RUNS:
            losses = {"train_loss": run.training, "eval_loss": run.evaluation}
            noted = {**notes, "step": run.step, "epoch": run.epoch, "model_loss": losses}
            torch.save({**noted, "config": as_dict, "model": trained}, folder / run.name)
        return
    kept = config if layout == "legacy" else as_dict
    torch.save({**notes, "step": 120, "epoch": 3, "config": kept, "model": weights}, folder / "model.pth")
    voices = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, CHANNELS),
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in SPEAKERS
    }
    torch.save(voices, folder / "speakers_xtts.pth")


def _config(kind: Any) -> Any:
    """Of the released model, but for its size."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig

    size = XttsArgs(
        gpt_layers=2,
        gpt_n_model_channels=CHANNELS,
        gpt_n_heads=2,
        decoder_input_dim=CHANNELS,
        gpt_max_audio_tokens=TOKENS + 3,
        gpt_max_text_tokens=402,
        gpt_max_prompt_tokens=70,
        gpt_num_audio_tokens=AUDIO,
        gpt_start_audio_token=START,
        gpt_stop_audio_token=STOP,
        gpt_use_perceiver_resampler=True,
        gpt_code_stride_len=1024,
    )
    audio = XttsAudioConfig(sample_rate=22050, output_sample_rate=24000)
    return kind(model_args=size, audio=audio, languages=LANGUAGES)


def _take_vocabulary(model: Any, vocabulary: Path) -> None:
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    model.tokenizer = VoiceBpeTokenizer(str(vocabulary))
    model.init_models()


def _write_vocabulary(path: Path) -> None:
    """A token for each letter and language."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Whitespace

    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{language}]" for language in LANGUAGES)]
    known = {token: number for number, token in enumerate([*special, *dict.fromkeys(LETTERS)])}
    tokenizer = Tokenizer(BPE(vocab=known, merges=[], unk_token="[UNK]"))  # noqa: S106  # no password
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(path))


def _halved(name: str, value: Any) -> Any:
    """Filters of the speaker encoder stay exact: their logarithm is taken."""
    large = value.is_floating_point() and value.numel() > 1000 and "torch_spec" not in name
    return value.half() if large else value.clone()


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "released")
