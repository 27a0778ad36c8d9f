"""An output that keeps each complete utterance as a WAV file, as fast as it is synthesised.

Invariants
- A file named NNNNNN.wav is complete and durable: it is written under a hidden name and renamed when
  the utterance was spoken to its end. What was skipped or cut leaves nothing.
- `spoken.jsonl` names only WAVs that are there: it is written after the rename. A crash between the
  two leaves at most one WAV that is not listed.
- The newest `keep` WAVs are kept, older ones removed.
"""

from __future__ import annotations

import os
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.audio.spoken_log import SpokenLog, sync_folder
from ttsd.errors import OutputError
from ttsd.model import State

if TYPE_CHECKING:
    import soundfile

    from ttsd.model import Samples, Spoken, Utterance

LISTING = "spoken.jsonl"
_NAMED = re.compile(r"(\d{6,})\.wav")
_PART = re.compile(r"\.\d{6,}\.wav\.part")


class FileOutput:
    """See Output. It is never waited for: what is written counts as played."""

    live = False

    def __init__(
        self,
        folder: Path,
        *,
        rate: int | None = None,
        channels: int = 1,
        subtype: str = "PCM_16",
        keep: int = 2000,
    ) -> None:
        """*folder*: made when opened; *rate*: None: the chunks' own; *subtype*: PCM_16, PCM_24 or FLOAT;
        *keep*: number of WAVs kept."""
        self.folder = folder
        self.name = f"file:{folder.name or folder}"
        self.rate = rate
        self._channels, self._subtype, self._keep = channels, subtype, keep
        self._log = SpokenLog(folder / LISTING)
        self._numbers: deque[int] = deque()
        self._open = False
        self._written = 0
        self._utterance: Utterance | None = None
        self._number = 1
        self._file: soundfile.SoundFile | None = None
        # Of the utterance's own file; it outlives the loss of the disk.
        self._frames = 0
        self._file_rate = 0
        self._kept: tuple[str | None, float] | None = None
        """Name and seconds of a file that has its name, and is not listed yet."""

    def open(self) -> None:
        """See Output. An utterance that was under way when the disk failed goes on where it stopped."""
        if self._open:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = [entry.name for entry in self.folder.iterdir()]
            self._numbers = deque(
                sorted(int(match[1]) for name in names if (match := _NAMED.fullmatch(name)))
            )
            for name in names:
                if _PART.fullmatch(name) and not (self._frames and name == self._part.name):
                    (self.folder / name).unlink(missing_ok=True)
            self._trim()
        except OSError as error:
            raise self._failed(error) from error
        if self._frames and self._part.exists():
            self._go_on()
        elif self._file is None:
            self._frames = 0  # somebody emptied the folder: what follows begins a new file
        self._written = 0
        self._open = True

    def describe(self) -> str:
        """See Output."""
        rate = f"{self.rate} Hz" if self.rate else "the engine's rate"
        return f"WAV files in {self.folder}, {rate}, {self._subtype}, the newest {self._keep}"

    def begin(self, utterance: Utterance) -> None:
        """See Output."""
        self._discard()
        self._utterance = utterance

    def write(self, samples: Samples, rate: int) -> None:
        """See Output."""
        if not self._open or self._utterance is None:
            raise OutputError("frames without an utterance they belong to", where=self.name)
        if self._file is None:
            self._create(rate)
        if rate != self._file_rate or self._file is None:
            raise OutputError(f"frames of {rate} Hz in a file of {self._file_rate} Hz", where=self.name)
        if self._channels > 1:
            import numpy as np

            samples = np.repeat(samples[:, np.newaxis], self._channels, axis=1)
        try:
            self._file.write(samples)
        except RuntimeError as error:  # soundfile's only kind
            raise self._failed(error) from error
        self._frames += len(samples)
        self._written += len(samples)

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        if spoken.state is not State.SPOKEN:
            self._discard()
            return
        if self._utterance is None or self._utterance.id != spoken.id:
            return
        try:
            self._kept = self._kept or self._publish()
            self._trim()
            self._log.append(spoken, *self._kept)
        except (OSError, RuntimeError) as error:
            raise self._failed(error) from error
        self._utterance = self._kept = None

    def rest(self) -> None:
        """See Output."""

    def written(self) -> int:
        """See Output."""
        return self._written

    def played(self) -> int:
        """See Output."""
        return self._written

    def close(self) -> None:
        """See Output. The part of an utterance under way stays until the folder is opened again."""
        self._open = False
        if self._file is not None:
            self._shut(self._file)
            self._file = None

    # ---- the utterance's file

    @property
    def _part(self) -> Path:
        return self.folder / f".{self._number:06}.wav.part"

    def _create(self, rate: int) -> None:
        import soundfile

        self._number = self._numbers[-1] + 1 if self._numbers else 1
        while (self.folder / f"{self._number:06}.wav").exists():  # of another ttsd in the same folder
            self._number += 1
        self._frames, self._file_rate = 0, rate
        try:
            self._file = soundfile.SoundFile(
                self._part, "w", samplerate=rate, channels=self._channels, subtype=self._subtype, format="WAV"
            )
        except (OSError, RuntimeError) as error:
            raise self._failed(error) from error

    def _go_on(self) -> None:
        """Open the part again and continue behind the last frame that was accepted."""
        import soundfile

        try:
            self._file = soundfile.SoundFile(self._part, "r+")
            self._file.truncate(self._frames)
            self._file.seek(self._frames)
        except (OSError, RuntimeError) as error:
            raise self._failed(error) from error

    def _publish(self) -> tuple[str | None, float]:
        """Give the utterance's file its name, durably. Returns name and seconds; no sound: (None, 0)."""
        if self._file is None:
            return None, 0.0
        part, final = self._part, self.folder / f"{self._number:06}.wav"
        self._file.close()
        with part.open("r+b") as written:
            os.fsync(written.fileno())
        part.rename(final)
        sync_folder(self.folder)
        self._numbers.append(self._number)
        seconds = self._frames / self._file_rate
        self._file, self._frames = None, 0
        return final.name, seconds

    def _discard(self) -> None:
        file, part = self._file, self._part
        self._file, self._frames, self._utterance, self._kept = None, 0, None, None
        if file is not None:
            self._shut(file)
            try:
                part.unlink(missing_ok=True)
            except OSError as error:
                raise self._failed(error) from error

    def _shut(self, file: soundfile.SoundFile) -> None:
        try:
            file.close()
        except RuntimeError:
            pass  # a full disk: the part is incomplete anyway, and is written on or removed

    def _trim(self) -> None:
        while len(self._numbers) > self._keep:
            (self.folder / f"{self._numbers.popleft():06}.wav").unlink(missing_ok=True)

    def _failed(self, error: Exception) -> OutputError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return OutputError(
            f"the sound cannot be kept: {reason}",
            where=str(self.folder),
            next_step="make room, or give ttsd the right to write there",
        )
