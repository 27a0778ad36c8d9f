"""A catalogue of voices on this machine, like Piper's, with faults to be asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODEL = bytes(range(256)) * 400
CARD = "# Model card\n\n## Dataset\n\n* URL: example.org\n* License: CC0\n"
NAMES = ("pt_BR-faber-medium", "pt_PT-rui-low", "en_US-amy-medium")


@dataclass
class Faults:
    """What goes wrong; everything is well by default."""

    missing: set[str] = field(default_factory=set)
    """Paths that answer 404."""
    broken: set[str] = field(default_factory=set)
    """Paths that answer 500."""
    cut: list[int] = field(default_factory=list)
    """After so many bytes of a model the connection breaks, once for each."""
    damaged: list[str] = field(default_factory=list)
    """Endings of paths that arrive with a wrong byte, once for each."""
    no_ranges: bool = False
    """The server always sends all of it."""
    too_long: bool = False
    """More comes than was announced in the catalogue."""


class VoiceServer:
    """The server; a context manager."""

    def __init__(self, voices: Mapping[str, tuple[bytes, bytes]] | None = None) -> None:
        """*voices*: model and JSON of each, by name; default: NAMES, which are no real ones."""
        self.faults = Faults()
        self.asked: list[tuple[str, str | None]] = []
        """Paths and ranges, in order."""
        self.files = dict(_files(voices or {name: _unreal(name) for name in NAMES}))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def catalogue(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}/voices.json"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _unreal(name: str) -> tuple[bytes, bytes]:
    return name.encode() + MODEL, json.dumps({"language": {"code": name[:5]}}).encode()


def _files(voices: Mapping[str, tuple[bytes, bytes]]) -> Iterator[tuple[str, bytes]]:
    entries: dict[str, Any] = {}
    for name, (model, config) in voices.items():
        code, short, quality = name.split("-")
        folder = f"{code[:2]}/{code}/{short}/{quality}"
        files = {
            f"{folder}/{name}.onnx": model,
            f"{folder}/{name}.onnx.json": config,
            f"{folder}/MODEL_CARD": CARD.encode(),
        }
        entries[name] = {
            "key": name,
            "name": short,
            "language": {
                "code": code,
                "family": code[:2],
                "region": code[3:],
                "name_native": "Português" if code[:2] == "pt" else "English",
                "name_english": "Portuguese" if code[:2] == "pt" else "English",
                "country_english": {"BR": "Brazil", "PT": "Portugal", "US": "United States"}[code[3:]],
            },
            "quality": quality,
            "num_speakers": 1,
            "speaker_id_map": {},
            "files": {path: _told(data) for path, data in files.items()},
            "aliases": [f"{code[:2]}-{short}"],
        }
        yield from ((f"/{path}", data) for path, data in files.items())
    entries["../../evil"] = next(iter(entries.values()))
    entries["no-files"] = {"language": {"code": "de_DE"}}
    yield "/voices.json", json.dumps(entries).encode()


def _told(data: bytes) -> dict[str, object]:
    return {"size_bytes": len(data), "md5_digest": hashlib.md5(data, usedforsecurity=False).hexdigest()}


def _handler(server: VoiceServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            faults, data = server.faults, server.files.get(self.path)
            server.asked.append((self.path, self.headers.get("Range")))
            if self.path in faults.broken:
                self.send_error(500)
                return
            if data is None or self.path in faults.missing:
                self.send_error(404)
                return
            start = 0
            if (asked := self.headers.get("Range")) and not faults.no_ranges:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(data):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            if faults.too_long and self.path.endswith(".onnx"):
                data += b"more"
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            body = data[start:]
            ending = next((end for end in faults.damaged if self.path.endswith(end)), None)
            if ending is not None:
                faults.damaged.remove(ending)
                body = b"\xff" + body[1:]
            if faults.cut and self.path.endswith(".onnx"):
                self.wfile.write(body[: faults.cut.pop(0)])
                self.wfile.flush()
                self.connection.close()
                return
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler
