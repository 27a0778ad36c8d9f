"""Recordings that voices are cloned from, by name: kept in the data folder, where every engine finds them.

`speakers/NAME.wav` is the recording, NAME.json beside it tells what is known of it. Invariant: a recording
appears when it is whole; one that fails a check leaves what was there before.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from ttsd.errors import TtsdError, UsageError
from ttsd.frozen import frozen
from ttsd.replace_file import replace_file
from ttsd.shapes import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.audio.recording import Recording
    from ttsd.clock import Clock

FOLDER = "speakers"
"""Below the data folder; `engines/adapters/reference.py` looks there."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LARGEST_NOTE = 1 << 16


class SpeakerError(TtsdError):
    """A recording cannot be kept or taken away."""

    code = "speaker"


@frozen
class Speaker:
    """A recording that is kept. Its names are the keys of `--json`."""

    name: str
    file: str
    seconds: float | None
    """None: nothing is told of it; somebody put it there."""
    level: float | None = None
    """dBFS of the voice as it was recorded."""
    noise: float | None = None
    """dB between the voice and its pauses."""
    original_rate: int | None = None
    """Frames per second as it was recorded."""
    added_at: float | None = None
    """Unix seconds."""
    notes: tuple[str, ...] = ()
    """What was changed, for people."""


class Speakers:
    """The recordings of one user."""

    def __init__(self, data: Path, clock: Clock | None = None) -> None:
        """*data*: ttsd's data folder of the user."""
        from ttsd.clock import SystemClock

        self.folder = data / FOLDER
        self._clock = clock or SystemClock()

    def add(self, source: Path | BinaryIO, name: str, *, replace: bool = False) -> Speaker:
        """Check, convert and keep a recording: a file, or one that is open (an upload).

        Raises UsageError for a name that cannot be one or is taken, RecordingError for a recording that
        no voice can be taken from, SpeakerError if it cannot be written.
        """
        from ttsd.audio import recording  # numpy comes with it

        if NAME.fullmatch(name) is None:
            raise UsageError(f'"{name}" is no name', next_step="letters, digits, - and _, 64 at most")
        path = self.folder / f"{name}.wav"
        if path.exists() and not replace:
            raise UsageError(f"there is a recording {name} already", next_step="another name, or --replace")
        found = recording.read(source)
        speaker = Speaker(
            name,
            str(path),
            round(found.seconds, 2),
            round(found.level, 1),
            round(found.noise, 1),
            found.rate,
            self._clock.time(),
            found.notes,
        )
        try:
            # What is told of it first: a recording that is there is one that something is known of.
            replace_file(self._note(name), json.dumps(asdict(speaker), ensure_ascii=False).encode())
            replace_file(path, _wav(found))
            path.chmod(0o600)  # somebody's voice is nobody else's
        except OSError as error:
            raise SpeakerError(f"cannot be written: {error.strerror}", where=str(path)) from error
        return speaker

    def listed(self) -> tuple[Speaker, ...]:
        """All of them, by name."""
        if not self.folder.is_dir():
            return ()
        names = sorted(path.stem for path in self.folder.glob("*.wav"))
        return tuple(self._told(name) for name in names if NAME.fullmatch(name))

    def remove(self, name: str) -> Speaker:
        """Take one away. Raises UsageError for a name that is not there, SpeakerError."""
        here = {speaker.name: speaker for speaker in self.listed()}
        if name not in here:
            raise UsageError(
                f"there is no recording {name}{did_you_mean(name, here)}", next_step="ttsd speakers list"
            )
        try:
            (self.folder / f"{name}.wav").unlink()
            self._note(name).unlink(missing_ok=True)
        except OSError as error:
            raise SpeakerError(f"cannot be removed: {error.strerror}", where=here[name].file) from error
        return here[name]

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _told(self, name: str) -> Speaker:
        file = str(self.folder / f"{name}.wav")
        try:
            with self._note(name).open("rb") as stream:
                told = json.loads(stream.read(LARGEST_NOTE))
            notes = tuple(str(note) for note in told.get("notes") or ())
            rate = _number(told.get("original_rate"))
            return Speaker(
                name,
                file,
                _number(told.get("seconds")),
                _number(told.get("level")),
                _number(told.get("noise")),
                None if rate is None else int(rate),
                _number(told.get("added_at")),
                notes,
            )
        except (OSError, ValueError, AttributeError, TypeError):  # somebody put the recording there
            return Speaker(name, file, None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _wav(found: Recording) -> bytes:
    import soundfile

    from ttsd.audio.recording import RATE

    stream = io.BytesIO()
    soundfile.write(stream, found.samples, RATE, format="WAV", subtype="PCM_16")
    return stream.getvalue()
