"""An output that plays on a PulseAudio or PipeWire sink.

Invariants
- Speech never lands on another sink than the one named: the stream refuses to be moved, and ends with
  an error when its sink goes. Only without a name does it follow the system's default.
- The stream stays open between utterances. That it runs dry then is normal: playing starts again with
  the next frame, and no frame is lost at either end.
- `played` is what left the device, by the server's own figures, not what was handed over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttsd.audio import libpulse
from ttsd.audio.padding import Padding
from ttsd.audio.pulse_client import PulseClient, Sink
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from ttsd.model import Samples, Spoken, Utterance

_STALLED = 5.0
"""Seconds without room in the buffer after which a sink counts as gone (it was suspended)."""
_FRESH = 0.004
"""Seconds for which the server's last figures are carried on instead of asking again."""


@dataclass(slots=True)
class _Heard:
    """What was heard when the server was last asked."""

    frames: int = 0
    at: float = 0.0
    running: bool = False


class PulseOutput:
    """See Output. One thread at a time."""

    live = True

    def __init__(
        self,
        sink: str | None = None,
        *,
        rate: int | None = None,
        channels: int | None = None,
        latency: float = 0.04,
        server: str | None = None,
    ) -> None:
        """*sink*: its name, None: the default; *rate*, *channels*: None: the sink's own (at most 2);
        *latency*: seconds kept in the buffers; *server*: address, None: the user's own."""
        self.name = f"pulse:{sink or 'default'}"
        self.rate = rate
        self._wanted_rate, self._wanted_channels = rate, channels
        self._sink_name, self._latency, self._server = sink, latency, server
        self._description = f"sound server, {'sink ' + sink if sink else 'default sink'} (not open)"
        self._client: PulseClient | None = None
        self._stream: Any = None
        self._channels = 2
        self._written = 0
        self._heard = _Heard()
        self._told = 0
        self._padding = Padding()
        self._block = 0
        """Frames that the server takes at a time; PipeWire waits for that many."""

    def open(self) -> None:
        """See Output."""
        if self._stream:
            return
        try:
            if self._client is None or not self._client.alive:
                self._hang_up()
                self._client = PulseClient(self._server)
            self._start(self._client, self._find(self._client))
        except OutputError:
            # A connection that still stands is kept: looking again for the sink is then cheap.
            self._drop_stream()
            if self._client is not None and not self._client.alive:
                self._hang_up()
            raise

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

        data = np.repeat(np.asarray(samples, dtype="<f4"), self._channels)
        offset = 0
        while offset < data.nbytes:
            size = min(self._room(), data.nbytes - offset)
            size -= size % (4 * self._channels)
            self._push(data.ctypes.data + offset, size)
            offset += size
            self._written += size // (4 * self._channels)
        self._send()

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        del spoken

    def written(self) -> int:
        """See Output."""
        return self._written

    def played(self) -> int:
        """See Output. After an error: what was heard up to then."""
        if self._stream and self._told < self._written:
            if time.monotonic() - self._heard.at > _FRESH:
                self._ask()
            since = time.monotonic() - self._heard.at if self._heard.running else 0.0
            heard = self._heard.frames + int(since * (self.rate or 0))
            self._told = max(self._told, min(heard, self._written))
        return self._told

    def close(self) -> None:
        """See Output."""
        self._drop_stream()
        self._hang_up()

    # ---- opening

    def _find(self, client: PulseClient) -> Sink:
        sink = client.sink(self._sink_name)
        if sink is not None:
            return sink
        if self._sink_name is None:
            raise OutputError("the sound server has no sink", where=self.name, next_step="pactl list sinks")
        names = ", ".join(sorted(sink.name for sink in client.sinks())) or "none"
        raise OutputError(
            f"there is no sink {self._sink_name}", where=self.name, next_step=f"sinks there now: {names}"
        )

    def _start(self, client: PulseClient, sink: Sink) -> None:
        pulse = client.pulse
        self.rate = self._wanted_rate or sink.rate
        self._channels = self._wanted_channels or min(sink.channels, 2)
        frame = 4 * self._channels
        spec = libpulse.SampleSpec(libpulse.SAMPLE_FLOAT32LE, self.rate, self._channels)
        channels = libpulse.ChannelMap()
        pulse.pa_channel_map_init_extend(channels, self._channels, libpulse.CHANNEL_MAP_WAVEEX)
        self._stream = pulse.pa_stream_new(client.context, b"Speech", spec, channels)
        if not self._stream:
            raise client.error("the sound server takes no such format")
        buffer = libpulse.BufferAttr(
            maxlength=libpulse.ANY_SIZE,
            tlength=int(self._latency * self.rate) * frame,
            # One frame starts it: the default, a full buffer, would keep back a short word for ever.
            prebuf=frame,
            minreq=libpulse.ANY_SIZE,
            fragsize=libpulse.ANY_SIZE,
        )
        named = self._sink_name is not None
        flags = libpulse.STREAM_ADJUST_LATENCY | (libpulse.STREAM_DONT_MOVE if named else 0)
        device = sink.name.encode() if named else None
        if pulse.pa_stream_connect_playback(self._stream, device, buffer, flags, None, None) < 0:
            raise client.error(f"sink {sink.name} cannot be opened")
        over = (libpulse.STREAM_READY, libpulse.STREAM_FAILED, libpulse.STREAM_TERMINATED)
        client.wait(
            lambda: pulse.pa_stream_get_state(self._stream) in over, f"sink {sink.name} does not answer"
        )
        if pulse.pa_stream_get_state(self._stream) != libpulse.STREAM_READY:
            raise client.error(f"sink {sink.name} cannot be opened")
        self._written, self._heard, self._told = 0, _Heard(), 0
        self._padding = Padding()
        self._block = pulse.pa_stream_get_buffer_attr(self._stream).contents.minreq // frame
        which = f"sink {sink.name}" if named else f"default sink ({sink.name} now)"
        self._description = f"{client.server()}, {which}, {self.rate} Hz, {self._channels} channels"

    # ---- while open

    def _opened(self) -> tuple[PulseClient, Any]:
        if self._client is None or not self._stream:
            raise OutputError("it is not open", where=self.name)
        return self._client, self._stream

    def _turn(self, timeout: float) -> bool:
        """One turn of the main loop; raises if the sink or the server has gone."""
        client, stream = self._opened()
        worked = client.turn(timeout)
        if not client.alive:
            raise self._lost("the sound server has gone")
        if client.pulse.pa_stream_get_state(stream) != libpulse.STREAM_READY:
            raise self._lost("the sink has gone")
        return worked

    def _room(self) -> int:
        """Bytes that the buffer takes now, at least a frame; waits for them."""
        deadline = time.monotonic() + _STALLED
        while True:
            client, stream = self._opened()
            room = int(client.pulse.pa_stream_writable_size(stream))
            if 4 * self._channels <= room < 1 << 32:  # the largest size_t stands for an error
                return room
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._lost(f"the sink took no sound for {_STALLED:g} s (is it suspended?)")
            self._turn(left)

    def _push(self, address: int, size: int) -> None:
        """Give *size* bytes at *address* to libpulse, which copies them."""
        client, stream = self._opened()
        if client.pulse.pa_stream_write(stream, address, size, None, 0, libpulse.SEEK_RELATIVE):
            raise self._lost("the sink refused sound")

    def _send(self) -> None:
        """Let what was pushed leave for the server now."""
        while self._turn(0):
            pass

    def _fill(self, frames: int) -> None:
        """Silence behind the last frame, so that it is played before more comes."""
        import numpy as np

        silence = np.zeros(frames * self._channels, dtype="<f4")
        self._push(silence.ctypes.data, silence.nbytes)
        self._padding.add(frames, self._written)
        self._send()

    def _ask(self) -> None:
        """Bring `_heard` up to date with the server's figures."""
        client, stream = self._opened()
        pulse = client.pulse
        self._turn(0)
        try:
            client.finish(
                pulse.pa_stream_update_timing_info(stream, None, None), "no answer about what was played"
            )
        except OutputError as error:
            raise self._lost(error.what) from error
        timing = pulse.pa_stream_get_timing_info(stream)
        if not timing:
            return
        frame, playing = 4 * self._channels, bool(timing.contents.playing)
        frames = self._padding.heard(_unheard_subtracted(timing.contents, self.rate or 1, frame))
        frames = min(max(frames, self._heard.frames), self._written)
        self._heard = _Heard(frames, time.monotonic(), playing)
        unread = self._written + self._padding.total - int(timing.contents.read_index) // frame
        if not playing and 0 < unread < self._block:
            self._fill(self._block - unread)

    def _lost(self, what: str) -> OutputError:
        client, _ = self._opened()
        reason = client.error(what).what
        self._drop_stream()
        if not client.alive:
            self._hang_up()
        return OutputError(reason, where=self.name, next_step="speech goes on when it is back")

    def _drop_stream(self) -> None:
        if self._stream and self._client is not None:
            self._client.pulse.pa_stream_disconnect(self._stream)
            self._client.pulse.pa_stream_unref(self._stream)
        self._stream = None

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def _unheard_subtracted(timing: Any, rate: int, frame: int) -> int:
    """Frames heard: what the sink has read, less what still lies in the device's buffer.

    The buffer always holds `sink_usec` of sound, but after our last frame that is silence: the server
    counts how much of it was read since. At a start it is likewise silence that lies before our frames.
    """
    device = timing.sink_usec * rate // 1_000_000
    since = max(timing.since_underrun, 0) // frame
    unheard = min(device, since) if timing.playing else max(device - since, 0)
    return int(timing.read_index) // frame - int(unheard)
