"""An output that is the first of several that opens: what `auto` finds, or a device and its substitute.

Invariants: `describe` says which one it is. A better one that comes (back) is taken between utterances,
never within one. For `auto`, once a device has been used, files are no longer chosen: a sound server
that restarts makes speech wait, it does not send it to the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import BetterDevice, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.audio.output import Output
    from ttsd.clock import Clock
    from ttsd.model import Samples, Spoken, Utterance

_PROBE_SECONDS = 5.0
"""How often, at most, a machine without audio is asked whether it has some by now."""


class AutoOutput:
    """See Output."""

    def __init__(
        self,
        devices: Sequence[Output],
        files: Output,
        clock: Clock,
        *,
        name: str = "auto",
        faithful: bool = True,
        why: str = "no audio on this machine",
    ) -> None:
        """*devices* in the order they are tried; *files*: what is used when none of them opens;
        *faithful*: not left for *files* once one of them was used; *why*: told while *files* are used."""
        self.name = name
        self._faithful, self._why = faithful, why
        self.live = True
        self.rate: int | None = None
        self._devices, self._files, self._clock = tuple(devices), files, clock
        self._used: Output | None = None
        self._between = True
        self._probed_at = 0.0

    def open(self) -> None:
        """See Output."""
        if self._faithful and self._used is not None and self._used is not self._files:
            self._take(self._used)
            return
        self._probed_at = self._clock.monotonic()
        # In the middle of an utterance its file is finished first.
        device = self._first_device() if self._between else None
        self._take(device or self._files)

    def describe(self) -> str:
        """See Output."""
        if self._used is None:
            return " or ".join(output.describe() for output in (*self._devices, self._files))
        if self._used is self._files:
            return f"{self._why}: {self._files.describe()}"
        return self._used.describe()

    def begin(self, utterance: Utterance) -> None:
        """See Output."""
        self._between = False
        self._open_one().begin(utterance)

    def write(self, samples: Samples, rate: int) -> None:
        """See Output."""
        self._open_one().write(samples, rate)

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        self._open_one().end(spoken)
        self._between = True

    def rest(self) -> None:
        """See Output."""
        self._open_one().rest()

    def written(self) -> int:
        """See Output."""
        return self._used.written() if self._used else 0

    def played(self) -> int:
        """See Output. Raises BetterDevice between two utterances when there is one."""
        if self._used is None:
            return 0
        if self._used is self._files and self._between and self._due():
            device = self._first_device()
            if device is not None:
                device.close()
                raise BetterDevice("a better device is there by now", where=self.name)
        return self._used.played()

    def close(self) -> None:
        """See Output."""
        if self._used is not None:
            self._used.close()

    def _take(self, output: Output) -> None:
        output.open()
        self._used = output
        self.rate, self.live = output.rate, output.live

    def _open_one(self) -> Output:
        if self._used is None:
            raise OutputError("it is not open", where=self.name)
        return self._used

    def _due(self) -> bool:
        now = self._clock.monotonic()
        due = now - self._probed_at >= _PROBE_SECONDS
        if due:
            self._probed_at = now
        return due

    def _first_device(self) -> Output | None:
        """The first device that opens, open."""
        for device in self._devices:
            try:
                device.open()
            except OutputError:
                device.close()
                continue
            return device
        return None
