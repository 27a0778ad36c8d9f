"""eSpeak NG: a robot's voice in a hundred languages, hundreds of times faster than it speaks.

The package brings library and data; nothing of the system's is used. A sentence whose language is known
gets a voice of that language, whatever the default voice is. Word times come from the library.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines.adapters.espeak_voices import best_for, known_as, tag_of
from ttsd.engines.catalog import defaults
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice, WordTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request

USUAL = "en-us"
# From speak_lib.h, version 1.52.
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_CHARACTER, _UTF8, _WORD = 1, 1, 1
_RATE, _PITCH = 1, 3
_LONGEST_PATH = 140
"""Bytes; the library has room for 160, of which names of files below it need some."""


class _ListedVoice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # a byte of priority, the tag; more of them follow
        ("identifier", ctypes.c_char_p),
        ("rest", ctypes.c_ubyte * 4),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),  # 0 ends a list of them
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL
        self._rate = 0
        self._names: tuple[str, ...] = ()
        self._default = USUAL
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        try:
            import espeakng_loader as package
        except ImportError as error:
            raise EngineMissing(f"espeakng_loader cannot be imported: {error}") from error
        import numpy as np

        np.zeros(1)  # imported now rather than at the first sentence
        progress("loading its data")
        data = Path(package.get_data_path())
        try:
            self._library = library = ctypes.CDLL(package.get_library_path())
        except OSError as error:
            raise EngineMissing(f"its library cannot be loaded: {error}") from error
        library.espeak_Synth.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        )
        library.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_ListedVoice))
        self._rate = library.espeak_Initialize(_SYNCHRONOUS, 0, _short(data), _DONT_EXIT)
        if self._rate <= 0:
            raise EngineMissing(f"its data in {data} cannot be read", next_step="install it anew")
        self._names = tuple(_listed(library))
        self._default = known_as(setup.voice or USUAL, self._names, _variants(data))

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        names = dict.fromkeys((self._default, *self._names))
        return tuple(Voice(name, tag_of(name)) for name in names)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: the whole sentence at once, which takes a few milliseconds."""
        self._cancelled = False
        voice = request.voice or best_for(request.language, self._default, self._names)
        if voice is None:
            raise UnknownVoice(f"has no voice for the language {request.language}")
        options = {**defaults("espeak"), **request.options}
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UnknownVoice(f"has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, int(options["rate"]), 0)
        self._library.espeak_SetParameter(_PITCH, int(options["pitch"]), 0)
        text = request.text.replace("\0", " ")
        sound, places = self._spoken(text)
        if self._cancelled:
            raise EngineCancelled("cancelled")
        import numpy as np

        samples = np.frombuffer(sound, np.int16).astype(np.float32) / np.float32(32768)
        yield Chunk(samples, self._rate, _words(text, places, samples.size / self._rate), voice)

    def cancel(self) -> None:
        """See Adapter: the library stops at its next piece."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _spoken(self, text: str) -> tuple[bytes, list[tuple[int, int, float]]]:
        """The sound as s16 samples; of each word its place in the text, its length and its second."""
        sound = bytearray()
        places: list[tuple[int, int, float]] = []
        most = 2 * self._rate * (60 + len(text))  # the worker refuses what is as long as that

        def take(samples: Sequence[int], count: int, events: Sequence[_Event]) -> int:
            if samples and count > 0:
                sound.extend(ctypes.string_at(samples, 2 * count))  # type: ignore[arg-type]  # a pointer
            index = 0
            while (event := events[index]).type:
                if event.type == _WORD:
                    places.append((event.text_position - 1, event.length, event.audio_position / 1000))
                index += 1
            return int(self._cancelled or len(sound) > most)

        callback = _CALLBACK(take)
        self._library.espeak_SetSynthCallback(callback)
        data = text.encode("utf-8", "replace")
        fault = self._library.espeak_Synth(data, len(data) + 1, 0, _CHARACTER, 0, _UTF8, None, None)
        if fault:
            raise EngineRefused(f"its library failed with status {fault}")
        return bytes(sound), places


def _short(data: Path) -> bytes:
    """*data* by a path that the library can hold. Its end is cut off without a word otherwise."""
    if len(bytes(data)) > _LONGEST_PATH and sys.platform == "linux":
        return b"/proc/self/fd/%d" % os.open(
            data, os.O_RDONLY | os.O_DIRECTORY
        )  # open as long as the library
    return bytes(data)


def _listed(library: ctypes.CDLL) -> Iterator[str]:
    """Its voices, by the tag of their language."""
    listed = library.espeak_ListVoices(None)
    index = 0
    while listed[index]:
        yield ctypes.string_at(listed[index].contents.languages + 1).decode()
        index += 1


def _variants(data: Path) -> tuple[str, ...]:
    return tuple(file.name for file in (data / "voices" / "!v").iterdir())


def _words(text: str, places: Sequence[tuple[int, int, float]], total: float) -> tuple[WordTime, ...]:
    ends = [*(start for _, _, start in places[1:]), total]
    return tuple(
        WordTime(text[at : at + length], start, max(start, end))
        for (at, length, start), end in zip(places, ends, strict=False)
    )
