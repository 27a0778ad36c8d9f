"""An output that plays on a PulseAudio or PipeWire sink.

Invariants
- Speech never lands on another sink than the one named. Only without a name does it follow the
  system's default.
- The stream stays open between utterances. That it runs dry then is normal: no frame is lost at
  either end. When all was heard it rests, so that the sink may sleep.
- `played` is what left the device, by the server's own figures, not what was handed over.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ttsd.audio.padding import Padding
from ttsd.audio.pulse_client import PulseClient, Sink
from ttsd.audio.pulse_stream import Position, PulseStream
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from ttsd.model import Samples, Spoken, Utterance

_FRESH = 0.004
"""Seconds for which the server's last figures are carried on instead of asking again."""
_ASLEEP = 4.0
"""Seconds of rest after which a sink may have fallen asleep (both servers wait five)."""
_STUCK = 0.03
"""Seconds without a frame taken, and none played, after which a rest is taken to wait for more."""
_NOWHERE = Position(0, 0, playing=False)


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
        lead_in: float = 0.0,
        server: str | None = None,
    ) -> None:
        """*sink*: its name, None: the default; *rate*, *channels*: None: the sink's own (at most 2);
        *latency*: seconds kept in the buffers; *lead_in*: seconds of silence to wake the device with;
        *server*: address, None: the user's own."""
        self.name = f"pulse:{sink or 'default'}"
        self.rate = rate
        self._sink, self._server = sink, server
        self._wanted_rate, self._wanted_channels = rate, channels
        self._latency, self._lead_in = latency, lead_in
        self._description = f"sound server, {'sink ' + sink if sink else 'default sink'} (not open)"
        self._client: PulseClient | None = None
        self._stream: PulseStream | None = None
        self._forget()

    def _forget(self) -> None:
        self._written = self._told = 0
        self._padding = Padding()
        self._position, self._asked_at = _NOWHERE, 0.0
        self._pushed, self._moved_at = 0, 0.0
        self._rested_at = float("-inf")

    def open(self) -> None:
        """See Output."""
        if self._stream is not None:
            return
        try:
            if self._client is None or not self._client.alive:
                self._hang_up()
                self._client = PulseClient(self._server)
            self._start(self._client, self._find(self._client))
        except OutputError as error:
            raise self._lost(error) from error

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
        stream = self._opened()
        try:
            self._wake(stream)
            offset = 0
            while offset < len(samples):
                count = min(stream.room(), len(samples) - offset)
                stream.push(samples[offset : offset + count])
                offset += count
                self._written += count
            stream.send()
        except OutputError as error:
            raise self._lost(error) from error

    def end(self, spoken: Spoken) -> None:
        """See Output."""
        del spoken

    def rest(self) -> None:
        """See Output."""
        if self._stream is not None and self._told == self._written:
            try:
                self._stream.rest(True)
            except OutputError as error:
                raise self._lost(error) from error
            self._rested_at = time.monotonic()

    def written(self) -> int:
        """See Output."""
        return self._written

    def played(self) -> int:
        """See Output."""
        if self._stream is not None and self._told < self._written:
            if time.monotonic() - self._asked_at > _FRESH:
                try:
                    self._ask(self._stream)
                except OutputError as error:
                    raise self._lost(error) from error
            since = time.monotonic() - self._asked_at if self._position.playing else 0.0
            heard = self._padding.heard(self._position.heard + int(since * (self.rate or 0)))
            self._told = max(self._told, min(heard, self._written))
        return self._told

    def close(self) -> None:
        """See Output."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._hang_up()

    # ---- the stream's life

    def _find(self, client: PulseClient) -> Sink:
        sink = client.sink(self._sink)
        if sink is not None:
            return sink
        if self._sink is None:
            raise OutputError("the sound server has no sink", next_step="pactl list short sinks")
        names = ", ".join(sorted(sink.name for sink in client.sinks())) or "none"
        raise OutputError(f"there is no sink {self._sink}", next_step=f"sinks there now: {names}")

    def _start(self, client: PulseClient, sink: Sink) -> None:
        self.rate = self._wanted_rate or sink.rate
        named = self._sink is not None
        self._stream = PulseStream(
            client,
            sink,
            bound=named,
            rate=self.rate,
            channels=self._wanted_channels or min(sink.channels, 2),
            latency=self._latency,
        )
        self._forget()
        which = f"sink {sink.name}" if named else f"default sink ({sink.name} now)"
        self._description = (
            f"{client.server().name}, {which}, {self.rate} Hz, {self._stream.channels} channels"
        )

    def _opened(self) -> PulseStream:
        if self._stream is None:
            raise OutputError("it is not open", where=self.name)
        return self._stream

    def _lost(self, error: OutputError) -> OutputError:
        """Give up the stream; a connection that stands is kept: looking for the sink is then cheap."""
        step = error.next_step
        if self._stream is not None:
            self._stream.close()
            step = "speech goes on when it is back"
        self._stream = None
        if self._client is not None and not self._client.alive:
            self._hang_up()
        return OutputError(error.what, where=self.name, next_step=step)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    # ---- while open

    def _wake(self, stream: PulseStream) -> None:
        stream.rest(False)
        if self._lead_in and time.monotonic() - self._rested_at > _ASLEEP and self._told == self._written:
            self._pad(stream, int(self._lead_in * (self.rate or 0)))
        self._rested_at = float("inf")

    def _ask(self, stream: PulseStream) -> None:
        before, self._position, self._asked_at = self._position, stream.position(), time.monotonic()
        pushed = self._written + self._padding.total
        unread = pushed - self._position.read
        if (pushed, self._position.read) != (self._pushed, before.read):
            self._pushed, self._moved_at = pushed, self._asked_at
        if self._position.playing or unread <= 0:
            return
        # PipeWire plays whole blocks: a rest waits for more. Its block may be larger than it told.
        if unread < stream.block:
            self._pad(stream, min(stream.block - unread, stream.free()))
        elif self._asked_at - self._moved_at > _STUCK:
            self._pad(stream, min(unread, stream.free()))

    def _pad(self, stream: PulseStream, frames: int) -> None:
        """Silence behind the last frame: it wakes a device, and pushes a short block out of PipeWire."""
        import numpy as np

        while frames > 0:
            count = min(stream.room(), frames)
            stream.push(np.zeros(count, dtype=np.float32))
            self._padding.add(count, self._written)
            frames -= count
        stream.send()
