"""Small servers of `/v1/audio/speech` that behave as the real ones do, faults included."""

from __future__ import annotations

import json
import math
import struct
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", dict[str, Any]], None]

ENDLESS = 0xFFFFFFFF


def pcm(text: str, rate: int) -> bytes:
    """A tenth of a second for each character, s16le."""
    return array("h", (int(9000 * math.sin(i / 9)) for i in range(len(text) * rate // 10))).tobytes()


def wav(data: bytes, rate: int, size: int | None = None) -> bytes:
    """*data* with a header that tells *size* (None: the truth)."""
    told = len(data) if size is None else size
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", min(told + 36, ENDLESS), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16
    )
    return head + struct.pack("<4sI", b"data", told) + data


class Handler(BaseHTTPRequestHandler):
    """A request; the server's `answer` does the rest."""

    protocol_version = "HTTP/1.1"
    server: SpeechServer

    def do_POST(self) -> None:
        """Speech."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.keys.append(self.headers.get("Authorization"))
        try:
            self.server.answer(self, asked)
        except OSError:
            self.server.left.set()  # the client has closed the connection
        self.close_connection = True

    def do_GET(self) -> None:
        """The list of voices, of those who have one."""
        if self.server.voices is None:
            self.complain(404, {"detail": "Not Found"})
        else:
            self.whole(json.dumps({"voices": self.server.voices}).encode(), "application/json")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        """Nothing to the terminal."""

    def whole(self, data: bytes, kind: str, *, told: int | None = None) -> None:
        """A body with its length (or a lie about it)."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if told is None else told))
        self.end_headers()
        self.wfile.write(data)

    def begin(self, kind: str) -> None:
        """The head of a body in chunks."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def piece(self, data: bytes) -> None:
        """A chunk."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def chunked(self, data: bytes, kind: str, step: int = 4001) -> None:
        """A body in chunks that end inside samples."""
        self.begin(kind)
        for start in range(0, len(data), step):
            self.piece(data[start : start + step])
        self.wfile.write(b"0\r\n\r\n")

    def complain(self, status: int, body: object, **headers: str) -> None:
        """An error as JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class SpeechServer(ThreadingHTTPServer):
    """Listens on a port of its own; waits for its threads when it is closed."""

    daemon_threads = False

    def __init__(self, answer: Answer, voices: list[object] | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.voices = voices
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.left = threading.Event()
        self.over = threading.Event()
        """The test is over: nobody should wait any more."""

    @property
    def url(self) -> str:
        """As the configuration has it."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(answer: Answer, voices: list[object] | None = None) -> Iterator[SpeechServer]:
    """A server for as long as the block."""
    server = SpeechServer(answer, voices)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def openai(handler: Handler, asked: dict[str, Any]) -> None:
    """api.openai.com: a key, a voice that exists, raw sound in chunks."""
    if handler.headers.get("Authorization") != "Bearer sk-test-1234":
        handler.complain(401, {"error": {"message": f"bad key {handler.headers.get('Authorization')}"}})
    elif asked["voice"] not in ("alloy", "nova"):
        handler.complain(400, {"error": {"message": f"no voice {asked['voice']}"}})
    elif asked["response_format"] == "pcm":
        handler.chunked(pcm(asked["input"], 24000), "audio/pcm")
    else:
        handler.chunked(wav(pcm(asked["input"], 24000), 24000, ENDLESS), "audio/wav")


def kokoro_fastapi(handler: Handler, asked: dict[str, Any]) -> None:
    """Streams unless told not to; a WAV has no sizes."""
    data = pcm(asked["input"], 24000)
    if asked["response_format"] == "wav":
        handler.chunked(wav(data, 24000, ENDLESS), "audio/wav")
    elif asked.get("stream", True):
        handler.chunked(data, "audio/pcm", step=333)
    else:
        handler.whole(data, "audio/pcm")


def chatterbox(handler: Handler, asked: dict[str, Any]) -> None:
    """Whole WAVs alone; a voice is a file; what it does not know it refuses."""
    if asked["response_format"] != "wav" or "stream" in asked or asked.get("voice", "a.wav")[-4:] != ".wav":
        handler.complain(422, {"detail": "Unprocessable"})
    else:
        handler.whole(wav(pcm(asked["input"], 24000), 24000), "audio/wav")


def localai(handler: Handler, asked: dict[str, Any]) -> None:
    """A stream is a WAV, whatever was asked for; the end of the connection is its end."""
    data = pcm(asked["input"], 22050)
    if not asked.get("stream"):
        handler.whole(wav(data, 22050), "audio/x-wav")
        return
    handler.send_response(200)
    handler.send_header("Content-Type", "audio/x-wav")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(wav(data, 22050, 0))


def vllm_omni(handler: Handler, asked: dict[str, Any]) -> None:
    """One model in its own rate; a stream is events, unless asked otherwise, and at one speed alone."""
    data = pcm(asked["input"], 44100)
    if "model" in asked:
        handler.complain(404, {"error": {"message": "another model is served"}})
    elif not asked.get("stream"):
        handler.whole(wav(data, 44100), "audio/wav")
    elif asked["speed"] != 1:
        handler.complain(400, {"error": {"message": "speed must be 1.0"}})
    elif asked.get("stream_format") != "audio":
        handler.chunked(b'data: {"type": "speech.audio.delta"}\n\n', "text/event-stream")
    elif asked["response_format"] == "wav":
        handler.chunked(wav(data, 44100, ENDLESS), "audio/wav")
    else:
        handler.chunked(data, "audio/pcm")


def speaches(handler: Handler, asked: dict[str, Any]) -> None:
    """Gives the rate that is asked for."""
    rate = asked.get("sample_rate", 24000)
    data = pcm(asked["input"], rate)
    if asked["response_format"] == "pcm":
        handler.chunked(data, "audio/pcm")
    else:
        handler.whole(wav(data, rate), "audio/wav")


def openedai(handler: Handler, asked: dict[str, Any]) -> None:
    """Raw sound is in the model's rate, which nobody is told."""
    data = pcm(asked["input"], 22050)
    if asked["response_format"] == "pcm":
        handler.chunked(data, "audio/pcm")
    else:
        handler.chunked(wav(data, 22050, ENDLESS), "audio/wav")
