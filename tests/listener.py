"""An offline recogniser for tests: what was said in a recording, and how far that is from what was meant.

Moonshine tiny on onnxruntime; the model's files come from `listener_cache`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ttsd.model import Samples

RATE = 16_000
"""Frames per second that the model hears."""
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
START, END = 1, 2
WORDS_A_SECOND = 6.5
"""Tokens that a second of speech may have at most: beyond that the model raves."""


class Listener:
    """The loaded model."""

    def __init__(self, folder: Path) -> None:
        """*folder*: see `listener_cache.listener_folder`."""
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = 2
        options.log_severity_level = 3
        self._encoder, self._decoder = (
            InferenceSession(str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
            for name in ("encoder_model", "decoder_model_merged")
        )
        tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
        self._special = {token["id"] for token in tokenizer["added_tokens"]}
        self._tokens = {number: token for token, number in tokenizer["model"]["vocab"].items()}

    def hear(self, samples: Samples, rate: int) -> str:
        """What is said in *samples*, shape (frames,), of *rate* frames per second."""
        import soxr

        sound = soxr.resample(samples, rate, RATE).astype(np.float32)
        state = self._encoder.run(None, {"input_values": sound[np.newaxis]})[0]
        names = [
            f"past_key_values.{layer}.{part}.{kind}"
            for layer in range(LAYERS)
            for part in ("decoder", "encoder")
            for kind in ("key", "value")
        ]
        past: dict[str, Any] = {name: np.zeros((0, HEADS, 1, HEAD_SIZE), np.float32) for name in names}
        said, token = [], START
        for turn in range(int(len(sound) / RATE * WORDS_A_SECOND) + 8):
            feed = {
                "input_ids": np.array([[token]], np.int64),
                "encoder_hidden_states": state,
                "use_cache_branch": np.array([turn > 0]),
            }
            logits, *present = self._decoder.run(None, feed | past)
            # What the encoder gave does not change after the first turn.
            past |= {n: p for n, p in zip(names, present, strict=True) if not turn or ".decoder." in n}
            token = int(logits[0, -1].argmax())
            if token == END:
                break
            said.append(token)
        return self._text(said)

    def _text(self, tokens: Sequence[int]) -> str:
        pieces = bytearray()
        for token in tokens:
            piece = self._tokens.get(token, "")
            if match := re.fullmatch(r"<0x([0-9A-F]{2})>", piece):
                pieces.append(int(match[1], 16))
            elif token not in self._special:
                pieces += piece.replace("▁", " ").encode()
        return pieces.decode(errors="replace").strip()


def words(text: str) -> list[str]:
    """The words of a text as they are compared: lower case, no punctuation."""
    return re.findall(r"[\w']+", text.lower().replace("’", "'"))


def word_error_rate(meant: str, heard: str) -> float:
    """Words to be changed, added or left out to come from one to the other, for each word that was meant."""
    old, new = words(meant), words(heard)
    row = list(range(len(new) + 1))
    for i, word in enumerate(old, 1):
        before, row = row, [i]
        for j, other in enumerate(new, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1] / max(1, len(old))
