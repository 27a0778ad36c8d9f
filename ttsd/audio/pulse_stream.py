"""One playback stream on a sound server, in frames: room, writing, resting, and how far it has played.

Invariants: a stream that was bound to a sink is never moved to another one; it ends with an error when
its sink goes. Every frame pushed counts in `position`, silence included. After an OutputError the
stream is of no use any more; closing it is all that is left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ttsd.audio import libpulse
from ttsd.errors import OutputError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ttsd.audio.pulse_client import PulseClient, Sink
    from ttsd.model import Samples

_STALLED = 5.0
"""Seconds without room in the buffer after which a sink counts as gone (it was suspended)."""


@frozen
class Position:
    """How far a stream has come."""

    heard: int
    """Frames that left the device."""
    read: int
    """Frames that the server took out of the stream's buffer; what is between is in the device's."""
    playing: bool
    """Whether the server finds frames to play."""


class PulseStream:
    """A stream that takes mono frames and plays them on all of its channels."""

    def __init__(
        self, client: PulseClient, sink: Sink, *, bound: bool, rate: int, channels: int, latency: float
    ) -> None:
        """*bound*: only ever on this *sink*, else wherever the default is; *latency*: seconds of buffer."""
        self.rate, self.channels = rate, channels
        self._client, self._pulse = client, client.pulse
        self._frame = 4 * channels
        self._corked = False
        spec = libpulse.SampleSpec(libpulse.SAMPLE_FLOAT32LE, rate, channels)
        places = libpulse.ChannelMap()
        self._pulse.pa_channel_map_init_extend(places, channels, libpulse.CHANNEL_MAP_WAVEEX)
        self._stream: Any = self._pulse.pa_stream_new(client.context, b"Speech", spec, places)
        if not self._stream:
            raise client.error("the sound server takes no such format")
        try:
            self._connect(sink, bound, int(latency * rate) * self._frame)
        except OutputError:
            self.close()
            raise
        attributes = self._pulse.pa_stream_get_buffer_attr(self._stream).contents
        self.block = int(attributes.minreq) // self._frame
        """Frames that the server takes at a time. PipeWire waits for that many, PulseAudio does not."""

    def _connect(self, sink: Sink, bound: bool, size: int) -> None:
        buffer = libpulse.BufferAttr(
            maxlength=libpulse.ANY_SIZE,
            tlength=size,
            # One frame starts it: the default, a full buffer, would keep back a short word for ever.
            prebuf=self._frame,
            minreq=libpulse.ANY_SIZE,
            fragsize=libpulse.ANY_SIZE,
        )
        flags = libpulse.STREAM_ADJUST_LATENCY | (libpulse.STREAM_DONT_MOVE if bound else 0)
        device = sink.name.encode() if bound else None
        if self._pulse.pa_stream_connect_playback(self._stream, device, buffer, flags, None, None) < 0:
            raise self._client.error(f"sink {sink.name} cannot be opened")
        over = (libpulse.STREAM_READY, libpulse.STREAM_FAILED, libpulse.STREAM_TERMINATED)
        self._client.wait(lambda: self._state() in over, f"sink {sink.name} does not answer")
        if self._state() != libpulse.STREAM_READY:
            raise self._client.error(f"sink {sink.name} cannot be opened")

    def _state(self) -> int:
        return int(self._pulse.pa_stream_get_state(self._stream)) if self._stream else 0

    def check(self) -> None:
        """Raise OutputError if the sink or the server has gone, as far as is known without asking."""
        if not self._client.alive:
            raise self._client.error("the sound server has gone")
        if self._state() != libpulse.STREAM_READY:
            raise self._client.error("the sink has gone")

    def free(self) -> int:
        """Frames that the buffer takes now."""
        self.check()
        size = int(self._pulse.pa_stream_writable_size(self._stream))
        return size // self._frame if size < 1 << 32 else 0  # the largest size_t stands for an error

    def room(self) -> int:
        """Frames that the buffer takes now, at least one; waits for them."""
        deadline = time.monotonic() + _STALLED
        while not (free := self.free()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._client.error(f"the sink took no sound for {_STALLED:g} s (is it suspended?)")
            self._client.turn(left)
        return free

    def push(self, samples: Samples) -> None:
        """Give frames to libpulse, which copies them; `send` lets them go."""
        import numpy as np

        data: NDArray[np.float32] = np.repeat(np.asarray(samples, dtype="<f4"), self.channels)
        if self._pulse.pa_stream_write(
            self._stream, data.ctypes.data, data.nbytes, None, 0, libpulse.SEEK_RELATIVE
        ):
            raise self._client.error("the sink refused sound")

    def send(self) -> None:
        """Let what was asked for leave for the server now, and hear what it has to say."""
        while self._client.turn(0):
            pass
        self.check()

    def rest(self, corked: bool) -> None:
        """Let the sink sleep while there is nothing to play, or wake it. Costs no round trip."""
        if corked == self._corked:
            return
        operation = self._pulse.pa_stream_cork(self._stream, int(corked), None, None)
        if not operation:
            raise self._client.error("the sink cannot be paused")
        self._pulse.pa_operation_unref(operation)
        self._corked = corked
        self.send()

    def position(self) -> Position:
        """Ask the server how far it has played; a round trip of about 0.1 ms."""
        self.send()
        self._client.finish(
            self._pulse.pa_stream_update_timing_info(self._stream, None, None),
            "no answer about what was played",
        )
        timing = self._pulse.pa_stream_get_timing_info(self._stream)
        if not timing:
            return Position(0, 0, playing=False)
        info = timing.contents
        read = int(info.read_index) // self._frame
        # The device always holds `sink_usec` of sound; behind our last frame that is silence, and the
        # server counts how much of it went by. At a start it is likewise silence that lies before ours.
        device = int(info.sink_usec) * self.rate // 1_000_000
        since = max(int(info.since_underrun), 0) // self._frame
        unheard = min(device, since) if info.playing else max(device - since, 0)
        return Position(max(read - unheard, 0), read, playing=bool(info.playing))

    def close(self) -> None:
        """End it at once; idempotent."""
        if self._stream:
            self._pulse.pa_stream_disconnect(self._stream)
            self._pulse.pa_stream_unref(self._stream)
        self._stream = None
