"""How servers of OpenAI's speech endpoint differ: what each is asked for, and what it gives. Pure."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ttsd.engines.adapters.pcm import PcmReader, WavReader, is_wav
from ttsd.errors import EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.adapters.pcm import Pcm
    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import Chunk


@frozen
class Dialect:
    """One kind of server."""

    streamed: str = "pcm"
    """What it is asked for where sound is wanted while it is made: pcm or wav."""
    whole: str = "wav"
    """What it is asked for where it is not."""
    model: str | None = None
    """The model unless told otherwise; None: it knows."""
    voice: str | None = "alloy"
    """The voice it has unless told otherwise; None: it knows."""
    streams: bool = True
    """It can give sound while it is made."""
    ask: Mapping[str, object] = field(default_factory=dict)
    """What beside the usual makes it stream."""
    listing: str | None = None
    """Where it lists its voices, behind the url."""
    tells_rate: bool = False
    """It takes the rate that raw sound is wanted in."""
    streams_paced: bool = True
    """It streams at another speed than 1, too."""


DIALECTS = {
    "openai": Dialect(model="tts-1"),
    # It streams unless told not to, and its WAV has no sizes.
    "kokoro-fastapi": Dialect(
        model="kokoro", voice="af_heart", ask={"stream": True}, listing="/audio/voices"
    ),
    # Voices are names of files; everything is made before anything is given.
    "chatterbox": Dialect(voice=None, streams=False),
    # A stream is always a WAV there, whatever was asked for.
    "localai": Dialect(streamed="wav", voice=None, ask={"stream": True}),
    # It would send events of text with sound inside. Raw sound is in the model's rate, which is not told.
    "vllm-omni": Dialect(
        streamed="wav",
        voice=None,
        ask={"stream": True, "stream_format": "audio"},
        listing="/audio/voices",
        streams_paced=False,
    ),
    "speaches": Dialect(voice="af_heart", tells_rate=True),
    # The rate of its raw sound depends on the model and is not told.
    "openedai": Dialect(streamed="wav", model="tts-1"),
}


def body(name: str, request: Request, voice: str | None, options: Mapping[str, Scalar]) -> dict[str, object]:
    """What a server is asked for *request*."""
    dialect = DIALECTS[name]
    paced = float(options["speed"]) != 1
    streams = bool(options["stream"]) and dialect.streams and (dialect.streams_paced or not paced)
    asked: dict[str, object] = {
        "input": request.text,
        "response_format": dialect.streamed if streams else dialect.whole,
        "speed": options["speed"],
    }
    if model := options.get("model", dialect.model):
        asked["model"] = model
    if voice is not None:
        asked["voice"] = voice
    if streams:
        asked |= dialect.ask
    elif "stream" in dialect.ask:
        asked["stream"] = False
    if dialect.tells_rate and "sample_rate" in options:
        asked["sample_rate"] = options["sample_rate"]
    return asked


class BodyReader:
    """The sound of an answer: a WAV if it begins as one, whatever was asked for; else raw, if that was."""

    def __init__(self, pcm: Pcm | None) -> None:
        """*pcm*: how raw sound is written; None: a WAV was asked for."""
        self._pcm = pcm
        self._head = b""
        self._reader: PcmReader | WavReader | None = None

    def feed(self, data: bytes) -> list[Chunk]:
        """What is complete with *data*. Raises EngineRefused for what is no such sound."""
        if self._reader is None:
            self._head += data
            if len(self._head) < 4:
                return []
            data = self._head
            raw = self._pcm if not is_wav(data) else None
            if data[:4] in (b"OggS", b"fLaC") or data[:3] == b"ID3":
                raise EngineRefused("gave compressed sound, which was not asked for")
            self._reader = WavReader() if raw is None else PcmReader(raw)
        return self._reader.feed(data)

    def finish(self) -> None:
        """All has come. Raises EngineRefused if it was not whole."""
        if self._reader is None:
            raise EngineRefused("gave an empty answer" if not self._head else "gave what is no sound")
        self._reader.finish()
