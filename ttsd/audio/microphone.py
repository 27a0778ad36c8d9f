"""How loud it is at a microphone: the peaks that the sound server measures, and nothing of what is said.

The server sends one number for every twenty-fifth of a second; no sound leaves it.
"""

from __future__ import annotations

import ctypes
import math
from ctypes import POINTER, c_int, c_size_t
from ctypes import c_void_p as handle
from typing import TYPE_CHECKING, Any

from ttsd.audio import libpulse
from ttsd.audio.libpulse import BufferAttr, SampleSpec
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from ttsd.audio.pulse_client import PulseClient

PEAKS_A_SECOND = 25
SILENCE = -120.0
"""dB of full scale that stand for no sound at all."""
_PEAK_DETECT = 0x800


class Microphone:
    """A source that is listened to. Close it before its client."""

    def __init__(self, client: PulseClient, name: str) -> None:
        """*name*: a source's, or `default`. Raises OutputError if there is none."""
        self.name = name
        self._client, self._pulse = client, _declared(client)
        if name != "default" and name not in client.sources():
            raise OutputError(
                f"there is no microphone {name}", where=name, next_step="pactl list short sources names them"
            )
        spec = SampleSpec(libpulse.SAMPLE_FLOAT32LE, PEAKS_A_SECOND, 1)
        self._stream = self._pulse.pa_stream_new(client.context, b"Level", spec, None)
        if not self._stream:
            raise client.error("the microphone cannot be listened to")
        try:
            self._connect()
        except OutputError:
            self.close()
            raise

    def _connect(self) -> None:
        every = libpulse.ANY_SIZE
        buffer = BufferAttr(maxlength=every, tlength=every, prebuf=every, minreq=every, fragsize=4)
        flags = _PEAK_DETECT | libpulse.STREAM_ADJUST_LATENCY
        flags |= 0 if self.name == "default" else libpulse.STREAM_DONT_MOVE
        device = None if self.name == "default" else self.name.encode()
        if self._pulse.pa_stream_connect_record(self._stream, device, buffer, flags) < 0:
            raise self._client.error("the microphone cannot be listened to")
        over = (libpulse.STREAM_READY, libpulse.STREAM_FAILED, libpulse.STREAM_TERMINATED)
        self._client.wait(lambda: self._state() in over, "the microphone does not answer")
        self.check()

    def _state(self) -> int:
        return int(self._pulse.pa_stream_get_state(self._stream))

    def check(self) -> None:
        """Raise OutputError if it has gone, as far as is known."""
        if not self._client.alive or self._state() != libpulse.STREAM_READY:
            raise OutputError("the microphone has gone", where=self.name)

    def loudest(self, timeout: float) -> float:
        """The loudest peak since the last call, in dB of full scale; waits up to *timeout* seconds for one."""
        self._client.turn(timeout)
        self.check()
        loudest = 0.0
        data, size = ctypes.c_void_p(), c_size_t()
        while True:
            self._pulse.pa_stream_peek(self._stream, ctypes.byref(data), ctypes.byref(size))
            if not size.value:
                break
            if data.value:  # else a hole
                count = size.value // 4
                peaks = ctypes.cast(data, POINTER(ctypes.c_float * count)).contents
                loudest = max(loudest, *(abs(peak) for peak in peaks)) if count else loudest
            self._pulse.pa_stream_drop(self._stream)
        return 20 * math.log10(loudest) if loudest > 10 ** (SILENCE / 20) else SILENCE

    def close(self) -> None:
        """Listen no more; idempotent."""
        if self._stream:
            self._pulse.pa_stream_disconnect(self._stream)
            self._pulse.pa_stream_unref(self._stream)
        self._stream = None


def _declared(client: PulseClient) -> Any:
    """The library, with what this module alone calls."""
    pulse = client.pulse
    pulse.pa_stream_connect_record.restype = c_int
    pulse.pa_stream_connect_record.argtypes = [handle, ctypes.c_char_p, POINTER(BufferAttr), c_int]
    pulse.pa_stream_peek.restype = c_int
    pulse.pa_stream_peek.argtypes = [handle, POINTER(ctypes.c_void_p), POINTER(c_size_t)]
    pulse.pa_stream_drop.restype, pulse.pa_stream_drop.argtypes = c_int, [handle]
    return pulse
