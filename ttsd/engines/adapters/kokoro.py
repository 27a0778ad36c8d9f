"""Kokoro: 82 million parameters, 54 voices in nine languages, on onnxruntime.

kokoro-onnx runs the model; what it is fed are misaki's symbols, which the model was trained on. The
files are looked for where the user keeps them: nothing is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.engines.adapters.kokoro_reader import Reader
from ttsd.engines.adapters.kokoro_voices import default_of
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request
    from ttsd.model import Chunk, Samples, Voice

MODELS = {
    "fp32": "kokoro-v1.0.onnx",
    "fp16": "kokoro-v1.0.fp16.onnx",
    "int8": "kokoro-v1.0.int8.onnx",
}
"""File names of the releases, the fastest on a processor first."""
VOICES = "voices-v1.0.bin"
RELEASE = "https://github.com/thewh1teagle/kokoro-onnx/releases/tag/model-files-v1.0"


@dataclass(slots=True)
class Stoppable:
    """What kokoro-onnx takes for an onnxruntime session: one whose run can be ended from any thread."""

    session: Any
    options: Any = None
    """onnxruntime.RunOptions of the sentence at hand."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def run(self, outputs: Any, inputs: Any) -> Any:
        """See onnxruntime.InferenceSession."""
        return self.session.run(outputs, inputs, self.options)


class Kokoro:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._kokoro: Any = None
        self._session: Stoppable
        self._reader: Reader
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        try:
            import kokoro_onnx
            import onnxruntime
        except ImportError as error:
            raise EngineRefused(f"Kokoro cannot be imported: {error}") from error
        model, styles = find(setup)
        progress(f"loading {model.name}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = setup.threads
        options.log_severity_level = 3
        # Threads that spin while they wait would take a game's time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            self._session = Stoppable(session)
            self._kokoro = kokoro_onnx.Kokoro.from_session(self._session, str(styles))
            names = tuple(sorted(self._kokoro.get_voices()))
        except Exception as error:  # onnxruntime and numpy raise classes of their own, without a common one
            raise EngineRefused(f"{model} and {styles.name} cannot be loaded: {error}"[:300]) from error
        known = self._kokoro.tokenizer.vocab
        self._reader = Reader(default_of(setup.voice, names), names, known, self._style, self._make)
        self._reader.warm_up()

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return self._reader.voices()

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: a chunk for each batch of symbols."""
        self._cancelled = False
        yield from self._reader.read(request)

    def cancel(self) -> None:
        """See Adapter: the graph stops at its next node."""
        self._cancelled = True
        if (running := self._session.options) is not None:
            running.terminate = True

    def close(self) -> None:
        """See Adapter."""

    def _style(self, voice: str) -> Samples:
        import numpy as np

        return np.asarray(self._kokoro.voices[voice], np.float32)

    def _make(self, symbols: str, styles: Samples, speed: float) -> Samples:
        import onnxruntime

        self._session.options = onnxruntime.RunOptions()
        if self._cancelled:
            raise EngineCancelled("cancelled")
        try:
            sound: Samples = self._kokoro.create(
                symbols, voice=styles, speed=speed, is_phonemes=True, trim=False
            )[0]
        except Exception as error:  # onnxruntime's own classes; a cancelled run raises one, too
            if self._cancelled:
                raise EngineCancelled("cancelled") from error
            raise EngineRefused(f"its graph failed: {error}"[:300]) from error
        finally:
            self._session.options = None
        return sound


def find(setup: Setup) -> tuple[Path, Path]:
    """The model and the file of its voices. Raises EngineMissing with where they belong."""
    options = setup.options
    wanted = str(options.get("precision", ""))
    places = [setup.base / "kokoro", setup.data / "kokoro"]
    names = [MODELS[wanted]] if wanted else list(MODELS.values())
    if given := str(options.get("model", "")):
        path = setup.base / Path(given).expanduser()
        if path.is_dir():
            places = [path]
        else:
            places, names = [path.parent], [path.name]
    found = [place / name for place in places for name in names if (place / name).is_file()]
    if not found:
        raise EngineMissing(
            f"has no model {names[0]}",
            next_step=f"put it and {VOICES} into {places[-1]}; they are at {RELEASE}",
        )
    styles = setup.base / Path(str(options.get("voices", "") or found[0].with_name(VOICES))).expanduser()
    if not styles.is_file():
        raise EngineMissing(f"has no voices: {styles} is missing", next_step=f"it is at {RELEASE}")
    return found[0], styles
