"""libpulse through ctypes: the few functions, structures and numbers of its C interface that ttsd uses.

Nothing but declarations: what they are used for is in `pulse_client.py`. libpulse is what PulseAudio
and PipeWire both speak with; it is loaded on the first call of `load`, never by an import.
"""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
)
from ctypes import c_void_p as handle
from typing import Any

from ttsd.errors import OutputError

CONTEXT_READY, CONTEXT_FAILED, CONTEXT_TERMINATED = 4, 5, 6
CONTEXT_NO_AUTOSPAWN = 0x1
STREAM_READY, STREAM_FAILED, STREAM_TERMINATED = 2, 3, 4
STREAM_DONT_MOVE = 0x200
STREAM_ADJUST_LATENCY = 0x2000
OPERATION_RUNNING, OPERATION_DONE = 0, 1
SAMPLE_FLOAT32LE = 5
CHANNEL_MAP_WAVEEX = 3
SEEK_RELATIVE = 0
MOST_CHANNELS = 32
ANY_SIZE = 0xFFFFFFFF
"""In a buffer attribute: the server decides."""
NO_INDEX = 0xFFFFFFFF


class SampleSpec(Structure):
    """pa_sample_spec"""

    _fields_ = [("format", c_int), ("rate", c_uint32), ("channels", c_uint8)]


class ChannelMap(Structure):
    """pa_channel_map"""

    _fields_ = [("channels", c_uint8), ("map", c_int * MOST_CHANNELS)]


class BufferAttr(Structure):
    """pa_buffer_attr; all in bytes."""

    _fields_ = [
        ("maxlength", c_uint32),
        ("tlength", c_uint32),
        ("prebuf", c_uint32),
        ("minreq", c_uint32),
        ("fragsize", c_uint32),
    ]


class TimingInfo(Structure):
    """pa_timing_info; the indices count bytes of the stream's own format."""

    _fields_ = [
        ("timestamp_seconds", ctypes.c_long),
        ("timestamp_micros", ctypes.c_long),
        ("synchronized_clocks", c_int),
        ("sink_usec", c_uint64),
        ("source_usec", c_uint64),
        ("transport_usec", c_uint64),
        ("playing", c_int),
        ("write_index_corrupt", c_int),
        ("write_index", c_int64),
        ("read_index_corrupt", c_int),
        ("read_index", c_int64),
        ("configured_sink_usec", c_uint64),
        ("configured_source_usec", c_uint64),
        ("since_underrun", c_int64),
    ]


class DeviceInfo(Structure):
    """pa_sink_info and pa_source_info, as far as they are read here; so far they are alike."""

    _fields_ = [
        ("name", c_char_p),
        ("index", c_uint32),
        ("description", c_char_p),
        ("sample_spec", SampleSpec),
        ("channel_map", ChannelMap),
        ("owner_module", c_uint32),
    ]


class ModuleInfo(Structure):
    """pa_module_info, as far as it is read here."""

    _fields_ = [("index", c_uint32), ("name", c_char_p), ("argument", c_char_p)]


class ServerInfo(Structure):
    """pa_server_info, as far as it is read here."""

    _fields_ = [
        ("user_name", c_char_p),
        ("host_name", c_char_p),
        ("server_version", c_char_p),
        ("server_name", c_char_p),
        ("sample_spec", SampleSpec),
        ("default_sink_name", c_char_p),
        ("default_source_name", c_char_p),
    ]


DeviceInfoCallback = CFUNCTYPE(None, handle, POINTER(DeviceInfo), c_int, handle)
IndexCallback = CFUNCTYPE(None, handle, c_uint32, handle)
ModuleInfoCallback = CFUNCTYPE(None, handle, POINTER(ModuleInfo), c_int, handle)
ServerInfoCallback = CFUNCTYPE(None, handle, POINTER(ServerInfo), handle)

_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "pa_channel_map_init_extend": (handle, [POINTER(ChannelMap), c_uint32, c_int]),
    "pa_context_connect": (c_int, [handle, c_char_p, c_int, handle]),
    "pa_context_disconnect": (None, [handle]),
    "pa_context_errno": (c_int, [handle]),
    "pa_context_get_server_info": (handle, [handle, ServerInfoCallback, handle]),
    "pa_context_get_module_info_list": (handle, [handle, ModuleInfoCallback, handle]),
    "pa_context_get_sink_info_by_name": (handle, [handle, c_char_p, DeviceInfoCallback, handle]),
    "pa_context_get_sink_info_list": (handle, [handle, DeviceInfoCallback, handle]),
    "pa_context_get_source_info_list": (handle, [handle, DeviceInfoCallback, handle]),
    "pa_context_get_state": (c_int, [handle]),
    "pa_context_load_module": (handle, [handle, c_char_p, c_char_p, IndexCallback, handle]),
    "pa_context_new_with_proplist": (handle, [handle, c_char_p, handle]),
    "pa_context_set_default_sink": (handle, [handle, c_char_p, handle, handle]),
    "pa_context_unload_module": (handle, [handle, c_uint32, handle, handle]),
    "pa_context_unref": (None, [handle]),
    "pa_mainloop_dispatch": (c_int, [handle]),
    "pa_mainloop_free": (None, [handle]),
    "pa_mainloop_get_api": (handle, [handle]),
    "pa_mainloop_new": (handle, []),
    "pa_mainloop_poll": (c_int, [handle]),
    "pa_mainloop_prepare": (c_int, [handle, c_int]),
    "pa_operation_cancel": (None, [handle]),
    "pa_operation_get_state": (c_int, [handle]),
    "pa_operation_unref": (None, [handle]),
    "pa_proplist_free": (None, [handle]),
    "pa_proplist_new": (handle, []),
    "pa_proplist_sets": (c_int, [handle, c_char_p, c_char_p]),
    "pa_stream_cork": (handle, [handle, c_int, handle, handle]),
    "pa_stream_connect_playback": (
        c_int,
        [handle, c_char_p, POINTER(BufferAttr), c_int, handle, handle],
    ),
    "pa_stream_disconnect": (c_int, [handle]),
    "pa_stream_get_buffer_attr": (POINTER(BufferAttr), [handle]),
    "pa_stream_get_state": (c_int, [handle]),
    "pa_stream_get_timing_info": (POINTER(TimingInfo), [handle]),
    "pa_stream_new": (handle, [handle, c_char_p, POINTER(SampleSpec), POINTER(ChannelMap)]),
    "pa_stream_unref": (None, [handle]),
    "pa_stream_update_timing_info": (handle, [handle, handle, handle]),
    "pa_stream_writable_size": (c_size_t, [handle]),
    "pa_stream_write": (c_int, [handle, handle, c_size_t, handle, c_int64, c_int]),
    "pa_strerror": (c_char_p, [c_int]),
}


def load() -> Any:
    """The library, its functions declared. Raises OutputError where it is not installed.

    Its functions give the GIL away while they run, so a blocking poll stops nobody.
    """
    try:
        library = ctypes.CDLL("libpulse.so.0")
    except OSError as error:
        raise OutputError(
            "the PulseAudio client library is missing",
            where="libpulse.so.0",
            next_step="install it: apt install libpulse0",
        ) from error
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
