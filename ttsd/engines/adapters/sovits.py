"""so-vits-svc: the sound of a sentence in the voice of a model.

The library is used for what it computes. What it does beside that is kept out: downloads, an unknown speaker
that becomes the first one, and weights that do not fit and are passed over. Files are read as weights alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters import sovits_files, torch_parts
from ttsd.engines.catalog import defaults
from ttsd.engines.trial import hum
from ttsd.errors import EngineCancelled, EngineRefused
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.sovits_files import Files
    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import Samples

SILENCE = 1e-4
"""What never rises above it has no pitch, and the library makes numbers of it that are none."""
QUIET_DB = 40
"""A pause inside a sentence is so far below its loudest part; it stays as it is."""
FRAME, HOP = 0.4, 0.2
"""Seconds of sound at a time that are looked at for pauses."""
LONGEST = 40.0
"""Seconds converted at a time."""
TRAINING = "enc_q."
"""What only training uses: published models lack it."""


class Sovits:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._files: Files
        self._core: Any = None
        self._model: Any = None
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._files = files = sovits_files.find(setup.options, setup.base, setup.data)
        progress("importing torch")
        torch = torch_parts.import_torch(setup)
        torch_parts.import_torchaudio()
        where = torch_parts.device(setup, torch)
        weights = torch_parts.read_weights(files.weights, torch).get("model")
        if not isinstance(weights, dict):
            raise EngineRefused(f"{files.weights} holds no model")
        progress("importing so-vits-svc")
        logging.basicConfig(level=logging.WARNING)  # else the library tells each step of each sentence
        try:
            from so_vits_svc_fork.inference import core
        except ImportError as error:
            raise EngineRefused(f"so-vits-svc-fork cannot be imported: {error}") from error
        self._core = core
        progress(f"loading {files.weights.name} on {where}")
        self._model = _load(core, files, weights, torch, where)
        for network in (self._model.net_g, self._model.hubert_model):
            for part in network.modules():
                part.register_forward_pre_hook(self._stop_if_cancelled)
        progress("warming up")
        for _ in self._convert(hum(), next(iter(files.speakers)), defaults("sovits")):
            pass

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter: the model, with its speakers."""
        return (Voice(self._files.weights.stem, None, tuple(self._files.speakers)),)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: a chunk for each part between two pauses."""
        self._cancelled = False
        if request.sound is None:
            raise EngineRefused("it makes another voice out of a sound, and speaks no texts")
        options = {**defaults("sovits"), **request.options}
        yield from self._convert(request.sound, self._files.speaker(str(options.get("speaker", ""))), options)

    def cancel(self) -> None:
        """See Adapter: it stops at the next layer of its networks."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _convert(self, sound: Chunk, speaker: str, options: Mapping[str, Scalar]) -> Iterator[Chunk]:
        import librosa
        import numpy as np

        rate = int(self._model.target_sample)
        samples: Samples = np.asarray(sound.samples, np.float32)
        if not samples.size or np.abs(samples).max() < SILENCE:
            raise EngineRefused("there is nothing in the sound that it can convert")
        samples = librosa.resample(samples, orig_sr=sound.rate, target_sr=rate)
        for part in self._core.split_silence(
            samples,
            top_db=QUIET_DB,
            frame_length=int(FRAME * rate),
            hop_length=int(HOP * rate),
            ref=np.max,
            max_chunk_length=int(LONGEST * rate),
        ):
            if self._cancelled:
                raise EngineCancelled("cancelled")
            if not part.is_speech or np.abs(part.audio).max() < SILENCE:
                yield Chunk(np.zeros(len(part.audio), np.float32), rate)
                continue
            made = self._model.infer_silence(
                part.audio,
                speaker=speaker,
                transpose=int(options["transpose"]),
                auto_predict_f0=bool(options["auto_predict_f0"]),
                noise_scale=float(options["noise_scale"]),
                f0_method=str(options["f0_method"]),
                absolute_thresh=True,  # where the pauses are was found above
                db_thresh=-120,
            )
            yield Chunk(np.asarray(made, np.float32).reshape(-1), rate)

    def _stop_if_cancelled(self, *_: object) -> None:
        if self._cancelled:
            raise EngineCancelled("cancelled")


def _load(core: Any, files: Files, weights: Mapping[str, Any], torch: Any, device: str) -> Any:
    """A so_vits_svc_fork.inference.core.Svc. Raises EngineRefused."""
    library = core.utils

    def hubert(_device: str, final_proj: bool = True) -> Any:
        kind = library.HubertModelWithFinalProj if final_proj else library.HubertModel
        network = kind.from_pretrained(str(files.hubert), local_files_only=True, weights_only=True)
        for part in network.modules():
            if isinstance(part, torch.nn.Conv1d):
                library.remove_weight_norm_if_exists(part)
        return network.eval().to(device)

    def fill(_path: Path, network: Any, *_: object) -> None:
        wanted = network.state_dict()
        unfit = [
            name
            for name, value in wanted.items()
            if not name.startswith(TRAINING) and getattr(weights.get(name), "shape", None) != value.shape
        ]
        if unfit:
            raise EngineRefused(
                f"{files.weights.name} is not what {files.config} describes: {unfit[0]}"
                f" and {len(unfit) - 1} more are missing or of another size"
            )
        fitting = {name: value for name, value in weights.items() if name in wanted}
        network.load_state_dict(fitting, strict=False)

    library.get_hubert_model, library.load_checkpoint = hubert, fill
    try:
        return core.Svc(net_g_path=files.weights, config_path=files.config, device=device)
    except torch.cuda.OutOfMemoryError as error:
        raise EngineRefused(f"{device} has too little memory for the model") from error
    except EngineRefused:
        raise
    except Exception as error:  # transformers, safetensors and torch raise classes of their own
        raise EngineRefused(f"{files.weights} cannot be loaded: {error}"[:300]) from error
