"""A recording that a cloning engine takes its voice from: found, read and checked.

soundfile reads it: every cloning engine's venv has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines.voices import sha256_of
from ttsd.errors import EngineMissing, EngineRefused, UnknownVoice
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Scalar
    from ttsd.model import Samples

SHORTEST = 1.0
"""Seconds below which there is no voice to be heard; the libraries fail with less."""
LONGEST = 120.0
"""Seconds that are read; engines use the first 30 at most."""
QUIET = 1e-3
"""-60 dBFS: what never rises above it is no voice."""
FOLDER = "speakers"
"""Where recordings that have a name lie: `ana` is speakers/ana.wav, beside the configuration or in the data folder."""


@frozen
class Reference:
    """A recording on disk."""

    name: str
    path: Path
    digest: str
    """sha256 of the file."""


def find(given: str, setup: Setup) -> Reference:
    """*given*: a path (relative to the configuration) or the name of a recording. Raises EngineMissing."""
    path = setup.base / Path(given).expanduser()
    for candidate in (path, *(file for file in _named(setup) if file.stem == given)):
        if candidate.is_file():
            return Reference(candidate.stem, candidate, sha256_of(candidate))
    raise EngineMissing(
        f"there is no recording {given}", next_step="set speaker_wav to a WAV of some ten seconds"
    )


def offered(setup: Setup, built_in: Sequence[str], engine: str) -> tuple[str, ...]:
    """Names of an engine's voices, the default one first: the configured one, or its recording, or its own.

    Raises EngineMissing if there are none, UnknownVoice.
    """
    given, wanted = str(setup.options.get("speaker_wav", "")), setup.voice
    names = [find(given, setup).name] if given else []
    names = list(dict.fromkeys([*names, *built_in, *(file.stem for file in _named(setup))]))
    if not names:
        raise EngineMissing(
            "has no voice: the model brings none", next_step=f'set speaker_wav = "…" in [engine.{engine}]'
        )
    if wanted is not None and wanted not in names:
        raise unknown(wanted, names)
    return tuple(sorted(names, key=lambda name: name != wanted))


def chosen(
    voice: str | None,
    options: Mapping[str, Scalar],
    setup: Setup,
    built_in: Collection[str],
    names: Sequence[str],
) -> str | Reference:
    """Who speaks a sentence: the name of a voice of the model's own, or a recording.

    *voice*: asked for by name; where there is none of that name, the recording that the sentence's own
    *options* name. *names*: see `offered`. Raises EngineMissing, UnknownVoice.
    """
    given = str(options.get("speaker_wav", ""))
    own = given if given != setup.options.get("speaker_wav") else ""
    if voice is None and not own:
        voice = names[0]
    if voice in built_in and voice is not None:
        return voice
    if voice is not None and voice in names:
        return find(given if given and Path(given).stem == voice else voice, setup)
    if own:
        return find(own, setup)
    raise unknown(str(voice), names)


def unknown(voice: str, names: Sequence[str]) -> UnknownVoice:
    """The error that names what there is."""
    return UnknownVoice(f"has no voice {voice}", next_step=f"it has {', '.join(names[:12])}")


def read(reference: Reference) -> tuple[Samples, int]:
    """Its sound, mono, and its rate. Raises EngineRefused for what no voice can be taken from."""
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(reference.path) as file:
            rate = int(file.samplerate)
            sound = file.read(int(LONGEST * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (OSError, RuntimeError) as error:  # LibsndfileError is a RuntimeError
        raise EngineRefused(f"{reference.path} is no recording: {error}"[:300]) from error
    if sound.size < SHORTEST * rate:
        raise EngineRefused(f"{reference.path} is shorter than {SHORTEST:g} s")
    if not np.isfinite(sound).all() or float(np.abs(sound).max()) < QUIET:
        raise EngineRefused(f"nothing can be heard in {reference.path}")
    return np.ascontiguousarray(sound, np.float32), rate


def _named(setup: Setup) -> list[Path]:
    return [file for folder in (setup.base, setup.data) for file in sorted((folder / FOLDER).glob("*.wav"))]
