"""Any server with OpenAI's speech endpoint is an engine: one request for each sentence.

The servers differ (see dialects.py). The key comes from an environment variable or a file, never from
an option, because options are seen in the list of processes.
"""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ttsd.engines.adapters.dialects import DIALECTS, BodyReader, body
from ttsd.engines.adapters.pcm import Pcm
from ttsd.engines.adapters.speech_call import Call, Server
from ttsd.engines.catalog import defaults
from ttsd.engines.options import names
from ttsd.engines.privacy import withhold
from ttsd.errors import EngineError, EngineMissing, EngineRefused
from ttsd.model import Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from http.client import HTTPResponse

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request, Scalar
    from ttsd.model import Chunk

UNNAMED = "default"
"""The voice of a server that was given no name and knows one itself."""
USUAL_RATE = 24000
"""Frames per second of raw sound where neither the server nor the user tells."""
LONGEST_LIST = 1 << 20
"""Bytes of a list of voices."""
MOST_VOICES = 1000


class OpenAi:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._server: Server
        self._voices: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._call: Call | None = None

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: know the server, and its voices if it lists them."""
        import numpy as np

        np.zeros(1)  # imported now rather than at the first sentence
        options = {**defaults("openai"), **setup.options}
        self._server = Server(
            _url(str(options.get("url", ""))),
            _key(options, setup.base),
            float(options["connect_timeout"]),
            float(options["first_byte_timeout"]),
            float(options["read_timeout"]),
        )
        dialect = DIALECTS[str(options["dialect"])]
        known = names(options.get("voices", ""))
        first = setup.voice or (known[0] if known else dialect.voice)
        if dialect.listing and not known:
            progress("asking for its voices")
            known = self._listed(dialect.listing)
            if known and not setup.voice and first not in known:
                first = known[0]
        self._voices = tuple(dict.fromkeys([*([first] if first else []), *known])) or (UNNAMED,)

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        return tuple(Voice(name) for name in self._voices)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter."""
        options = {**defaults("openai"), **request.options}
        voice = request.voice or self._voices[0]
        asked = body(str(options["dialect"]), request, None if voice == UNNAMED else voice, options)
        call = Call(self._server)
        with self._lock:
            self._call = call
        try:
            response = call.send("POST", "/audio/speech", asked)
            raw = _raw(response, options)
            reader = BodyReader(raw if asked["response_format"] == "pcm" else None)
            with closing(call.pieces(response)) as pieces:
                for data in pieces:
                    yield from reader.feed(data)
            reader.finish()
        except EngineError as error:
            error.what = _without(error.what, request.text)
            raise
        finally:
            with self._lock:
                self._call = None
            call.close()

    def cancel(self) -> None:
        """See Adapter: the connection is closed."""
        with self._lock:
            if self._call is not None:
                self._call.cancel()

    def close(self) -> None:
        """See Adapter."""

    def _listed(self, path: str) -> list[str]:
        """The voices it lists; none if it does not. Raises EngineError if it is not there at all."""
        call = Call(self._server)
        try:
            answer = b"".join(call.pieces(call.send("GET", path)))[:LONGEST_LIST]
            found = json.loads(answer)["voices"]
            voices = [voice["id"] if isinstance(voice, dict) else voice for voice in found]
        except (EngineRefused, ValueError, KeyError, TypeError):
            return []  # an older one, or one behind something that forbids it
        finally:
            call.close()
        return [name for name in voices if isinstance(name, str)][:MOST_VOICES]


def _url(url: str) -> str:
    remedy = 'set url = "http://localhost:8880/v1" or the like in [engine.openai]'
    if not url:
        raise EngineMissing("has no server", next_step=remedy)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username:
        raise EngineRefused("its url is no address of a server", next_step=remedy)
    return url.rstrip("/")


def _key(options: Mapping[str, Scalar], base: Path) -> str | None:
    """The key, from where the user says that it is."""
    if variable := str(options.get("key_env", "")):
        key, where = os.environ.get(variable, ""), f"the environment variable {variable}"
    elif file := str(options.get("key_file", "")):
        path, where = base / Path(file).expanduser(), f"the file {file}"
        try:
            key = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise EngineMissing(f"{where}, which holds its key, cannot be read: {why}") from None
    else:
        return None
    key = key.strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise EngineMissing(f"there is no key in {where}")
    return key


def _raw(response: HTTPResponse, options: Mapping[str, Scalar]) -> Pcm:
    """How raw sound is written: as configured, as the answer tells, or as usual. Raises EngineRefused."""
    kind = response.headers.get_content_type()
    if kind == "text/event-stream":
        raise EngineRefused("its server sends events, not sound", next_step='try dialect = "vllm-omni"')
    if kind.startswith("text/") and response.getheader("Content-Type"):
        raise EngineRefused(f"gave {kind}, which is no sound", next_step="look at url and dialect")
    if kind in ("application/json", "audio/mpeg", "audio/ogg", "audio/flac", "audio/aac"):
        raise EngineRefused(f"gave {kind}, which is not the sound asked for", next_step="look at dialect")
    told = str(response.headers.get_param("rate", ""))
    rate = int(told) if told.isdecimal() and 4000 <= int(told) <= 192000 else USUAL_RATE
    return Pcm(int(options.get("sample_rate", rate)))


def _without(what: str, text: str) -> str:
    """*what* without the server's words if they repeat the text."""
    said, separator, words = what.partition("; it said: ")
    return said + separator + withhold(words, text) if words else what
