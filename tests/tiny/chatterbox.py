"""A small Chatterbox: an adapter whose library has small constants, and a model to go with it.

    python chatterbox.py FOLDER      (in chatterbox's own venv)

The library's sizes are fixed in its code, so they are made smaller before it loads, here and in the
worker that tests start with `TinyChatterbox`. Loading, sampling, vocoder and watermark are its own.
"""

from __future__ import annotations

import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.chatterbox import Chatterbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.engines.adapter import Setup

WIDTH = 64
TOKENS = 64
"""Of the sound of each text; 25 are a second."""
SILENT_VOICE = 50


class TinyChatterbox(Chatterbox):
    """The adapter, over the small library."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        shrink()
        super().open(setup, progress)


class Unmarked(TinyChatterbox):
    """The same without the watermark, to compare with: nothing of ttsd's can leave it out."""

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        super().open(setup, progress)
        self._model.watermarker.apply_watermark = lambda sound, **_: sound


def shrink() -> None:
    """Make the library's constants small. To be called once, before a model is made."""
    from ttsd.engines.adapters.torch_parts import import_torchaudio

    import_torchaudio()
    from chatterbox.models.s3gen import s3gen
    from chatterbox.models.s3tokenizer import s3tokenizer
    from chatterbox.models.t3 import llama_configs
    from chatterbox.models.t3.modules import perceiver

    llama_configs.LLAMA_CONFIGS["Llama_520M"].update(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=WIDTH // 2,
    )
    perceiver.Perceiver.__init__.__defaults__ = (8, WIDTH, WIDTH, 4)
    base = next(kind for kind in s3tokenizer.S3Tokenizer.__mro__ if kind.__name__ == "S3TokenizerV2")
    for kind in (base, s3tokenizer.S3Tokenizer):
        for default in kind.__init__.__defaults__ or ():
            if hasattr(default, "n_audio_state"):
                # A head stays 64 wide: its table of angles is.
                default.n_audio_state, default.n_audio_head, default.n_audio_layer = 128, 2, 1
    for name, sizes in {
        "UpsampleConformerEncoder": {"num_blocks": 1, "linear_units": WIDTH},
        "ConditionalDecoder": {"n_blocks": 1, "num_mid_blocks": 1},
        "HiFTGenerator": {"base_channels": 32},
    }.items():
        setattr(s3gen, name, _smaller(getattr(s3gen, name), sizes))


def _smaller(kind: Any, sizes: dict[str, int]) -> Any:
    def make(*given: Any, **named: Any) -> Any:
        return kind(*given, **{**named, **sizes})

    return make


def write(folder: Path) -> None:
    """A model in *folder*."""
    shrink()
    import torch
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.voice_encoder import VoiceEncoder
    from chatterbox.tts import Conditionals
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    speaker = T3().state_dict()
    _stop_after(speaker, TOKENS)
    save_file(_copied(speaker), folder / "t3_cfg.safetensors")
    save_file(_copied(VoiceEncoder().state_dict()), folder / "ve.safetensors")
    # It is loaded without being strict: what is not here keeps its random start.
    save_file(
        _copied({k: v for k, v in S3Gen().state_dict().items() if k.startswith("flow.spk_embed")}),
        folder / "s3gen.safetensors",
    )
    _write_vocabulary(folder / "tokenizer.json")
    voice = T3Cond(
        speaker_emb=torch.nn.functional.normalize(torch.randn(1, 256), dim=1),
        cond_prompt_speech_tokens=torch.randint(0, 6561, (1, 150)),
        emotion_adv=0.5 * torch.ones(1, 1, 1),
    )
    prompt = {
        "prompt_token": torch.randint(0, 6561, (1, SILENT_VOICE)),
        "prompt_token_len": torch.tensor([SILENT_VOICE]),
        "prompt_feat": torch.randn(1, 2 * SILENT_VOICE, 80) * 0.1,
        "prompt_feat_len": None,
        "embedding": torch.randn(1, 192),
    }
    Conditionals(voice, prompt).save(folder / "conds.pt")


def _stop_after(weights: dict[str, Any], tokens: int) -> None:
    """One channel tells the position, and the end of speech alone listens to it."""
    end = 6562
    place = weights["speech_pos_emb.emb.weight"]
    place[:, 0] = 0
    place[tokens:, 0] = 50
    for name in ("speech_emb.weight", "text_emb.weight"):
        weights[name][:, 0] = 0
    head = weights["speech_head.weight"]
    head[:, 0] = 0
    head[end] = 0
    head[end, 0] = 20


def _copied(weights: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (value.half() if value.is_floating_point() else value).contiguous().clone()
        for name, value in weights.items()
    }


def _write_vocabulary(path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    special = ["[STOP]", "[UNK]", "[SPACE]"]
    known = {token: number for number, token in enumerate([*special, *string.ascii_letters, *".,!?'-"])}
    known["[START]"] = 255
    tokenizer = Tokenizer(BPE(vocab=known, merges=[], unk_token="[UNK]"))  # noqa: S106  # no password
    tokenizer.add_special_tokens([*special, "[START]"])
    tokenizer.save(str(path))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
