#!/usr/bin/env python3
"""Build a Piper voice with random weights: the true architecture in the true on-disk format, for tests.

    python scripts/random_voice.py OUT.onnx --quality medium [--speakers 3]

Needs torch (2.13.0 was used), piper-tts and onnx, in a venv of their own. What it says is babble;
its graph, tensors, inputs and sizes are those of a trained voice as piper's exporter writes it.
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP
from piper.train.vits.config import ModelAudioConfig
from piper.train.vits.models import SynthesizerTrn

SYMBOLS = 256
FRAMES = 3.4  # of sound for each phoneme id, as trained voices have it
LOUDNESS = 0.25  # standard deviation before the last tanh


@dataclass(frozen=True)
class Quality:
    """What piper calls a quality, and two small ones for fixtures."""

    rate: int
    channels: int
    decoder: ModelAudioConfig
    upsample_channels: int | None = None
    layers: int = 6
    speaker_channels: int = 512


LOW, HIGH = ModelAudioConfig.low_quality(), ModelAudioConfig.high_quality()
QUALITIES = {
    "x_low": Quality(16000, 96, LOW),
    "low": Quality(16000, 192, LOW),
    "medium": Quality(22050, 192, LOW),
    "high": Quality(22050, 192, HIGH),
    "tiny": Quality(16000, 16, LOW, 32, 2, 16),
    "micro": Quality(16000, 8, LOW, 16, 1, 4),
}


def build(quality: Quality, speakers: int, seed: int) -> SynthesizerTrn:
    """A synthesizer with random weights whose sound is of sane length and loudness."""
    torch.manual_seed(seed)
    audio = quality.decoder
    model = SynthesizerTrn(
        n_vocab=SYMBOLS,
        spec_channels=513,
        segment_size=32,
        inter_channels=quality.channels,
        hidden_channels=quality.channels,
        filter_channels=4 * quality.channels,
        n_heads=2,
        n_layers=quality.layers,
        kernel_size=3,
        p_dropout=0.1,
        resblock=audio.resblock,
        resblock_kernel_sizes=audio.resblock_kernel_sizes,
        resblock_dilation_sizes=audio.resblock_dilation_sizes,
        upsample_rates=audio.upsample_rates,
        upsample_initial_channel=quality.upsample_channels or audio.upsample_initial_channel,
        upsample_kernel_sizes=audio.upsample_kernel_sizes,
        n_speakers=speakers,
        gin_channels=quality.speaker_channels if speakers > 1 else 0,
        use_sdp=True,
    )
    model.eval()
    with torch.no_grad():
        model.dec.remove_weight_norm()
        _shake(model)
        _calibrate(model, speakers)
    return model


def _shake(model: SynthesizerTrn) -> None:
    """Untrained projections are zero: without weights every phoneme would sound the same."""
    for name, weight in model.named_parameters():
        if name.startswith("dp.flows") and name.endswith("proj.weight"):
            weight.normal_(0, 0.02)
        elif name.startswith("flow.flows") and ".post." in name and name.endswith("weight"):
            weight.normal_(0, 0.5 / math.sqrt(weight.shape[1]))
    for name, weight in model.dec.named_parameters():
        if weight.dim() == 3:
            # Keep the variance from layer to layer, so that the sound neither dies nor clips.
            gain = 1.4 if name.startswith("ups") else 0.6 if name.startswith("resblocks") else 1.0
            inputs = 2 * weight.shape[0] if name.startswith("ups") else weight.shape[1] * weight.shape[2]
            weight.normal_(0, gain / math.sqrt(inputs))


def _calibrate(model: SynthesizerTrn, speakers: int) -> None:
    """Set the mean length of a phoneme and the loudness by what comes out."""
    spread = model.dp.flows[0]
    spread.logs.data[:] = math.log(2.5)
    ids = torch.randint(0, 150, (1, 200))
    ids[0, 1::2] = 0
    speaker = torch.LongTensor([0]) if speakers > 1 else None
    for _ in range(8):
        sound, _attention, mask, _latent = model.infer(ids, torch.LongTensor([200]), sid=speaker)
        spread.m.data[0] -= math.log(FRAMES / (mask.sum().item() / 200)) * 2.5
        loud = torch.atanh(sound.clamp(-0.9999, 0.9999)).std().item()
        model.dec.conv_post.weight.data *= LOUDNESS / max(loud, 1e-6)


def export(model: SynthesizerTrn, path: Path, speakers: int) -> None:
    """Write it as piper's exporter does."""

    def forward(text, lengths, scales, sid=None):  # type: ignore[no-untyped-def]  # traced by torch
        return model.infer(
            text,
            lengths,
            sid=sid,
            noise_scale=scales[0],
            length_scale=scales[1],
            noise_scale_w=scales[2],
        )[0].unsqueeze(1)

    model.forward = forward
    speaker = torch.LongTensor([0]) if speakers > 1 else None
    torch.onnx.export(
        model,
        (
            torch.randint(0, SYMBOLS, (1, 50)),
            torch.LongTensor([50]),
            torch.tensor([0.667, 1.0, 0.8]),
            speaker,
        ),
        str(path),
        dynamo=False,
        opset_version=15,
        input_names=["input", "input_lengths", "scales", "sid"],
        output_names=["output"],
        dynamic_axes={
            "input": {0: "batch_size", 1: "phonemes"},
            "input_lengths": {0: "batch_size"},
            "output": {0: "batch_size", 2: "time"},
        },
    )


def describe(quality: str, speakers: int) -> dict[str, object]:
    """The JSON beside a voice."""
    return {
        "audio": {"sample_rate": QUALITIES[quality].rate, "quality": quality},
        "espeak": {"voice": "en-us"},
        "language": {"code": "en_US"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "num_symbols": SYMBOLS,
        "num_speakers": speakers,
        "speaker_id_map": {f"speaker{n}": n for n in range(speakers)} if speakers > 1 else {},
    }


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--quality", choices=QUALITIES, default="medium")
    parser.add_argument("--speakers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1234)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    model = build(QUALITIES[arguments.quality], arguments.speakers, arguments.seed)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    export(model, arguments.out, arguments.speakers)
    text = json.dumps(describe(arguments.quality, arguments.speakers), ensure_ascii=False)
    arguments.out.with_name(arguments.out.name + ".json").write_text(text, "utf-8")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
