"""An output that plays on a PortAudio device: Windows, macOS, and Linux without a sound server.

Frames are written to PortAudio's own buffer, never from a Python callback: an idle stream then costs
nothing. PortAudio tells how much of its buffer is free; `played` follows from that and the latency.
Invariant: no wait is unbounded; a device that takes nothing is an OutputError.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from ttsd.audio.padding import Padding
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from ttsd.model import Samples, Spoken, Utterance

_STALLED = 5.0
"""Seconds without room in the buffer after which a device counts as gone."""
_ASLEEP = 4.0
"""Seconds without sound after which a device may have fallen asleep."""


class PortAudio:
    """The library, shared by the outputs of a process: its list of devices is as old as its start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams = 0

    def load(self) -> ModuleType:
        """The module sounddevice. Raises OutputError where PortAudio is not installed."""
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise OutputError(
                f"PortAudio cannot be loaded: {error}",
                where="portaudio",
                next_step="install it: apt install libportaudio2",
            ) from error
        module: ModuleType = sounddevice
        return module

    def find(self, name: str | None) -> dict[str, Any]:
        """What PortAudio tells of the output device of that name (None: the default one).

        A device that is not listed is looked for again, after a restart of PortAudio if nobody plays.
        """
        found = self._look(name)
        if found is None:
            self._refresh()
            found = self._look(name)
        if found is None:
            raise OutputError(
                f"there is no output device {name}" if name else "there is no output device",
                where=f"portaudio:{name or 'default'}",
                next_step=f"devices there now: {', '.join(self.names()) or 'none'}",
            )
        return found

    def names(self) -> tuple[str, ...]:
        """Output devices by name; the same name on several host APIs counts once."""
        devices = self.load().query_devices()
        return tuple(dict.fromkeys(str(d["name"]) for d in devices if d["max_output_channels"] > 0))

    def host(self, device: Mapping[str, Any]) -> str:
        """The name of the host API that a device belongs to."""
        return str(self.load().query_hostapis(device["hostapi"])["name"])

    def opened(self) -> None:
        """A stream was opened: the library must stay as it is."""
        with self._lock:
            self._streams += 1

    def closed(self) -> None:
        """A stream was closed."""
        with self._lock:
            self._streams -= 1

    def _look(self, name: str | None) -> dict[str, Any] | None:
        sounddevice = self.load()
        try:
            if name is None:
                return dict(sounddevice.query_devices(kind="output"))
            # A name may be there once for each host API; the default one's comes first.
            default = sounddevice.default.hostapi
            fitting = [
                dict(device)
                for device in sounddevice.query_devices()
                if device["name"] == name and device["max_output_channels"] > 0
            ]
            fitting.sort(key=lambda device: device["hostapi"] != default)
            return fitting[0] if fitting else None
        except (sounddevice.PortAudioError, ValueError):
            return None  # without any device there is no default one

    def _refresh(self) -> None:
        sounddevice = self.load()
        with self._lock:
            if not self._streams:
                # Private, but the documented way around PortAudio's frozen list of devices.
                sounddevice._terminate()
                sounddevice._initialize()


class PortAudioOutput:
    """See Output. One thread at a time."""

    live = True

    def __init__(
        self,
        device: str | None = None,
        *,
        library: PortAudio,
        rate: int | None = None,
        channels: int | None = None,
        latency: float = 0.04,
        lead_in: float = 0.0,
    ) -> None:
        """*device*: its name, None: the default; *rate*, *channels*: None: the device's own (at most 2);
        *latency*: seconds kept in the buffer; *lead_in*: seconds of silence to wake the device with."""
        self.name = f"portaudio:{device or 'default'}"
        self.rate = rate
        self._wanted_rate, self._wanted_channels = rate, channels
        self._device, self._library = device, library
        self._latency, self._lead_in = latency, lead_in
        self._description = f"PortAudio, {device or 'default device'} (not open)"
        self._stream: Any = None
        self._channels = 2
        self._capacity = 0
        self._beyond = 0.0
        self._forget()

    def _forget(self) -> None:
        self._written = self._told = 0
        self._padding = Padding()
        self._moved = (0, 0.0)
        self._wrote_at = float("-inf")

    def open(self) -> None:
        """See Output."""
        if self._stream is not None:
            return
        device = self._library.find(self._device)
        sounddevice = self._library.load()
        self.rate = self._wanted_rate or int(device["default_samplerate"])
        self._channels = self._wanted_channels or min(device["max_output_channels"], 2)
        self._library.opened()
        stream = None
        try:
            stream = sounddevice.OutputStream(
                device=device["index"],
                samplerate=self.rate,
                channels=self._channels,
                dtype="float32",
                latency=self._latency,
            )
            stream.start()
            self._capacity = stream.write_available
        except (sounddevice.PortAudioError, ValueError) as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            self._library.closed()
            raise self._failed("the device cannot be opened", error) from error
        self._stream = stream
        self._beyond = max(0.0, stream.latency - self._capacity / self.rate)
        self._forget()
        self._description = f"PortAudio, {device['name']}, {self.rate} Hz, {self._channels} channels"

    def describe(self) -> str:
        """See Output."""
        return self._description

    def begin(self, utterance: Utterance) -> None:
        """See Output."""
        del utterance

    def write(self, samples: Samples, rate: int) -> None:
        """See Output."""
        if rate != self.rate:
            raise OutputError(f"frames of {rate} Hz for a stream of {self.rate} Hz", where=self.name)
        import numpy as np

        if self._lead_in and time.monotonic() - self._wrote_at > _ASLEEP:
            self._pad(int(self._lead_in * rate))
        offset = 0
        while offset < len(samples):
            count = min(self._room(len(samples) - offset), len(samples) - offset)
            piece = np.asarray(samples[offset : offset + count], dtype=np.float32)
            self._push(np.repeat(piece[:, np.newaxis], self._channels, axis=1))
            offset += count
            self._written += count
        self._wrote_at = time.monotonic()

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        del spoken

    def rest(self) -> None:
        """See Output."""

    def written(self) -> int:
        """See Output."""
        return self._written

    def played(self) -> int:
        """See Output. After an error: what was heard up to then."""
        if self._stream is not None and self._told < self._written:
            self._told = max(self._told, min(self._heard(), self._written))
        return self._told

    def close(self) -> None:
        """See Output."""
        if self._stream is not None:
            # Errors of a device that has gone are no news.
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
            self._library.closed()
        self._stream = None

    # ---- while open

    def _available(self) -> int:
        if self._stream is None:
            raise OutputError("it is not open", where=self.name)
        try:
            return int(self._stream.write_available)
        except self._library.load().PortAudioError as error:
            raise self._lost(error) from error

    def _room(self, wanted: int) -> int:
        """Frames that the buffer takes now, at least one; waits for them."""
        wanted = max(1, min(wanted, self._capacity // 2))
        deadline = time.monotonic() + _STALLED
        while (room := self._available()) < wanted:
            if time.monotonic() > deadline:
                raise self._lost("it took no sound for some seconds")
            threading.Event().wait((wanted - room) / (self.rate or 1))
        return room

    def _push(self, frames: Any) -> None:
        try:
            self._stream.write(frames)  # tells of an underrun; between utterances that is normal
        except self._library.load().PortAudioError as error:
            raise self._lost(error) from error

    def _heard(self) -> int:
        """Frames heard, by what is left in the buffer."""
        left = self._capacity - self._available()
        passed = max(0, self._written + self._padding.total - left)
        now = time.monotonic()
        if passed != self._moved[0]:
            self._moved = (passed, now)
        still = now - self._moved[1]
        if left and still > 2 * self._latency:
            self._fill(left)
        # What has left the buffer is heard `_beyond` seconds later.
        passed -= int(max(0.0, self._beyond - still) * (self.rate or 0))
        return self._padding.heard(passed)

    def _fill(self, left: int) -> None:
        """A device may not start before its buffer is full: silence pushes a short word out."""
        self._pad(self._capacity - left)
        self._moved = (self._moved[0], time.monotonic())

    def _pad(self, frames: int) -> None:
        """Silence behind the last frame."""
        import numpy as np

        while frames > 0:
            count = min(self._room(frames), frames)
            self._push(np.zeros((count, self._channels), dtype=np.float32))
            self._padding.add(count, self._written)
            frames -= count

    def _lost(self, error: object) -> OutputError:
        self.close()
        return self._failed("the device has gone", error)

    def _failed(self, what: str, error: object) -> OutputError:
        return OutputError(
            f"{what}: {error}", where=self.name, next_step="speech goes on when it is there again"
        )
