"""What other programs play on a sound server, and how loud: listed, lowered, brought back.

Invariants: ttsd's own streams, and streams of the server itself (loopbacks, which may carry ttsd's voice),
are never touched. What is lowered comes back to what it was, unless somebody has moved it meanwhile: then
it stays where they put it.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_uint8, c_uint32, c_uint64
from ctypes import c_void_p as handle
from typing import TYPE_CHECKING, Any

from ttsd.audio.libpulse import MOST_CHANNELS, NO_INDEX, ChannelMap, SampleSpec
from ttsd.audio.pulse_client import text
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ttsd.audio.pulse_client import PulseClient

OURS = "ttsd"


class _Volume(Structure):
    """pa_cvolume"""

    _fields_ = [("channels", c_uint8), ("values", c_uint32 * MOST_CHANNELS)]


class _SinkInput(Structure):
    """pa_sink_input_info, as far as it is read here"""

    _fields_ = [
        ("index", c_uint32),
        ("name", c_char_p),
        ("owner_module", c_uint32),
        ("client", c_uint32),
        ("sink", c_uint32),
        ("sample_spec", SampleSpec),
        ("channel_map", ChannelMap),
        ("volume", _Volume),
        ("buffer_usec", c_uint64),
        ("sink_usec", c_uint64),
        ("resample_method", c_char_p),
        ("driver", c_char_p),
        ("mute", c_int),
        ("proplist", handle),
        ("corked", c_int),
        ("has_volume", c_int),
        ("volume_writable", c_int),
    ]


_SinkInputCallback = CFUNCTYPE(None, handle, POINTER(_SinkInput), c_int, handle)


@frozen
class Program:
    """A stream that some program plays."""

    index: int
    """While the stream lives."""
    name: str
    """The program's."""
    volume: tuple[int, ...]
    """Of each channel, in the server's units (65536 is unchanged)."""


@frozen
class Lowered:
    """A stream that was lowered."""

    before: Program
    after: tuple[int, ...]
    """Its volume since then."""


def programs(client: PulseClient) -> tuple[Program, ...]:
    """The streams of other programs whose volume can be set. Raises OutputError."""
    found: list[Program] = []
    pulse = _declared(client)

    def tell(_context: Any, info: Any, end: int, _data: Any) -> None:
        if end or not info:
            return
        stream = info.contents
        name = text(pulse.pa_proplist_gets(stream.proplist, b"application.name"))
        if (
            stream.client != NO_INDEX
            and name not in ("", OURS)
            and stream.has_volume
            and stream.volume_writable
        ):
            volume = tuple(stream.volume.values[: stream.volume.channels])
            found.append(Program(stream.index, name, volume))

    callback = _SinkInputCallback(tell)
    operation = pulse.pa_context_get_sink_input_info_list(client.context, callback, None)
    client.finish(operation, "no answer about what others play")
    return tuple(found)


def to_lower(
    client: PulseClient, level: int, spare: Collection[str], known: Iterable[Lowered]
) -> list[Lowered]:
    """What is not among *known* and would be at *level* per cent of its volume. Raises OutputError.

    A stream at nothing is left for the next look: PipeWire tells of a stream before it knows its volume.
    """
    done = {low.before.index for low in known}
    return [
        Lowered(program, tuple(value * level // 100 for value in program.volume))
        for program in programs(client)
        if program.index not in done and program.name not in spare and any(program.volume)
    ]


def lower(client: PulseClient, lowered: Iterable[Lowered]) -> None:
    """Do it. Raises OutputError."""
    for low in lowered:
        _set(client, low.before.index, low.after)


def bring_back(client: PulseClient, lowered: Iterable[Lowered]) -> None:
    """Undo it. Raises OutputError."""
    now = {program.index: program for program in programs(client)}
    for low in lowered:
        there = now.get(low.before.index)
        if there is not None and (there.name, there.volume) == (low.before.name, low.after):
            _set(client, low.before.index, low.before.volume)


def _set(client: PulseClient, index: int, volume: tuple[int, ...]) -> None:
    """Of a stream that may have ended."""
    wanted = _Volume(len(volume))
    wanted.values[: len(volume)] = volume
    operation = _declared(client).pa_context_set_sink_input_volume(
        client.context, index, ctypes.byref(wanted), None, None
    )
    client.finish(operation, "a volume cannot be set")


def _declared(client: PulseClient) -> Any:
    """The library, with what this module alone calls."""
    pulse = client.pulse
    pulse.pa_proplist_gets.restype, pulse.pa_proplist_gets.argtypes = c_char_p, [handle, c_char_p]
    listing, setting = pulse.pa_context_get_sink_input_info_list, pulse.pa_context_set_sink_input_volume
    listing.restype, listing.argtypes = handle, [handle, _SinkInputCallback, handle]
    setting.restype, setting.argtypes = handle, [handle, c_uint32, handle, handle, handle]
    return pulse
