"""Piper: phonemes by espeak-ng, sound by an ONNX graph for each voice, streamed inside the sentence.

A voice whose parts are in the cache speaks in pieces from the start. One that is new speaks whole
sentences while a process of its own splits it (a second, 350 MB that are given back), and changes
over between two sentences. A voice that cannot be split speaks whole sentences for good, and says why.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines import voices
from ttsd.engines.adapters import piper_parts, piper_words
from ttsd.engines.adapters.graphs import GraphError
from ttsd.engines.adapters.piper_model import Model, SplitModel, WholeModel
from ttsd.engines.adapters.piper_stages import feed
from ttsd.engines.suit import suited
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice, WordTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.adapters.piper_stages import Parts
    from ttsd.engines.engine import Request
    from ttsd.engines.voices import VoiceFile

INSTALL = 'pip install "ttsd[piper]"'
KEPT = 3
"""Voices kept loaded; each takes some 100 MB."""
_SOUNDS = re.compile(r"(\[\[[^\]]*?)\s*\]\](['’]s\b)?([^\w\s\[]*)")
"""`[[ phonemes ]]`, with what behind it belongs to its last word."""
_BOOT = Path(__file__).parents[1] / "boot.py"


@dataclass(slots=True)
class _Loaded:
    file: VoiceFile
    voice: Any
    """piper.PiperVoice: phonemes, ids and settings; its graph is ours."""
    model: Model
    """Replaced, between two sentences, when the voice is split."""
    described: Voice


class Piper:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._setup: Setup
        self._tell: Callable[[str], None]
        self._default: Voice
        """Always loaded."""
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._run_options: Any = None

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        self._setup, self._tell = setup, progress
        file = voices.find(setup.voice, setup.base, setup.data, setup.cache)
        progress(f"loading {file.name}")
        _require_piper()
        self._loaded[file.name] = loaded = self._load(file)
        self._default = loaded.described
        # espeak reads its data at the first text.
        loaded.voice.phonemize("ready")

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: split the voice."""
        file = voices.find(setup.voice, setup.base, setup.data, setup.cache)
        folder = _folder(file, setup)
        if piper_parts.find(folder) is None:
            try:
                piper_parts.make(file.model, folder, progress)
            except ImportError as error:
                raise EngineMissing(f"the package {error.name} is missing", next_step=INSTALL) from error
            except (piper_parts.CannotSplit, GraphError) as error:
                raise EngineRefused(str(error)) from error

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        found = {self._default.name: self._default}
        for file in voices.listed(self._setup.base, self._setup.data):
            found.setdefault(file.name, describe(file))
        return tuple(found.values())

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        import onnxruntime

        loaded = self._voice(request.voice or suited(request.language, self._default, self.voices))
        model, voice = loaded.model, loaded.voice
        speaker = self._speaker(loaded, request)
        sentences = [phonemes for phonemes in voice.phonemize(marks_inside(request.text)) if phonemes]
        matches = piper_words.align(request.text, sentences) if model.hop else []
        given = 0
        self._run_options = options = onnxruntime.RunOptions()
        try:
            for index, phonemes in enumerate(sentences):
                ids = voice.phonemes_to_ids(phonemes)
                fed = feed(ids, _scales(voice.config, request), speaker)
                offset = given / voice.config.sample_rate
                for piece in model.speak(fed, options):
                    words: tuple[WordTime, ...] = ()
                    if piece.frames is not None and model.hop:
                        found = piper_words.spans(phonemes, voice.config.phoneme_id_map, piece.frames)
                        frame = model.hop / voice.config.sample_rate
                        words = piper_words.times(matches, index, found, frame, offset) if found else ()
                    given += piece.samples.size
                    yield Chunk(piece.samples, voice.config.sample_rate, words, loaded.described.name)
        except GraphError as error:
            if options.terminate:
                raise EngineCancelled("cancelled") from error
            raise EngineRefused(f"its graph failed: {error}"[:300]) from error
        finally:
            self._run_options = None

    def cancel(self) -> None:
        """See Adapter: the graph stops at its next node."""
        if (running := self._run_options) is not None:
            running.terminate = True

    def close(self) -> None:
        """See Adapter."""

    def _speaker(self, loaded: _Loaded, request: Request) -> int | None:
        config = loaded.voice.config
        if config.num_speakers <= 1:
            return None
        wanted = request.speaker or request.options.get("speaker")
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
            setup = self._setup
            if not any(file.name == name for file in voices.listed(setup.base, setup.data)):
                raise UnknownVoice(f"has no voice {name}")
            self._loaded[name] = self._load(voices.find(name, setup.base, setup.data, setup.cache))
            while len(self._loaded) > KEPT:
                del self._loaded[next(one for one in self._loaded if one != self._default.name)]
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def _load(self, file: VoiceFile) -> _Loaded:
        from piper import PiperVoice
        from piper.config import PiperConfig

        streamed = bool(self._setup.options.get("stream", True))
        try:
            config = PiperConfig.from_dict(json.loads(file.config.read_text("utf-8")))
            parts = piper_parts.find(_folder(file, self._setup)) if streamed else None
            model = self._split_model(parts, config.sample_rate) if parts else None
            if model is None:
                whole = WholeModel(file.model, self._threads())
                loaded = _Loaded(file, PiperVoice(session=None, config=config), whole, describe(file))
                if streamed:
                    threading.Thread(target=self._split, args=(loaded,), name="split", daemon=True).start()
                return loaded
            return _Loaded(file, PiperVoice(session=None, config=config), model, describe(file))
        except (OSError, KeyError, ValueError, GraphError) as error:
            raise EngineRefused(f"{file.model} cannot be loaded: {error}"[:300]) from error

    def _split_model(self, parts: Parts, rate: int) -> SplitModel | None:
        try:
            return SplitModel(parts, rate, self._threads())
        except GraphError as error:
            self._tell(f"the cache is damaged and will be made anew: {error}"[:300])
            piper_parts.forget(parts)
            return None

    def _split(self, loaded: _Loaded) -> None:
        """In a thread: have the voice split by a process of its own, then speak with the parts."""
        setup, name = self._setup, loaded.file.name
        command = [sys.executable, str(_BOOT), "piper", "--prepare", "--nice", "10"]
        command += ["--parent", str(os.getpid()), "--voice", str(loaded.file.model.resolve())]
        for option, folder in (("--base", setup.base), ("--data", setup.data), ("--cache", setup.cache)):
            command += [option, str(folder)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        parts = piper_parts.find(_folder(loaded.file, setup))
        model = self._split_model(parts, loaded.voice.config.sample_rate) if parts else None
        if model is not None:
            loaded.model = model
            self._tell(f"{name} is split and speaks in pieces from now on")
        else:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()
            self._tell(f"{name} speaks whole sentences: {words[-1] if words else 'it was not split'}")

    def _threads(self) -> int:
        chosen = int(self._setup.options.get("threads", 0))
        cores = os.cpu_count() or 1
        # Its threads wait without spinning, so two may have both of two cores; more leave one to others.
        return chosen or (cores if cores <= 2 else min(4, cores - 1))


def marks_inside(text: str) -> str:
    """*text* with the marks behind `[[ phonemes ]]` among the phonemes.

    By themselves the library drops them, or reads them out: "exclamation", "s".
    """

    def inside(found: re.Match[str]) -> str:
        return f"{found[1]}{'z' if found[2] else ''}{''.join(c for c in found[3] if c in '.,;:!?…')} ]]"

    return _SOUNDS.sub(inside, text)


def describe(file: VoiceFile) -> Voice:
    """What the voice's JSON says of it; a name alone where it cannot be read."""
    try:
        data = json.loads(file.config.read_text("utf-8"))
        language = data.get("language", {}).get("code") or data.get("espeak", {}).get("voice")
        speakers = data.get("speaker_id_map") or {}
        return Voice(file.name, str(language).replace("_", "-") if language else None, tuple(speakers))
    except (OSError, ValueError, AttributeError):
        return Voice(file.name)


def _require_piper() -> None:
    try:
        import onnxruntime  # noqa: F401  # whether it can be imported is all we want to know
        import piper  # noqa: F401  # likewise
    except ImportError as error:
        raise EngineMissing(f"Piper cannot be imported: {error}", next_step=INSTALL) from error


def _folder(file: VoiceFile, setup: Setup) -> Path:
    return piper_parts.folder_for(setup.cache, voices.fingerprint(file.model, setup.cache))


def _scales(config: Any, request: Request) -> tuple[float, float, float]:
    options = request.options
    return (
        float(options.get("noise_scale", config.noise_scale)),
        float(options.get("length_scale", config.length_scale)),
        float(options.get("noise_w_scale", config.noise_w_scale)),
    )
