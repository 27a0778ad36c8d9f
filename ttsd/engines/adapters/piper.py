"""Piper: phonemes by espeak-ng, sound by one ONNX graph for each voice; a chunk for each sentence.

The library's own loading and synthesis are passed by where they cost: session options are measured
ones, and a run can be ended from another thread.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttsd.engines import voices
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request
    from ttsd.engines.voices import VoiceFile

INSTALL = 'pip install "ttsd[piper]"'
KEPT = 3
"""Voices kept loaded; each takes some 100 MB."""


@dataclass(slots=True)
class _Loaded:
    voice: Any
    """piper.PiperVoice"""
    described: Voice


class Piper:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._default = ""
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._run_options: Any = None

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._setup = setup
        progress("checking the voice")
        file = voices.find(setup.voice, setup.base, setup.data, setup.cache)
        progress(f"loading {file.name}")
        try:
            import onnxruntime  # noqa: F401  # the first import tells whether it can be used at all
            import piper  # noqa: F401
        except ImportError as error:
            raise EngineMissing(f"Piper cannot be imported: {error}", next_step=INSTALL) from error
        self._default = file.name
        self._loaded[file.name] = self._load(file)

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        found = {self._default: self._loaded[self._default].described}
        for file in voices.listed(self._setup.base, self._setup.data):
            found.setdefault(file.name, describe(file))
        return tuple(found.values())

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        loaded = self._voice(request.voice or self._default)
        voice = loaded.voice
        for phonemes in voice.phonemize(request.text):
            if phonemes:
                yield Chunk(
                    self._run(loaded, voice.phonemes_to_ids(phonemes), request), voice.config.sample_rate
                )

    def cancel(self) -> None:
        """See Adapter: the graph stops at its next node."""
        if (running := self._run_options) is not None:
            running.terminate = True

    def close(self) -> None:
        """See Adapter."""

    def _run(self, loaded: _Loaded, ids: list[int], request: Request) -> Any:
        import numpy as np
        import onnxruntime

        config, options = loaded.voice.config, request.options
        scales = [
            options.get("noise_scale", config.noise_scale),
            options.get("length_scale", config.length_scale),
            options.get("noise_w_scale", config.noise_w_scale),
        ]
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if config.num_speakers > 1:
            feed["sid"] = np.array([self._speaker(loaded, request)], np.int64)
        self._run_options = onnxruntime.RunOptions()
        try:
            sound = loaded.voice.session.run(None, feed, self._run_options)[0]
        except RuntimeError as error:  # onnxruntime's own errors derive from it
            if self._run_options.terminate:
                raise EngineCancelled("cancelled") from error
            raise
        finally:
            self._run_options = None
        return np.ascontiguousarray(sound.reshape(-1), np.float32)

    def _speaker(self, loaded: _Loaded, request: Request) -> int:
        wanted = request.speaker or request.options.get("speaker")
        config = loaded.voice.config
        if wanted is None:
            return int(config.default_speaker_id)
        if (number := config.speaker_id_map.get(str(wanted))) is not None:
            return int(number)
        if str(wanted).isdecimal() and int(wanted) < config.num_speakers:
            return int(wanted)
        shown = ", ".join(list(config.speaker_id_map)[:12])
        raise UnknownVoice(
            f"{loaded.described.name} has no speaker {wanted}",
            next_step=f"it has {shown or f'0 to {config.num_speakers - 1}'}",
        )

    def _voice(self, name: str) -> _Loaded:
        if name not in self._loaded:
            file = next(
                (f for f in voices.listed(self._setup.base, self._setup.data) if f.name == name), None
            )
            if file is None:
                raise UnknownVoice(f"has no voice {name}")
            checked = voices.find(name, self._setup.base, self._setup.data, self._setup.cache)
            self._loaded[name] = self._load(checked)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def _load(self, file: VoiceFile) -> _Loaded:
        from onnxruntime import InferenceSession, SessionOptions
        from piper import PiperVoice
        from piper.config import PiperConfig

        options = SessionOptions()
        options.intra_op_num_threads = int(self._setup.options.get("threads", 0)) or min(
            os.cpu_count() or 1, 4
        )
        options.inter_op_num_threads = 1
        # Spinning threads burn 42 ms after each run and slow a busy machine down.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            config = PiperConfig.from_dict(json.loads(file.config.read_text("utf-8")))
            session = InferenceSession(str(file.model), options, providers=["CPUExecutionProvider"])
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise EngineRefused(f"{file.model} cannot be loaded: {error}"[:300]) from error
        return _Loaded(PiperVoice(session=session, config=config), describe(file))


def describe(file: VoiceFile) -> Voice:
    """What the voice's JSON says of it; a name alone where it cannot be read."""
    try:
        data = json.loads(file.config.read_text("utf-8"))
        language = data.get("language", {}).get("code") or data.get("espeak", {}).get("voice")
        speakers = data.get("speaker_id_map") or {}
        return Voice(file.name, str(language).replace("_", "-") if language else None, tuple(speakers))
    except (OSError, ValueError, AttributeError):
        return Voice(file.name)
